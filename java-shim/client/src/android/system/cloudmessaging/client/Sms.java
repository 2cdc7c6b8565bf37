// SPDX-License-Identifier: Apache-2.0
package android.system.cloudmessaging.client;

import android.app.PendingIntent;
import android.content.Context;
import android.content.Intent;
import android.database.Cursor;
import android.net.Uri;
import android.provider.Telephony;
import android.system.cloudmessaging.OutgoingMessage;
import android.telephony.PhoneNumberUtils;
import android.telephony.SmsManager;
import android.telephony.TelephonyManager;
import android.util.Log;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;

/** The app's SMS: SmsManager, to which it goes, and the provider, which the app writes and this only reads. */
final class Sms {
    private static final String TAG = "CloudMessaging";

    private final Context mContext;

    Sms(Context context) {
        mContext = context;
    }

    /** An SMS of the provider. */
    record Row(Uri uri, String address, String body, long date) {}

    List<String> parts(OutgoingMessage message) {
        return manager(message).divideMessage(message.body);
    }

    /** How each part ends comes to the app's receiver, also if this process has ended by then. */
    void send(OutgoingMessage message, List<String> parts, UUID id, long attempt) {
        ArrayList<PendingIntent> results = new ArrayList<>();
        for (int part = 0; part < parts.size(); part++) {
            Intent result = new Intent(CloudMessaging.ACTION_SMS_SENT)
                    .setPackage(mContext.getPackageName())
                    .setIdentifier(id + " " + attempt + " " + part);
            results.add(PendingIntent.getBroadcast(mContext, 0, result,
                    PendingIntent.FLAG_IMMUTABLE | PendingIntent.FLAG_ONE_SHOT));
        }
        if (parts.size() == 1) {
            manager(message).sendTextMessage(message.recipient, null, parts.get(0),
                    results.get(0), null);
        } else {
            manager(message).sendMultipartTextMessage(message.recipient, null,
                    new ArrayList<>(parts), results, null);
        }
    }

    private SmsManager manager(OutgoingMessage message) {
        return mContext.getSystemService(SmsManager.class)
                .createForSubscriptionId(message.subscriptionId);
    }

    /** Whether the provider has this text, to this number, as sent at that time or later. */
    boolean isSent(OutgoingMessage message, long since) {
        Uri sent = Telephony.Sms.Sent.CONTENT_URI;
        return find(sent, message.subscriptionId, message.recipient, since, message.body) != null;
    }

    /** The last SMS from that number, if it came since then; or null. */
    Row lastFrom(int subscriptionId, String sender, long since) {
        return find(Telephony.Sms.Inbox.CONTENT_URI, subscriptionId, sender, since, null);
    }

    /** The newest such row; null also if the provider cannot be read, which is nothing to stop for. */
    private Row find(Uri box, int subscriptionId, String number, long since, String body) {
        try {
            return query(box, subscriptionId, number, since, body);
        } catch (RuntimeException e) {
            Log.w(TAG, "the SMS provider cannot be read", e);
            return null;
        }
    }

    private Row query(Uri box, int subscriptionId, String number, long since, String body) {
        String where = Telephony.Sms.DATE + " >= ?";
        String[] values = {Long.toString(since)};
        if (body != null) {
            where += " AND " + Telephony.Sms.BODY + " = ?";
            values = new String[] {values[0], body};
        }
        String[] columns = {
            Telephony.Sms._ID, Telephony.Sms.ADDRESS, Telephony.Sms.BODY, Telephony.Sms.DATE
        };
        String country = mContext.getSystemService(TelephonyManager.class)
                .createForSubscriptionId(subscriptionId).getSimCountryIso();
        try (Cursor rows = mContext.getContentResolver().query(box, columns, where, values,
                Telephony.Sms.DATE + " DESC")) {
            while (rows != null && rows.moveToNext()) {
                String address = rows.getString(1);
                if (address != null
                        && PhoneNumberUtils.areSamePhoneNumber(address, number, country)) {
                    Uri uri = Uri.withAppendedPath(Telephony.Sms.CONTENT_URI, rows.getString(0));
                    return new Row(uri, address, rows.getString(2), rows.getLong(3));
                }
            }
        }
        return null;
    }
}
