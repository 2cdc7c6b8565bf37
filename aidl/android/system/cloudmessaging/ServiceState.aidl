// SPDX-License-Identifier: Apache-2.0
package android.system.cloudmessaging;

import android.system.cloudmessaging.Refusal;

/** What the Messaging app may know of the service. */
parcelable ServiceState {
    /** Whether the owner has turned it on. */
    boolean on = false;
    /** Why send() would be refused at this moment; NONE if it would not. */
    Refusal refusal = Refusal.OFF;
    /** Subscription ids of the SIMs that take part and are registered. */
    int[] subscriptionIds;
}
