// SPDX-License-Identifier: Apache-2.0
package android.system.cloudmessaging.settings;

import android.app.role.RoleManager;
import android.content.Context;
import android.content.pm.PackageManager;
import android.content.pm.UserInfo;
import android.net.ConnectivityManager;
import android.net.Network;
import android.net.NetworkCapabilities;
import android.os.Bundle;
import android.os.IBinder;
import android.os.PowerManager;
import android.os.RemoteException;
import android.os.ServiceManager;
import android.os.ServiceSpecificException;
import android.os.UserHandle;
import android.os.UserManager;
import android.system.cloudmessaging.ICloudMessagingPlatform;
import android.system.cloudmessaging.NetworkReport;
import android.system.cloudmessaging.UserReport;
import android.util.Log;
import java.io.IOException;
import java.util.List;

/**
 * Tells the gate what only Java can know. Facts and no decisions: what follows from them is the gate's. It refuses everything
 * until it was told, so what cannot be found out is reported as what forbids.
 */
final class Reports {
    private static final String NAME = "android.system.cloudmessaging.ICloudMessagingPlatform";
    /** The managed configuration with which an organisation forbids it. */
    private static final String ALLOWED = "cloud_messaging_allowed";
    private static final int NOBODY = -1;
    private static final String TAG = "CloudMessaging";

    private Reports() {}

    /** All there is to tell. Not on the main thread: it waits for the service. */
    static void send(Context context) {
        IBinder binder = ServiceManager.waitForService(NAME);
        try {
            if (binder != null && UserHandle.myUserId() == UserHandle.USER_SYSTEM) {
                send(context, ICloudMessagingPlatform.Stub.asInterface(binder));
            }
        } catch (RemoteException | ServiceSpecificException e) {
            Log.w(TAG, "a report did not arrive: nothing is sent until one does", e);
        }
    }

    private static void send(Context context, ICloudMessagingPlatform gate) throws RemoteException {
        List<UserInfo> users = context.getSystemService(UserManager.class).getUsers();
        UserReport[] reports = users.stream().map(user -> user(context, user)).toArray(UserReport[]::new);
        gate.reportUsers(reports);
        gate.reportNetwork(network(context));
        for (UserReport report : reports) {
            if (report.user == UserHandle.myUserId() && report.unlocked) {
                provideKey(context, gate, report.user);
            }
            if (gate.wantsIdentities(report.user)) {
                gate.reportIdentities(report.user, Sims.read(context));
            }
        }
    }

    private static void provideKey(Context context, ICloudMessagingPlatform gate, int user)
            throws RemoteException {
        try {
            gate.provideStorageKey(user, StorageKey.of(context));
        } catch (IOException e) {
            Log.w(TAG, "there is no storage key: nothing is sent", e);
        }
    }

    private static UserReport user(Context context, UserInfo info) {
        UserManager users = context.getSystemService(UserManager.class);
        UserHandle handle = info.getUserHandle();
        UserReport report = new UserReport();
        report.user = info.id;
        report.serial = users.getSerialNumberForUser(handle);
        report.unlocked = users.isUserUnlocked(handle);
        report.defaultSmsUid = defaultSmsUid(context, handle);
        report.smsForbidden = users.hasUserRestrictionForUser(UserManager.DISALLOW_SMS, handle);
        report.forbiddenByOrganisation = forbidden(users, context, info.id);
        return report;
    }

    private static int defaultSmsUid(Context context, UserHandle user) {
        RoleManager roles = context.getSystemService(RoleManager.class);
        for (String holder : roles.getRoleHoldersAsUser(RoleManager.ROLE_SMS, user)) {
            try {
                return context.getPackageManager().getPackageUidAsUser(holder, user.getIdentifier());
            } catch (PackageManager.NameNotFoundException e) {
                Log.d(TAG, "the default SMS app was removed");
            }
        }
        return NOBODY;
    }

    /** Only the own user's can be read: another one's app would have to tell, so another one is off. */
    private static boolean forbidden(UserManager users, Context context, int user) {
        if (user != UserHandle.myUserId()) {
            return true;
        }
        Bundle restrictions = users.getApplicationRestrictions(context.getPackageName());
        return restrictions != null && !restrictions.getBoolean(ALLOWED, true);
    }

    private static NetworkReport network(Context context) {
        ConnectivityManager connectivity = context.getSystemService(ConnectivityManager.class);
        NetworkReport report = new NetworkReport();
        report.dataSaver =
                connectivity.getRestrictBackgroundStatus()
                        == ConnectivityManager.RESTRICT_BACKGROUND_STATUS_ENABLED;
        report.batterySaver = context.getSystemService(PowerManager.class).isPowerSaveMode();
        Network network = connectivity.getActiveNetwork();
        NetworkCapabilities capabilities = connectivity.getNetworkCapabilities(network);
        if (network != null && capabilities != null) {
            report.handle = network.getNetworkHandle();
            report.connected =
                    capabilities.hasCapability(NetworkCapabilities.NET_CAPABILITY_INTERNET);
            report.metered =
                    !capabilities.hasCapability(NetworkCapabilities.NET_CAPABILITY_NOT_METERED);
            report.roaming =
                    !capabilities.hasCapability(NetworkCapabilities.NET_CAPABILITY_NOT_ROAMING);
        }
        return report;
    }
}
