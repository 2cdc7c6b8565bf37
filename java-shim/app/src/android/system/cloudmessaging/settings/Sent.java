// SPDX-License-Identifier: Apache-2.0
package android.system.cloudmessaging.settings;

import android.content.Context;
import android.content.SharedPreferences;
import android.os.ParcelFileDescriptor;
import android.os.RemoteException;
import android.os.ServiceSpecificException;
import android.system.cloudmessaging.ErrorCode;
import android.system.cloudmessaging.ICloudMessagingConsent;
import android.util.Log;
import java.io.IOException;
import java.time.Instant;
import java.time.ZoneId;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;

/**
 * What the ledger says, read from an export in the pass in which this process verified it: it is what was signed, and begins
 * with what it was when the owner looked the last time. The service's own account of it is not asked for.
 *
 * @param statement null if there is none to be believed
 * @param damaged whether that is because the ledger is not what was signed
 */
record Sent(LedgerStatement statement, boolean damaged) {
    private static final int SHOWN = 100;
    private static final String KEPT = "ledger";
    private static final String KEY = "key";
    private static final String CHECKPOINT = "checkpoint";
    private static final String TAG = "CloudMessaging";

    static Sent read(Context context, ICloudMessagingConsent gate) throws RemoteException {
        try {
            // The service may write to a pipe of ours, and to no file.
            ParcelFileDescriptor[] pipe = ParcelFileDescriptor.createPipe();
            FutureTask<Long> export = new FutureTask<>(() -> export(gate, pipe[1]));
            new Thread(export, "export").start();
            Sent sent = read(context, pipe[0]);
            export.get();
            return sent;
        } catch (ExecutionException e) {
            if (e.getCause() instanceof RemoteException died) {
                throw died;
            }
            if (e.getCause() instanceof ServiceSpecificException refused
                    && refused.errorCode != ErrorCode.UNWRITABLE) {
                throw refused;
            }
            // The pipe was closed on the service: at what is before that in it, it is damaged.
            return new Sent(null, true);
        } catch (IOException e) {
            Log.w(TAG, "the ledger could not be read", e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        return new Sent(null, false);
    }

    private static long export(ICloudMessagingConsent gate, ParcelFileDescriptor pipe)
            throws RemoteException, IOException {
        try (pipe) {
            return gate.exportLedger(pipe);
        }
    }

    private static Sent read(Context context, ParcelFileDescriptor pipe) throws IOException {
        try (pipe) {
            return new Sent(verified(context, pipe), false);
        } catch (TamperedLedgerException e) {
            return new Sent(null, true);
        }
    }

    /** What was kept is replaced by a ledger that agrees with it, and by nothing else. */
    private static LedgerStatement verified(Context context, ParcelFileDescriptor pipe)
            throws TamperedLedgerException, IOException {
        SharedPreferences kept = context.getSharedPreferences(KEPT, Context.MODE_PRIVATE);
        int offset = ZoneId.systemDefault().getRules().getOffset(Instant.now()).getTotalSeconds();
        LedgerStatement statement =
                LedgerStatement.read(
                        pipe.getFd(),
                        kept.getString(KEY, null),
                        kept.getString(CHECKPOINT, null),
                        -1,
                        SHOWN,
                        offset / 60);
        kept.edit()
                .putString(KEY, statement.getLedger().getKey())
                .putString(CHECKPOINT, statement.getLedger().getCheckpoint())
                .apply();
        return statement;
    }
}
