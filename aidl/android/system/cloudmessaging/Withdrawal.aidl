// SPDX-License-Identifier: Apache-2.0
package android.system.cloudmessaging;

import android.system.cloudmessaging.Erasure;

/** What withdraw() did. Off it is in every case. */
parcelable Withdrawal {
    /**
     * False: off now, not yet durable; the service keeps trying, state() tells. So it is until a boot is complete: an
     * update of the system that fails before brings back what was there.
     */
    boolean durable = false;
    Erasure erasure = Erasure.NONE;
    /** When the last registration lapses, ms since the Unix epoch; 0 if there is none (left). */
    long leaseUntilMillis = 0;
}
