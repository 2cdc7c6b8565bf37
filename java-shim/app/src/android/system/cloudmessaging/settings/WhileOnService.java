// SPDX-License-Identifier: Apache-2.0
package android.system.cloudmessaging.settings;

import android.app.ActivityManager;
import android.app.Service;
import android.content.ComponentName;
import android.content.Context;
import android.content.Intent;
import android.content.pm.PackageManager;
import android.os.Binder;
import android.os.IBinder;
import android.os.Process;
import android.os.RemoteException;
import android.util.Log;

/**
 * Runs while anybody is on, in the system user, and is disabled else: nothing is listened to then, and no identity is read.
 * While it runs, this process hears of each change and reports it, and asks for the gate again when that dies.
 */
public final class WhileOnService extends Service {
    private static final String TAG = "CloudMessaging";

    private Reports mReports;
    private UserWatch mUsers;
    private NetworkWatch mNetwork;
    private SimWatch mSims;
    /** The platform keeps the process for as long as this is there. */
    private final IBinder mWanted = new Binder();

    /** As the gate says. While it runs already, all that it reports is reported once more. */
    static void set(Context context, boolean on) {
        ComponentName name = new ComponentName(context, WhileOnService.class);
        Intent intent = new Intent().setComponent(name);
        if (on) {
            enable(context, name, PackageManager.COMPONENT_ENABLED_STATE_ENABLED);
            context.startService(intent);
        } else {
            context.stopService(intent);
            // As in the manifest: disabled.
            enable(context, name, PackageManager.COMPONENT_ENABLED_STATE_DEFAULT);
        }
    }

    static boolean isEnabled(Context context) {
        return context.getPackageManager()
                        .getComponentEnabledSetting(
                                new ComponentName(context, WhileOnService.class))
                == PackageManager.COMPONENT_ENABLED_STATE_ENABLED;
    }

    private static void enable(Context context, ComponentName name, int state) {
        PackageManager packages = context.getPackageManager();
        if (packages.getComponentEnabledSetting(name) != state) {
            packages.setComponentEnabledSetting(name, state, PackageManager.DONT_KILL_APP);
        }
    }

    @Override
    public void onCreate() {
        super.onCreate();
        mReports = Reports.of(this);
        mReports.watch(true);
        mUsers = new UserWatch(this, mReports::doubt);
        mNetwork = new NetworkWatch(this, mReports);
        mSims = new SimWatch(this, mReports);
        attempt(mUsers::start);
        attempt(mNetwork::start);
        attempt(mSims::start);
        keep(true);
    }

    /** Without an intent the platform started it again, since the process had died. */
    @Override
    public int onStartCommand(Intent intent, int flags, int id) {
        if (intent == null) {
            mReports.later();
        } else {
            mNetwork.report();
            mSims.report();
        }
        return START_STICKY;
    }

    @Override
    public void onDestroy() {
        keep(false);
        attempt(mSims::stop);
        attempt(mNetwork::stop);
        attempt(mUsers::stop);
        mReports.watch(false);
        super.onDestroy();
    }

    @Override
    public IBinder onBind(Intent intent) {
        return null;
    }

    /** What the phone refuses to say is missing in the reports, and what is missing forbids. */
    private static void attempt(Runnable step) {
        try {
            step.run();
        } catch (RuntimeException e) {
            Log.w(TAG, "something is not listened to", e);
        }
    }

    /**
     * A started service alone is put among the cached processes after half an hour, or at once if the process has shown a page,
     * and cached processes are frozen: a network that begins to roam would not be noticed.
     */
    private void keep(boolean wanted) {
        try {
            ActivityManager.getService()
                    .setProcessImportant(mWanted, Process.myPid(), wanted, "cloud messaging is on");
        } catch (RemoteException | RuntimeException e) {
            Log.w(TAG, "the process may be frozen", e);
        }
    }
}
