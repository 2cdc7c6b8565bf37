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
import java.time.Clock;
import java.time.LocalDate;
import java.time.ZoneId;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.stream.LongStream;

/**
 * What the ledger says, read from an export in the pass in which this process verified it: it is what was signed, and begins
 * with what it was when the owner looked the last time. The service's own account of it is not asked for.
 *
 * @param statement null if there is none to be believed
 * @param first the first of the days that are counted; the last is today
 * @param held whether it was held against a checkpoint that was kept, and not only against its signature
 * @param damage what was done to it, as TamperedLedgerException calls it; null if nothing was, or it cannot be told
 */
record Sent(LedgerStatement statement, LocalDate first, boolean held, String damage) {
    /** Days that are counted. */
    static final int DAYS = 30;
    /** Entries that are shown at once. */
    static final int SHOWN = 100;

    /** The tests put one here that stands. */
    static Clock sClock = Clock.systemUTC();

    private static final String KEPT = "ledger";
    private static final String KEY = "key";
    private static final String CHECKPOINT = "checkpoint";
    private static final String TAG = "CloudMessaging";

    /**
     * Waits for the service and for the disk.
     *
     * @param before only entries at a lower position; -1 begins with the newest
     */
    static Sent read(Context context, ICloudMessagingConsent gate, long before)
            throws RemoteException {
        LocalDate today = LocalDate.now(sClock.withZone(ZoneId.systemDefault()));
        LocalDate first = today.minusDays(DAYS - 1);
        try {
            // The service may write to a pipe of ours, and to no file.
            ParcelFileDescriptor[] pipe = ParcelFileDescriptor.createPipe();
            FutureTask<Long> export = new FutureTask<>(() -> export(gate, pipe[1]));
            new Thread(export, "export").start();
            Sent sent = read(context, pipe[0], before, first);
            wholly(export);
            return sent;
        } catch (IOException e) {
            Log.w(TAG, "the ledger could not be read", e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        return new Sent(null, first, false, null);
    }

    private static long export(ICloudMessagingConsent gate, ParcelFileDescriptor pipe)
            throws RemoteException, IOException {
        try (pipe) {
            return gate.exportLedger(pipe);
        }
    }

    /** What was not written to its end does not verify, and is not damaged for that. */
    private static void wholly(FutureTask<Long> export)
            throws RemoteException, InterruptedException, IOException {
        try {
            export.get();
        } catch (ExecutionException e) {
            if (e.getCause() instanceof RemoteException died) {
                throw died;
            }
            if (!(e.getCause() instanceof ServiceSpecificException refused)) {
                throw new IOException(e);
            }
            // The verifier stops reading where it finds damage: this process closed the pipe on the service.
            if (refused.errorCode != ErrorCode.UNWRITABLE) {
                throw refused;
            }
        }
    }

    /** What was kept is replaced by a ledger that agrees with it, and by nothing else. */
    private static Sent read(
            Context context, ParcelFileDescriptor pipe, long before, LocalDate first)
            throws IOException {
        SharedPreferences kept = context.getSharedPreferences(KEPT, Context.MODE_PRIVATE);
        String checkpoint = kept.getString(CHECKPOINT, null);
        try (pipe) {
            LedgerStatement statement =
                    LedgerStatement.read(
                            pipe.getFd(), kept.getString(KEY, null), checkpoint, before, SHOWN,
                            midnights(first));
            kept.edit()
                    .putString(KEY, statement.getLedger().getKey())
                    .putString(CHECKPOINT, statement.getLedger().getCheckpoint())
                    .apply();
            return new Sent(statement, first, checkpoint != null, null);
        } catch (TamperedLedgerException e) {
            Log.w(TAG, "the ledger is damaged", e);
            return new Sent(null, first, checkpoint != null, e.getKind());
        }
    }

    /** Where the owner is, each by the rules of its own date. */
    private static long[] midnights(LocalDate first) {
        return LongStream.rangeClosed(0, DAYS)
                .map(day -> first.plusDays(day).atStartOfDay(ZoneId.systemDefault())
                        .toInstant().toEpochMilli())
                .toArray();
    }
}
