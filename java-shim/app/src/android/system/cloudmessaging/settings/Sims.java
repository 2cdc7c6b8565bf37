// SPDX-License-Identifier: Apache-2.0
package android.system.cloudmessaging.settings;

import android.content.Context;
import android.system.cloudmessaging.SimIdentity;
import android.telephony.SubscriptionInfo;
import android.telephony.SubscriptionManager;
import android.telephony.TelephonyManager;
import android.util.Log;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The SIMs in the phone and what identifies them. Read in two cases only: while the owner looks at what would be revealed,
 * and while it is on and the gate wants to know. Not kept, and never logged.
 */
final class Sims {
    private static final int SHOWN_DIGITS = 2;
    private static final String TAG = "CloudMessaging";

    private Sims() {}

    /** None where they cannot be read: a tablet has no telephony, and what is behind it may fail. */
    static SimIdentity[] read(Context context) {
        try {
            return readAll(context);
        } catch (RuntimeException e) {
            // Not the exception: it may say whose SIM it was.
            Log.w(TAG, "the SIMs cannot be read: " + e.getClass().getName());
            return new SimIdentity[0];
        }
    }

    private static SimIdentity[] readAll(Context context) {
        SubscriptionManager subscriptions = context.getSystemService(SubscriptionManager.class);
        TelephonyManager telephony = context.getSystemService(TelephonyManager.class);
        if (subscriptions == null || telephony == null) {
            return new SimIdentity[0];
        }
        List<SimIdentity> sims = new ArrayList<>();
        for (SubscriptionInfo info : active(context)) {
            SimIdentity sim = new SimIdentity();
            sim.subscriptionId = info.getSubscriptionId();
            sim.number = known(subscriptions.getPhoneNumber(sim.subscriptionId));
            sim.imsi =
                    known(telephony.createForSubscriptionId(sim.subscriptionId).getSubscriberId());
            sim.imei = known(telephony.getImei(info.getSimSlotIndex()));
            sims.add(sim);
        }
        return sims.toArray(new SimIdentity[0]);
    }

    /** What their owner calls them, by subscription id; in the order in which they are in the phone. */
    static Map<Integer, String> names(Context context) {
        Map<Integer, String> names = new LinkedHashMap<>();
        for (SubscriptionInfo info : active(context)) {
            CharSequence name = info.getDisplayName();
            names.put(
                    info.getSubscriptionId(),
                    name == null || name.isEmpty()
                            ? context.getString(R.string.sim, names.size() + 1)
                            : name.toString());
        }
        return names;
    }

    /** The same, with the numbers. Nothing else is read for it. */
    static Map<Integer, String> labels(Context context) {
        SubscriptionManager subscriptions = context.getSystemService(SubscriptionManager.class);
        Map<Integer, String> labels = names(context);
        labels.replaceAll(
                (id, name) -> {
                    String number = known(subscriptions.getPhoneNumber(id));
                    return number.isEmpty()
                            ? name
                            : context.getString(R.string.sim_label, name, masked(number));
                });
        return labels;
    }

    /** Enough to recognise one's own, and not more than that. From left to right in every language. */
    static String masked(String identity) {
        int hidden = Math.max(0, identity.length() - SHOWN_DIGITS);
        return Words.leftToRight("•".repeat(hidden) + identity.substring(hidden));
    }

    private static List<SubscriptionInfo> active(Context context) {
        SubscriptionManager subscriptions = context.getSystemService(SubscriptionManager.class);
        List<SubscriptionInfo> active =
                subscriptions == null ? null : subscriptions.getActiveSubscriptionInfoList();
        return active == null ? List.of() : active;
    }

    private static String known(String identity) {
        return identity == null ? "" : identity;
    }
}
