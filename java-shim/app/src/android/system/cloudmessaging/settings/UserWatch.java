// SPDX-License-Identifier: Apache-2.0
package android.system.cloudmessaging.settings;

import android.app.role.OnRoleHoldersChangedListener;
import android.app.role.RoleManager;
import android.content.BroadcastReceiver;
import android.content.Context;
import android.content.Intent;
import android.content.IntentFilter;
import android.os.UserHandle;
import android.os.UserManager;

/**
 * Tells when something about the users may have changed: who there is, what each may not do, which is the default SMS app.
 * Most of it is said to running processes only, and to those of the user whom it concerns, unless one listens for all.
 */
final class UserWatch {
    private final Context mContext;
    private final Runnable mChanged;

    private final BroadcastReceiver mReceiver =
            new BroadcastReceiver() {
                @Override
                public void onReceive(Context context, Intent intent) {
                    mChanged.run();
                }
            };

    private final OnRoleHoldersChangedListener mRoles =
            (role, user) -> {
                if (role.equals(RoleManager.ROLE_SMS)) {
                    changed();
                }
            };

    UserWatch(Context context, Runnable changed) {
        mContext = context.getApplicationContext();
        mChanged = changed;
    }

    private void changed() {
        mChanged.run();
    }

    void start() {
        IntentFilter filter = new IntentFilter();
        filter.addAction(Intent.ACTION_USER_ADDED);
        filter.addAction(Intent.ACTION_USER_REMOVED);
        filter.addAction(Intent.ACTION_USER_STARTED);
        filter.addAction(Intent.ACTION_USER_UNLOCKED);
        filter.addAction(Intent.ACTION_USER_STOPPED);
        filter.addAction(UserManager.ACTION_USER_RESTRICTIONS_CHANGED);
        filter.addAction(Intent.ACTION_APPLICATION_RESTRICTIONS_CHANGED);
        // Nobody but the system may send any of them.
        mContext.registerReceiverForAllUsers(mReceiver, filter, null, null);
        mContext.getSystemService(RoleManager.class)
                .addOnRoleHoldersChangedListenerAsUser(
                        mContext.getMainExecutor(), mRoles, UserHandle.ALL);
    }

    void stop() {
        mContext.unregisterReceiver(mReceiver);
        mContext.getSystemService(RoleManager.class)
                .removeOnRoleHoldersChangedListenerAsUser(mRoles, UserHandle.ALL);
    }
}
