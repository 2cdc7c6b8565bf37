// SPDX-License-Identifier: Apache-2.0
package android.system.cloudmessaging;

/** What the owner is told before being asked. */
parcelable Disclosure {
    /** Rises with each widening of what is revealed. */
    int version;
    /** BCP 47 tag of the text. May differ from the one asked for: the closest there is. */
    String locale = "";
    /** Plain text, UTF-8, at most 32 KiB. */
    String text = "";
    /** SHA-256 of the text, 32 bytes: what grant() has to name. */
    byte[] sha256;
}
