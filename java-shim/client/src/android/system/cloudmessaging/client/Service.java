// SPDX-License-Identifier: Apache-2.0
package android.system.cloudmessaging.client;

import android.os.IBinder;
import android.os.RemoteException;
import android.os.ServiceManager;
import android.system.cloudmessaging.ICloudMessaging;
import android.system.cloudmessaging.ICloudMessagingCallback;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * The service: found, listened to, and found again after its death. While it is off it is let go, since a lazy service stays
 * for as long as somebody holds it.
 */
final class Service {
    private static final String NAME = "android.system.cloudmessaging.ICloudMessaging";
    /** How long a lazy service may take to be started. */
    private static final long START_SECONDS = 5;

    private final ICloudMessagingCallback mCallback;
    private final Runnable mDied;
    private final IBinder.DeathRecipient mDeath = this::died;
    private final ExecutorService mWaits =
            Executors.newSingleThreadExecutor(task -> daemon(task, "service"));

    private ICloudMessaging mGate;
    private boolean mListening;
    private Future<IBinder> mWaiting;

    /** Hints go to `callback`; `died` is run when there may be another service to be found. */
    Service(ICloudMessagingCallback callback, Runnable died) {
        mCallback = callback;
        mDied = died;
    }

    static Thread daemon(Runnable task, String name) {
        Thread thread = new Thread(task, "cloudmessaging-" + name);
        thread.setDaemon(true);
        return thread;
    }

    synchronized ICloudMessaging gate() throws RemoteException {
        if (mGate == null) {
            IBinder binder = find();
            binder.linkToDeath(mDeath, 0);
            mGate = ICloudMessaging.Stub.asInterface(binder);
        }
        return mGate;
    }

    /** Has it give hints. */
    synchronized void listen() throws RemoteException {
        if (!mListening) {
            gate().setCallback(mCallback);
            mListening = true;
        }
    }

    /** Keeps it no longer from ending. */
    synchronized void letGo() {
        if (mGate != null) {
            mGate.asBinder().unlinkToDeath(mDeath, 0);
            mGate = null;
            mListening = false;
        }
    }

    private void died() {
        synchronized (this) {
            mGate = null;
            mListening = false;
        }
        mDied.run();
    }

    /** Has servicemanager start it, which can fail to answer for ever. */
    private IBinder find() throws RemoteException {
        try {
            if (mWaiting == null) {
                mWaiting = mWaits.submit(() -> ServiceManager.waitForService(NAME));
            }
            IBinder binder = mWaiting.get(START_SECONDS, TimeUnit.SECONDS);
            mWaiting = null;
            if (binder != null) {
                return binder;
            }
        } catch (TimeoutException e) {
            // The next call waits for the same.
        } catch (ExecutionException e) {
            mWaiting = null;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        throw new RemoteException("there is no " + NAME);
    }
}
