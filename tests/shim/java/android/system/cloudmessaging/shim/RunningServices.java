// SPDX-License-Identifier: Apache-2.0
package android.system.cloudmessaging.shim;

import static org.robolectric.Shadows.shadowOf;

import android.app.Application;
import android.content.ComponentName;
import android.content.Context;
import android.content.Intent;
import android.content.pm.PackageManager;
import android.system.cloudmessaging.settings.WhileOnService;
import org.robolectric.Robolectric;
import org.robolectric.android.controller.ServiceController;

/**
 * The platform's part for services, which Robolectric leaves out: one that was started runs, and one that was stopped does not;
 * none runs that is disabled.
 */
final class RunningServices {
    private final Application mApplication;
    private final ComponentName mName;
    private ServiceController<WhileOnService> mRunning;
    private int mStarts;

    RunningServices(Context context) {
        mApplication = (Application) context;
        mName = new ComponentName(context, WhileOnService.class);
    }

    boolean isEnabled() {
        return mApplication.getPackageManager().getComponentEnabledSetting(mName)
                == PackageManager.COMPONENT_ENABLED_STATE_ENABLED;
    }

    boolean isRunning() {
        return mRunning != null;
    }

    /** Does what was asked for. */
    void turn() {
        boolean stopped = false;
        while (shadowOf(mApplication).getNextStoppedService() != null) {
            stopped = true;
        }
        Intent started = null;
        for (Intent next = next(); next != null; next = next()) {
            started = next;
        }
        if (!isEnabled() || (stopped && started == null)) {
            end();
        } else if (started != null) {
            start(started);
        }
    }

    private Intent next() {
        return shadowOf(mApplication).getNextStartedService();
    }

    private void start(Intent intent) {
        if (mRunning == null) {
            mRunning = Robolectric.buildService(WhileOnService.class, intent).create();
        }
        mRunning.get().onStartCommand(intent, 0, ++mStarts);
    }

    /** As where the process had died: the platform starts what was started, and has no intent for it. */
    void startAgain() {
        end();
        start(null);
    }

    void end() {
        if (mRunning != null) {
            mRunning.destroy();
            mRunning = null;
        }
    }
}
