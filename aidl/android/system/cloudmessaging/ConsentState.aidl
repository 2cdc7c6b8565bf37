// SPDX-License-Identifier: Apache-2.0
package android.system.cloudmessaging;

import android.system.cloudmessaging.DataClass;
import android.system.cloudmessaging.OffReason;
import android.system.cloudmessaging.Policy;
import android.system.cloudmessaging.Refusal;
import android.system.cloudmessaging.SimState;

/** All that the owner's page shows of one user. */
parcelable ConsentState {
    boolean on = false;
    OffReason offReason = OffReason.NO_RECORD;
    /** False: off now, not yet durable; the service keeps trying. */
    boolean durable = true;
    /** Why nothing passes at this moment, although on; NONE if something can. */
    Refusal refusal = Refusal.OFF;
    /** What forbids it, on or off: while it is not NONE, grant() fails with FORBIDDEN. */
    Policy policy = Policy.NONE;
    SimState[] sims;
    DataClass[] allowedClasses;
    boolean whileRoaming = false;
    boolean withDataSaver = false;
    boolean withBatterySaver = false;
    /** ms since the Unix epoch; 0 while off. */
    long grantedAtMillis = 0;
    int disclosureVersion = 0;
    /** Whether a process that could reach the network exists for this user. */
    boolean uplinkRunning = false;
    /** While off: when the last registration lapses, ms since the Unix epoch; 0 if none is known. */
    long leaseUntilMillis = 0;
}
