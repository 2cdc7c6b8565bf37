// SPDX-License-Identifier: Apache-2.0
package android.system.cloudmessaging.settings;

import android.content.ClipData;
import android.content.ContentProvider;
import android.content.ContentResolver;
import android.content.ContentValues;
import android.content.Context;
import android.content.Intent;
import android.database.Cursor;
import android.database.MatrixCursor;
import android.net.Uri;
import android.os.IBinder;
import android.os.ParcelFileDescriptor;
import android.os.RemoteException;
import android.os.ServiceManager;
import android.os.ServiceSpecificException;
import android.provider.OpenableColumns;
import android.system.cloudmessaging.ICloudMessagingConsent;
import android.util.Log;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.time.LocalDate;
import java.time.ZoneId;

/**
 * An export of the ledger, as a file that another app may read once the owner has shared it with that app, and nobody else. It
 * is written while it is read, and kept nowhere.
 */
public final class SentExport extends ContentProvider {
    private static final String AUTHORITY = "android.system.cloudmessaging.settings.export";
    private static final String TYPE = "application/octet-stream";
    private static final String TAG = "CloudMessaging";

    /** Has the owner choose with whom. */
    static Intent share(Context context) {
        LocalDate today = LocalDate.now(Sent.sClock.withZone(ZoneId.systemDefault()));
        Uri file =
                new Uri.Builder()
                        .scheme(ContentResolver.SCHEME_CONTENT)
                        .authority(AUTHORITY)
                        .appendPath("cloud-messaging-" + today + ".ledger")
                        .build();
        Intent send = new Intent(Intent.ACTION_SEND);
        send.setType(TYPE);
        send.putExtra(Intent.EXTRA_STREAM, file);
        // What carries the permission to read it.
        send.setClipData(ClipData.newRawUri(null, file));
        send.addFlags(Intent.FLAG_GRANT_READ_URI_PERMISSION);
        return Intent.createChooser(send, null);
    }

    @Override
    public boolean onCreate() {
        return true;
    }

    @Override
    public ParcelFileDescriptor openFile(Uri file, String mode) throws FileNotFoundException {
        if (!mode.equals("r")) {
            throw new FileNotFoundException("it can only be read");
        }
        try {
            ParcelFileDescriptor[] pipe = ParcelFileDescriptor.createPipe();
            // Not on the caller's thread: it has to read on.
            new Thread(() -> write(pipe[1]), "share").start();
            return pipe[0];
        } catch (IOException e) {
            throw new FileNotFoundException(e.getMessage());
        }
    }

    /** What ends early does not verify, and so is told from a whole one. */
    private static void write(ParcelFileDescriptor pipe) {
        try (pipe) {
            IBinder gate = ServiceManager.waitForService(Gate.NAME);
            if (gate != null) {
                ICloudMessagingConsent.Stub.asInterface(gate).exportLedger(pipe);
            }
        } catch (RemoteException | ServiceSpecificException | IOException e) {
            Log.w(TAG, "the export was not written to its end", e);
        }
    }

    @Override
    public Cursor query(
            Uri file, String[] columns, String selection, String[] arguments, String order) {
        // How long it is, is known when it has been read.
        MatrixCursor cursor = new MatrixCursor(new String[] {OpenableColumns.DISPLAY_NAME}, 1);
        cursor.addRow(new Object[] {file.getLastPathSegment()});
        return cursor;
    }

    @Override
    public String getType(Uri file) {
        return TYPE;
    }

    @Override
    public Uri insert(Uri file, ContentValues values) {
        throw new UnsupportedOperationException();
    }

    @Override
    public int update(Uri file, ContentValues values, String selection, String[] arguments) {
        throw new UnsupportedOperationException();
    }

    @Override
    public int delete(Uri file, String selection, String[] arguments) {
        throw new UnsupportedOperationException();
    }
}
