// SPDX-License-Identifier: Apache-2.0
package android.system.cloudmessaging;

import android.system.cloudmessaging.Registration;

/** One SIM that takes part. */
parcelable SimState {
    int subscriptionId = -1;
    Registration registration = Registration.NONE;
    /** When the registration lapses unless renewed, ms since the Unix epoch; 0 if there is none. */
    long leaseUntilMillis = 0;
    /** Whether messages to this SIM can arrive at this moment. */
    boolean connected = false;
    /** Of CODE_NEEDED: the code that was handed in last was not the one that was sent. Another try costs no SMS. */
    boolean codeWasWrong = false;
    /** Of CODE_NEEDED: until when the code that was sent is good, ms since the Unix epoch; then requestCode(). */
    long codeUntilMillis = 0;
}
