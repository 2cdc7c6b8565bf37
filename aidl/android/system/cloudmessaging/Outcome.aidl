// SPDX-License-Identifier: Apache-2.0
package android.system.cloudmessaging;

import android.system.cloudmessaging.SmsReason;

/** How a message ended. There is exactly one for each id that send() accepted. */
parcelable Outcome {
    /** Rises by at least one with each outcome. */
    long cursor = 0;
    byte[] id;
    /** True: the recipient's phone holds it. False: send it as an SMS. */
    boolean delivered = false;
    SmsReason reason = SmsReason.NONE;
    /** When it ended, ms since the Unix epoch. */
    long atMillis = 0;
}
