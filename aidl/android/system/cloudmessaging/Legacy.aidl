// SPDX-License-Identifier: Apache-2.0
package android.system.cloudmessaging;

/**
 * What an earlier service, which nobody had been asked about, left on the phone as far as it concerns one user. It was
 * looked for once, by the first start of this service on this phone; none of it was ever taken for consent.
 */
parcelable Legacy {
    /** Something of it was found, whatever it meant. */
    boolean found = false;
    /** It had been on. It is not any more: this module took its place, and is off until the owner turns it on. */
    boolean wasOn = false;
    /** It had registered this phone or its owner with a server. This module asks nobody to erase that. */
    boolean wasRegistered = false;
    /** The owner has to be told that it was on, or registered, and was not yet: see legacyTold(). */
    boolean toTell = false;
    /** What owners knew it by, in the closest language there is, at most 80 bytes of UTF-8; empty if the build does not say. */
    String name = "";
    /** How to have that registration erased, plain text for the owner, at most 4 KiB; empty if the build does not say. */
    String erasure = "";
    /** Where to ask for it: an https: or mailto: address, at most 256 bytes; empty if the build does not say. */
    String address = "";
}
