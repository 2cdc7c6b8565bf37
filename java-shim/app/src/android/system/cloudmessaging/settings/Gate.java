// SPDX-License-Identifier: Apache-2.0
package android.system.cloudmessaging.settings;

import android.content.Context;
import android.os.IBinder;
import android.os.RemoteException;
import android.os.ServiceManager;
import android.os.ServiceSpecificException;
import android.system.cloudmessaging.ConsentState;
import android.system.cloudmessaging.ICloudMessagingConsent;
import android.system.cloudmessaging.ICloudMessagingListener;
import android.system.cloudmessaging.Withdrawal;
import android.util.Log;
import java.util.concurrent.Executor;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.function.Consumer;
import java.util.function.IntConsumer;

/**
 * The service, asked on a thread of its own, since an answer may wait for a disk. It may be missing or die at any time: then
 * nothing is sent either, and whoever asks is told {@link #UNAVAILABLE}.
 */
final class Gate {
    /** Instead of an error code: there is no service. */
    static final int UNAVAILABLE = -1;

    /** By which it is found. */
    static final String NAME = "android.system.cloudmessaging.ICloudMessagingConsent";
    private static final String TAG = "CloudMessaging";

    /** What is asked. */
    interface Question<T> {
        T ask(ICloudMessagingConsent gate) throws RemoteException;
    }

    /** How it stands: to ask that changes nothing. */
    static final Question<ConsentState> STATE = ICloudMessagingConsent::state;

    private static final ExecutorService ASKS = Executors.newSingleThreadExecutor();
    /** As many threads as there are owners' taps that the service has not obeyed yet. */
    private static final ExecutorService ORDERS = Executors.newCachedThreadPool();

    private final Context mContext;
    private final Executor mAnswers;
    private final Runnable mChanged;
    /** Kept: the service has it only as long as we do. */
    private final ICloudMessagingListener mListener =
            new ICloudMessagingListener.Stub() {
                @Override
                public void onStateChanged() {
                    changed();
                }

                @Override
                public void onWaiting(int user) {
                    // Told to Reports, not to a page.
                }
            };

    private volatile ICloudMessagingConsent mService;
    private final Found mFound = new Found(NAME);
    private volatile boolean mClosed;

    /** Answers are given by `answers`, and so is it told when there may be another state, also when the service dies. */
    Gate(Context context, Executor answers, Runnable changed) {
        mContext = context.getApplicationContext();
        mAnswers = answers;
        mChanged = changed;
    }

    /** Stops telling of changes. */
    void close() {
        mClosed = true;
        ASKS.execute(
                () -> {
                    try {
                        if (mService != null) {
                            mService.removeListener(mListener);
                        }
                    } catch (RemoteException e) {
                        Log.d(TAG, "the service ended before its listener");
                    }
                });
    }

    /** Whether there is a service at this moment. Unlike a question, this starts none. */
    static boolean isRunning() {
        return ServiceManager.checkService(NAME) != null;
    }

    /** Either is told: `failed` with a code of ErrorCode, or UNAVAILABLE. */
    <T> void ask(Question<T> question, Consumer<T> answered, IntConsumer failed) {
        ask(
                ASKS,
                () -> {
                    ICloudMessagingConsent service = service();
                    if (question != STATE) {
                        Known.forget();
                    }
                    T answer = question.ask(service);
                    if (answer instanceof ConsentState state) {
                        Known.told(state);
                    }
                    return answer;
                },
                answered,
                failed);
    }

    /** As ask(), but does not wait for what was asked before: turning off waits for nothing. */
    void withdraw(boolean erase, Consumer<Withdrawal> answered, IntConsumer failed) {
        ask(
                ORDERS,
                () -> {
                    ICloudMessagingConsent service = mService;
                    if (service == null) {
                        service = ICloudMessagingConsent.Stub.asInterface(mFound.find());
                    }
                    return service.withdraw(erase);
                },
                answered,
                failed);
    }

    private interface Answer<T> {
        T get() throws RemoteException;
    }

    private <T> void ask(
            ExecutorService thread, Answer<T> question, Consumer<T> answered, IntConsumer failed) {
        thread.execute(
                () -> {
                    try {
                        T answer = question.get();
                        mAnswers.execute(() -> answered.accept(answer));
                    } catch (ServiceSpecificException e) {
                        // Its message holds no personal data.
                        Log.i(TAG, "the service refused", e);
                        mAnswers.execute(() -> failed.accept(e.errorCode));
                    } catch (RemoteException | RuntimeException e) {
                        Log.w(TAG, "the service cannot be asked", e);
                        mService = null;
                        Known.told(null);
                        mAnswers.execute(() -> failed.accept(UNAVAILABLE));
                    }
                });
    }

    private void changed() {
        mAnswers.execute(
                () -> {
                    if (!mClosed) {
                        mChanged.run();
                    }
                });
    }

    private ICloudMessagingConsent service() throws RemoteException {
        ICloudMessagingConsent service = mService;
        if (service == null) {
            IBinder binder = mFound.find();
            service = ICloudMessagingConsent.Stub.asInterface(binder);
            binder.linkToDeath(
                    () -> {
                        mService = null;
                        changed();
                    },
                    0);
            if (!mClosed) {
                service.addListener(mListener);
            }
            // One that has just started knows nothing yet, and so refuses all.
            Reports.send(mContext);
            mService = service;
        }
        return service;
    }
}
