// SPDX-License-Identifier: Apache-2.0
package android.system.cloudmessaging.settings;

import android.content.Context;
import android.system.cloudmessaging.SimIdentity;
import android.telephony.SubscriptionInfo;
import android.telephony.SubscriptionManager;
import android.telephony.TelephonyManager;
import java.util.ArrayList;
import java.util.List;

/**
 * The SIMs in the phone and what identifies them. Read in two cases only: while the owner looks at what would be revealed,
 * and while it is on and the gate wants to know. Not kept, and never logged.
 */
final class Sims {
    private static final int SHOWN_DIGITS = 2;

    private Sims() {}

    static SimIdentity[] read(Context context) {
        SubscriptionManager subscriptions = context.getSystemService(SubscriptionManager.class);
        TelephonyManager telephony = context.getSystemService(TelephonyManager.class);
        List<SubscriptionInfo> active = subscriptions.getActiveSubscriptionInfoList();
        List<SimIdentity> sims = new ArrayList<>();
        for (SubscriptionInfo info : active == null ? List.<SubscriptionInfo>of() : active) {
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

    /** Enough to recognise one's own, and not more than that. */
    static String masked(String identity) {
        int hidden = Math.max(0, identity.length() - SHOWN_DIGITS);
        return Words.leftToRight("•".repeat(hidden) + identity.substring(hidden));
    }

    private static String known(String identity) {
        return identity == null ? "" : identity;
    }
}
