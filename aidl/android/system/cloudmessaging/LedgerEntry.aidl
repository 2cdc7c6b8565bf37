// SPDX-License-Identifier: Apache-2.0
package android.system.cloudmessaging;

import android.system.cloudmessaging.DataClass;

/** One entry of the ledger. */
parcelable LedgerEntry {
    /** From 0. */
    long position = 0;
    /** Wall clock, ms since the Unix epoch. */
    long wallMillis = 0;
    /** Name of the event in proto/ledger.proto, for example "intent". */
    String event = "";
    /** In one line, for a person. Holds no identifier in clear. */
    String summary = "";
    /** What was revealed; empty for events that reveal nothing. */
    DataClass[] revealed;
    /** Bytes that left or would leave, after encryption. */
    long bytes = 0;
    /** Host they go to; empty for events without one. */
    String host = "";
    /** The entry as stored, proto/ledger.proto, message Entry. */
    byte[] entry;
}
