// SPDX-License-Identifier: Apache-2.0
package android.system.cloudmessaging.settings;

import android.app.Notification;
import android.app.NotificationChannel;
import android.app.NotificationManager;
import android.app.PendingIntent;
import android.content.Context;
import android.content.Intent;
import android.os.IBinder;
import android.os.RemoteException;
import android.os.ServiceSpecificException;
import android.os.UserManager;
import android.system.cloudmessaging.ICloudMessagingConsent;
import android.system.cloudmessaging.Legacy;
import android.util.Log;
import java.util.Collections;
import java.util.Locale;
import java.util.Set;
import java.util.WeakHashMap;

/**
 * Says once that an earlier service, which nobody was asked about, is off: after the update that took its place. To each user
 * that it concerns, in that user's process.
 */
final class LegacyNotice {
    private static final String NAME = "android.system.cloudmessaging.ICloudMessagingConsent";
    private static final String CHANNEL = "earlier";
    private static final int NOTICE = 1;
    private static final String TAG = "CloudMessaging";

    /** In this process: the gate may not be able to note that it was. */
    private static final Set<Context> SHOWN_BY = Collections.newSetFromMap(new WeakHashMap<>());

    private LegacyNotice() {}

    /** Shows it if the gate says so. A profile's owner is told as the user whose profile it is. */
    static synchronized void show(Context context) throws RemoteException {
        UserManager users = context.getSystemService(UserManager.class);
        if (!users.isUserUnlocked() || users.isManagedProfile()) {
            return;
        }
        IBinder binder = new Found(NAME).find();
        ICloudMessagingConsent gate = ICloudMessagingConsent.Stub.asInterface(binder);
        Legacy legacy = gate.legacy(Locale.getDefault().toLanguageTag());
        if (!legacy.toTell) {
            return;
        }
        if (SHOWN_BY.add(context)) {
            post(context, legacy);
        }
        try {
            gate.legacyTold();
        } catch (ServiceSpecificException e) {
            Log.i(TAG, "the service will ask for the notice again", e);
        }
    }

    private static void post(Context context, Legacy legacy) {
        NotificationManager notifications = context.getSystemService(NotificationManager.class);
        notifications.createNotificationChannel(
                new NotificationChannel(
                        CHANNEL,
                        context.getString(R.string.earlier_channel),
                        NotificationManager.IMPORTANCE_DEFAULT));
        String name =
                legacy.name.isEmpty() ? context.getString(R.string.earlier_unnamed) : legacy.name;
        String text =
                context.getString(
                        legacy.wasRegistered ? R.string.earlier_registered : R.string.earlier_was_on);
        Intent page = new Intent(context, CloudMessagingActivity.class);
        page.addFlags(Intent.FLAG_ACTIVITY_NEW_TASK);
        notifications.notify(
                NOTICE,
                new Notification.Builder(context, CHANNEL)
                        .setSmallIcon(R.drawable.ic_cloud_messaging)
                        .setContentTitle(context.getString(R.string.earlier_title, name))
                        .setContentText(text)
                        .setStyle(new Notification.BigTextStyle().bigText(text))
                        .setContentIntent(
                                PendingIntent.getActivity(
                                        context, 0, page, PendingIntent.FLAG_IMMUTABLE))
                        .setAutoCancel(true)
                        .build());
    }
}
