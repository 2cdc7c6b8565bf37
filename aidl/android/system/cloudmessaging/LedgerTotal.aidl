// SPDX-License-Identifier: Apache-2.0
package android.system.cloudmessaging;

import android.system.cloudmessaging.DataClass;

/** What left the phone on one day: in all, or of one class. */
parcelable LedgerTotal {
    /** Days since 1 January 1970, by the caller's midnight. */
    int day = 0;
    /** UNSPECIFIED: all. What revealed two classes counts in both. */
    DataClass dataClass = DataClass.UNSPECIFIED;
    /** Attempts to connect, and ciphertexts that were handed over or about to be. */
    long count = 0;
    /** How many of these were attempts to connect. */
    long connections = 0;
    /** Bytes of the ciphertexts. */
    long bytes = 0;
}
