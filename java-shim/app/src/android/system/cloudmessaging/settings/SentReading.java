// SPDX-License-Identifier: Apache-2.0
package android.system.cloudmessaging.settings;

import android.content.Context;
import android.os.RemoteException;
import android.os.ServiceSpecificException;
import android.system.cloudmessaging.ICloudMessagingConsent;
import android.util.Log;
import java.util.concurrent.Executor;
import java.util.function.Consumer;
import java.util.function.IntConsumer;

/**
 * Reads the ledger on a thread of its own: it takes as long as the ledger is long, and a service that hangs in it holds up
 * nothing else. Nothing can end such a reading but the service or its death: whoever does not want it any more passes over
 * what it says.
 */
final class SentReading {
    /** Each that hangs costs two threads and a pipe, and one of the calls that the service takes at once. */
    private static final int MOST = 2;

    private static final String TAG = "CloudMessaging";

    private static int sUnderWay;
    /** The last that was asked for above that. Whoever asked before it has been turned or left. */
    private static Runnable sNext;

    private SentReading() {}

    /** One of both is told, by `answers`: `failed` with a code of ErrorCode, or UNAVAILABLE. */
    static void start(
            Context context,
            ICloudMessagingConsent gate,
            long before,
            Executor answers,
            Consumer<Sent> read,
            IntConsumer failed) {
        begin(
                () -> {
                    try {
                        Sent sent = Sent.read(context, gate, before);
                        answers.execute(() -> read.accept(sent));
                    } catch (ServiceSpecificException e) {
                        Log.i(TAG, "the service refused an export", e);
                        answers.execute(() -> failed.accept(e.errorCode));
                    } catch (RemoteException | RuntimeException e) {
                        Log.w(TAG, "the service cannot be asked for an export", e);
                        answers.execute(() -> failed.accept(Gate.UNAVAILABLE));
                    } finally {
                        ended();
                    }
                });
    }

    private static synchronized void begin(Runnable reading) {
        if (sUnderWay == MOST) {
            sNext = reading;
            return;
        }
        sUnderWay++;
        new Thread(reading, "ledger").start();
    }

    private static synchronized void ended() {
        sUnderWay--;
        if (sNext != null) {
            Runnable next = sNext;
            sNext = null;
            begin(next);
        }
    }
}
