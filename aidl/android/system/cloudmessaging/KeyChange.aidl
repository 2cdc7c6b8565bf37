// SPDX-License-Identifier: Apache-2.0
package android.system.cloudmessaging;

/** Somebody's identity key is not the one known before: a new phone, a new grant, or somebody else. */
parcelable KeyChange {
    /** E.164. */
    String peer = "";
    /** When it was noticed, ms since the Unix epoch. */
    long atMillis = 0;
}
