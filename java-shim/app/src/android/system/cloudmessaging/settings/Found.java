// SPDX-License-Identifier: Apache-2.0
package android.system.cloudmessaging.settings;

import android.os.IBinder;
import android.os.RemoteException;
import android.os.ServiceManager;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** A service by its name. Servicemanager has a lazy one started, and may fail to answer for ever: nobody waits that long. */
final class Found {
    /** How long a lazy service may take to be started. */
    private static final long START_SECONDS = 5;

    private static final ExecutorService WAITS = Executors.newCachedThreadPool();

    private final String mName;
    private Future<IBinder> mWaiting;

    Found(String name) {
        mName = name;
    }

    /** Fails if it does not come in time; whoever asks then waits for the same. */
    synchronized IBinder find() throws RemoteException {
        try {
            if (mWaiting == null) {
                mWaiting = WAITS.submit(() -> ServiceManager.waitForService(mName));
            }
            IBinder binder = mWaiting.get(START_SECONDS, TimeUnit.SECONDS);
            mWaiting = null;
            if (binder != null) {
                return binder;
            }
        } catch (TimeoutException e) {
            // The next question waits for the same.
        } catch (ExecutionException e) {
            mWaiting = null;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        throw new RemoteException("there is no " + mName);
    }
}
