// SPDX-License-Identifier: Apache-2.0
package android.system.cloudmessaging.settings;

import android.content.Context;
import android.os.IBinder;
import android.os.RemoteException;
import android.os.SystemClock;
import android.os.UserHandle;
import android.system.cloudmessaging.ICloudMessagingListener;
import android.system.cloudmessaging.ICloudMessagingPlatform;
import android.system.cloudmessaging.LegacySetting;
import android.system.cloudmessaging.UserReport;
import android.util.Log;
import java.io.IOException;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * Tells the gate what only Java can know. Facts and no decisions: what follows from them is the gate's, and until it was told
 * it refuses everything. Users are reported always; whoever is on has {@link WhileOnService} run, which reports the rest.
 */
final class Reports {
    private static final String NAME = "android.system.cloudmessaging.ICloudMessagingPlatform";
    private static final long LONGEST_PAUSE_SECONDS = 300;
    /** A gate that lived for so long was no failure. */
    private static final long LIVED_MILLIS = 60_000;
    private static final String TAG = "CloudMessaging";

    private static Reports sReports;

    /** What is told to the gate. */
    interface Fact {
        void tell(ICloudMessagingPlatform gate) throws RemoteException;
    }

    private final Context mContext;
    private final Told mTold = new Told();
    private final Found mFound = new Found(NAME);
    private final ScheduledExecutorService mThread =
            Executors.newSingleThreadScheduledExecutor(
                    work -> {
                        Thread thread = new Thread(work, "reports");
                        thread.setDaemon(true);
                        return thread;
                    });

    private final AtomicBoolean mToSend = new AtomicBoolean();
    private final AtomicBoolean mToLook = new AtomicBoolean();

    /** Whether it is asked for again when it dies. */
    private volatile boolean mWatching;
    /** The service that the listener was given to; while nobody is on, it is not held. */
    private IBinder mKnown;
    private long mReportedAt;
    private int mFailures;
    /** Null while there is none to come. */
    private Future<?> mRepeat;
    /** Who was on when that was asked the last time. */
    private Set<Integer> mOn = Set.of();

    /** Kept: the service has it only as long as we do. */
    private final ICloudMessagingListener mListener =
            new ICloudMessagingListener.Stub() {
                @Override
                public void onStateChanged() {
                    if (!mToLook.getAndSet(true)) {
                        mThread.execute(Reports.this::look);
                    }
                }

                @Override
                public void onWaiting(int user) {
                    mThread.execute(() -> WaitingApp.wake(mContext, user));
                }
            };

    private Reports(Context application) {
        mContext = application;
        // As it was before a boot, and before this process died.
        mWatching = WhileOnService.isEnabled(application);
    }

    /** Those of this process. */
    static synchronized Reports of(Context context) {
        Context application = context.getApplicationContext();
        if (sReports == null || sReports.mContext != application) {
            sReports = new Reports(application);
        }
        return sReports;
    }

    /** All there is to tell. Not on the main thread: it may wait for the service. */
    static void send(Context context) {
        of(context).sendAll();
    }

    Told told() {
        return mTold;
    }

    /** As send, on the thread for that. */
    void later() {
        if (!mToSend.getAndSet(true)) {
            mThread.execute(this::sendAll);
        }
    }

    /** Another organisation may forbid it, to whomever. */
    void doubt() {
        mTold.doubt();
        later();
    }

    /** Tells one thing, on the thread for that. What does not arrive is told to the next gate. */
    void tell(Fact fact) {
        mThread.execute(
                () -> {
                    try {
                        fact.tell(platform());
                    } catch (RemoteException | RuntimeException e) {
                        Log.w(TAG, "a fact did not arrive", e);
                    }
                });
    }


    /** From here on, the service is asked for again when it dies, or no longer. */
    void watch(boolean watching) {
        mWatching = watching;
    }

    synchronized void sendAll() {
        mToSend.set(false);
        mRepeat = null;
        try {
            if (UserHandle.myUserId() == UserHandle.USER_SYSTEM) {
                report(platform());
            } else {
                Told.tell(mContext);
            }
            LegacyNotice.show(mContext);
        } catch (RemoteException | RuntimeException e) {
            // Whatever it throws: this process reports again, and does not crash.
            Log.w(TAG, "a report did not arrive: nothing is sent until one does", e);
            again();
        }
    }

    private void report(ICloudMessagingPlatform gate) throws RemoteException {
        UserReport[] users = Users.read(mContext, mTold);
        gate.reportUsers(users);
        mTold.match(mContext, users);
        for (UserReport user : users) {
            if (user.unlocked) {
                provideKey(gate, user.user);
            }
            LegacySetting[] wanted = gate.wantsLegacy(user.user);
            if (wanted.length > 0) {
                gate.reportLegacy(user.user, LegacySettings.read(mContext, user.user, wanted));
            }
        }
        mOn = on(gate, users);
        mReportedAt = SystemClock.elapsedRealtime();
        if (mOn.isEmpty()) {
            // The gate ends when nobody holds it.
            mKnown = null;
        }
        WhileOnService.set(mContext, !mOn.isEmpty());
    }

    private static Set<Integer> on(ICloudMessagingPlatform gate, UserReport[] users)
            throws RemoteException {
        Set<Integer> on = new TreeSet<>();
        for (UserReport user : users) {
            if (gate.wantsIdentities(user.user)) {
                on.add(user.user);
            }
        }
        return on;
    }

    private void provideKey(ICloudMessagingPlatform gate, int user) throws RemoteException {
        try {
            byte[] key =
                    user == UserHandle.myUserId() ? StorageKey.of(mContext) : mTold.key(user);
            if (key != null) {
                gate.provideStorageKey(user, key);
            }
        } catch (IOException e) {
            Log.w(TAG, "there is no storage key: nothing is sent", e);
        }
    }

    /** A hint came: whoever was turned on or off changes what is reported. */
    private synchronized void look() {
        mToLook.set(false);
        try {
            if (!on(platform(), Users.read(mContext, mTold)).equals(mOn)) {
                sendAll();
            }
        } catch (RemoteException | RuntimeException e) {
            Log.w(TAG, "it could not be asked who is on", e);
        }
    }

    private synchronized ICloudMessagingPlatform platform() throws RemoteException {
        IBinder binder = mFound.find();
        ICloudMessagingPlatform gate = ICloudMessagingPlatform.Stub.asInterface(binder);
        if (binder != mKnown) {
            binder.linkToDeath(() -> mThread.execute(() -> died(binder)), 0);
            gate.addListener(mListener);
            mKnown = binder;
        }
        return gate;
    }

    private synchronized void died(IBinder binder) {
        if (mKnown == binder) {
            mKnown = null;
        }
        if (SystemClock.elapsedRealtime() - mReportedAt > LIVED_MILLIS) {
            mFailures = 0;
        }
        again();
    }

    private boolean isOfThisProcess() {
        return of(mContext) == this;
    }

    /** While on, the gate is asked for until it is there: at once, and then less and less often. */
    private void again() {
        if (mWatching && mRepeat == null && isOfThisProcess()) {
            long pause = mFailures == 0 ? 0 : 1L << Math.min(mFailures - 1, 16);
            long seconds = Math.min(pause, LONGEST_PAUSE_SECONDS);
            mFailures++;
            mRepeat = mThread.schedule(this::sendAll, seconds, TimeUnit.SECONDS);
        }
    }
}
