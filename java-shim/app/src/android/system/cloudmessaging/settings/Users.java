// SPDX-License-Identifier: Apache-2.0
package android.system.cloudmessaging.settings;

import android.app.role.RoleManager;
import android.content.Context;
import android.content.pm.PackageManager;
import android.content.pm.UserInfo;
import android.os.Bundle;
import android.os.UserHandle;
import android.os.UserManager;
import android.system.cloudmessaging.UserReport;
import android.util.Log;
import java.util.List;

/** What is known of the users of the phone. What cannot be found out is reported as what forbids. */
final class Users {
    /** The managed configuration with which an organisation forbids it: res/xml/app_restrictions.xml. */
    private static final String ALLOWED = "cloud_messaging_allowed";

    private static final int NOBODY = -1;
    private static final String TAG = "CloudMessaging";

    private Users() {}

    /** All that exist, read from the system user; of what is each one's own, what its process told. */
    static UserReport[] read(Context context, Told told) {
        UserManager users = context.getSystemService(UserManager.class);
        List<UserInfo> all = users.getUsers();
        if (all.stream().noneMatch(user -> user.id == UserHandle.USER_SYSTEM)) {
            // What is kept for a user that is missing in a report is erased.
            throw new IllegalStateException("the users cannot be told");
        }
        return all.stream()
                .map(user -> read(context, users, user, told))
                .toArray(UserReport[]::new);
    }

    private static UserReport read(Context context, UserManager users, UserInfo info, Told told) {
        UserHandle handle = info.getUserHandle();
        UserReport report = new UserReport();
        report.user = info.id;
        report.serial = users.getSerialNumberForUser(handle);
        report.unlocked = users.isUserUnlocked(handle);
        report.defaultSmsUid = defaultSmsUid(context, handle);
        report.smsForbidden = users.hasUserRestrictionForUser(UserManager.DISALLOW_SMS, handle);
        report.forbiddenByOrganisation =
                info.id == UserHandle.myUserId() ? !isAllowed(context) : !told.isAllowed(info.id);
        return report;
    }

    /** The packages that hold the role of the default SMS app, of which there is at most one. */
    static List<String> smsApps(Context context, UserHandle user) {
        return context.getSystemService(RoleManager.class)
                .getRoleHoldersAsUser(RoleManager.ROLE_SMS, user);
    }

    private static int defaultSmsUid(Context context, UserHandle user) {
        PackageManager packages = context.getPackageManager();
        for (String app : smsApps(context, user)) {
            try {
                return packages.getPackageUidAsUser(app, user.getIdentifier());
            } catch (PackageManager.NameNotFoundException e) {
                Log.d(TAG, "the default SMS app was removed");
            }
        }
        return NOBODY;
    }

    /** Whether the organisation allows it to the user that this process runs as: no other process can read that. */
    static boolean isAllowed(Context context) {
        Bundle restrictions =
                context.getSystemService(UserManager.class)
                        .getApplicationRestrictions(context.getPackageName());
        return restrictions == null || restrictions.getBoolean(ALLOWED, true);
    }
}
