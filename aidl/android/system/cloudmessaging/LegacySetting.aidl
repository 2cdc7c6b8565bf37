// SPDX-License-Identifier: Apache-2.0
package android.system.cloudmessaging;

/** One value of android.provider.Settings that an earlier service used. */
parcelable LegacySetting {
    /** Where it is: "global", "secure" or "system". */
    String table = "";
    /** Its name there, at most 128 bytes. */
    String key = "";
    /** What it says, cut to MAX_LEGACY_CHARS; null if there is none. Not used in a question. */
    @nullable String value;
}
