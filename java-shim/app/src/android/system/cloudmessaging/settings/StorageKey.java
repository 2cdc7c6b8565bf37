// SPDX-License-Identifier: Apache-2.0
package android.system.cloudmessaging.settings;

import android.content.Context;
import android.system.cloudmessaging.ICloudMessagingPlatform;
import java.io.File;
import java.io.FileOutputStream;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.security.SecureRandom;

/**
 * What opens a user's messages and keys. It is made once and lies in the user's credential-encrypted storage: nobody has it
 * before the user has unlocked.
 */
final class StorageKey {
    private static final String NAME = "storage_key";

    private StorageKey() {}

    /** Of the user that this process runs as; made if there is none. */
    static byte[] of(Context context) throws IOException {
        File folder = context.createCredentialProtectedStorageContext().getNoBackupFilesDir();
        File file = new File(folder, NAME);
        if (!file.exists()) {
            make(folder, file);
        }
        byte[] key = Files.readAllBytes(file.toPath());
        if (key.length != ICloudMessagingPlatform.STORAGE_KEY_BYTES) {
            throw new IOException("the storage key has " + key.length + " bytes");
        }
        return key;
    }

    /** There is a whole one or none, and one that was used once is there for good: the folder is synced, too. */
    private static void make(File folder, File file) throws IOException {
        byte[] key = new byte[ICloudMessagingPlatform.STORAGE_KEY_BYTES];
        new SecureRandom().nextBytes(key);
        File written = new File(folder, NAME + ".new");
        try (FileOutputStream out = new FileOutputStream(written)) {
            out.write(key);
            out.getFD().sync();
        }
        Files.move(written.toPath(), file.toPath(), StandardCopyOption.ATOMIC_MOVE);
        try (FileChannel opened = FileChannel.open(folder.toPath(), StandardOpenOption.READ)) {
            opened.force(true);
        }
    }
}
