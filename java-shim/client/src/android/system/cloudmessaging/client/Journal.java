// SPDX-License-Identifier: Apache-2.0
package android.system.cloudmessaging.client;

import android.util.Log;
import java.io.File;
import java.io.FileOutputStream;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.HashMap;
import java.util.Map;
import java.util.UUID;

/**
 * The entries, one small file for each message, by its id. What was put is on the disk when put returns: the file is synced,
 * renamed, and its folder synced, without which a power cut could bring the one before back. (AtomicFile does not sync the
 * folder, and SQLite would be a database for a handful of lines.)
 */
final class Journal {
    private static final String TAG = "CloudMessaging";
    private static final String NEW = ".new";

    private final File mFolder;
    private final Map<UUID, Entry> mEntries = new HashMap<>();

    /** @param folder of the library's own; in storage that no backup takes: an entry of another phone's says nothing */
    Journal(File folder) {
        mFolder = folder;
    }

    /** Reads what there is; before anything else. */
    void open() throws IOException {
        Files.createDirectories(mFolder.toPath());
        sync(mFolder.getParentFile());
        File[] files = mFolder.listFiles();
        if (files == null) {
            throw new IOException("the journal's folder cannot be read");
        }
        for (File file : files) {
            if (file.getName().endsWith(NEW)) {
                // It was not put.
                Files.delete(file.toPath());
            } else {
                mEntries.put(UUID.fromString(file.getName()), read(file));
            }
        }
    }

    private static Entry read(File file) {
        try {
            return Entry.read(Files.readString(file.toPath()));
        } catch (IOException e) {
            Log.w(TAG, "an entry cannot be read: whether that message was sent is asked", e);
            return Entry.DAMAGED;
        }
    }

    Entry get(UUID id) {
        return mEntries.get(id);
    }

    Map<UUID, Entry> all() {
        return Map.copyOf(mEntries);
    }

    void put(UUID id, Entry entry) throws IOException {
        File written = new File(mFolder, id + NEW);
        try (FileOutputStream out = new FileOutputStream(written)) {
            out.write(entry.write().getBytes(StandardCharsets.US_ASCII));
            out.getFD().sync();
        }
        Files.move(written.toPath(), file(id).toPath(), StandardCopyOption.ATOMIC_MOVE);
        sync(mFolder);
        mEntries.put(id, entry);
    }

    /** Not synced: one that comes back is of a message that is over, and is removed again. */
    void remove(UUID id) throws IOException {
        if (mEntries.remove(id) != null) {
            Files.deleteIfExists(file(id).toPath());
        }
    }

    private File file(UUID id) {
        return new File(mFolder, id.toString());
    }

    private static void sync(File folder) throws IOException {
        try (FileChannel opened = FileChannel.open(folder.toPath(), StandardOpenOption.READ)) {
            opened.force(true);
        }
    }
}
