// SPDX-License-Identifier: Apache-2.0
package android.system.cloudmessaging.shim;

import android.telephony.SubscriptionInfo;
import android.telephony.SubscriptionManager;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.robolectric.annotation.Implementation;
import org.robolectric.annotation.Implements;
import org.robolectric.shadows.ShadowSubscriptionManager;

/** Counts how often somebody looks which SIMs there are, and what their numbers are. */
@Implements(SubscriptionManager.class)
public class CountedSims extends ShadowSubscriptionManager {
    static final AtomicInteger READS = new AtomicInteger();

    @Implementation
    @Override
    protected List<SubscriptionInfo> getActiveSubscriptionInfoList() {
        READS.incrementAndGet();
        return super.getActiveSubscriptionInfoList();
    }

    @Implementation(minSdk = 33)
    @Override
    protected String getPhoneNumber(int subscription) {
        READS.incrementAndGet();
        return super.getPhoneNumber(subscription);
    }
}
