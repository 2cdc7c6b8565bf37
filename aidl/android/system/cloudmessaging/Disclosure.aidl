// SPDX-License-Identifier: Apache-2.0
package android.system.cloudmessaging;

/** What the owner is told before being asked, or asked again. */
parcelable Disclosure {
    /** Rises with each widening of what is revealed. */
    int version;
    /** BCP 47 tag of the text. May differ from the one asked for: the closest there is. */
    String locale = "";
    /** Plain text, UTF-8, at most 32 KiB. */
    String text = "";
    /** SHA-256 of the text, 32 bytes: what grant() has to name. */
    byte[] sha256;
    /** Who answers for the service, and the broker's host: part of what is agreed to. At most 256 bytes each. */
    String controller = "";
    String broker = "";
    /**
     * What is new for the caller's user, whose consent is outdated by it (OffReason OUTDATED_DISCLOSURE); nothing for
     * any other. At most 16 sentences in the language of the text, at most 1 KiB each.
     */
    String[] news;
    /** Who answered for the service when this user agreed, if that was somebody else; else "". */
    String controllerBefore = "";
    /** The broker's host when this user agreed, if that was another one; else "". */
    String brokerBefore = "";
    /** Whether the registrar has a key that it had not when this user agreed. */
    boolean registrarChanged = false;
}
