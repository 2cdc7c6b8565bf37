// SPDX-License-Identifier: Apache-2.0
package android.system.cloudmessaging;

/**
 * Service-specific error codes of the three interfaces. The message that comes with one says what was
 * wrong with what; it never holds personal data. A caller that a method is not for gets EX_SECURITY
 * and learns nothing.
 */
@Backing(type="int")
enum ErrorCode {
    /** Not used. */
    NONE = 0,
    /** An argument is malformed or out of range. Nothing was done. Do not repeat the call as it is. */
    INVALID_ARGUMENT = 1,
    /** An argument is larger than its documented limit. Nothing was done. */
    TOO_LARGE = 2,
    /** The hash names no disclosure that this build ships: show the current one and ask again. */
    UNKNOWN_DISCLOSURE = 3,
    /** Storage failed. A grant that meets it is off; a class change that meets it is as before. */
    STORAGE = 4,
    /** The ledger could not be written, so what would have to be written down first did not happen. */
    LEDGER = 5,
    /** Only possible while cloud messaging is on for this user. */
    OFF = 6,
    /** No registration of this SIM is waiting for a code. */
    NO_CODE_EXPECTED = 7,
    /** The SIM takes part under another user of this phone. */
    SIM_IN_USE = 8,
    /** There is nothing of that name. */
    NOT_FOUND = 9,
    /** A documented maximum is reached; try again when something was acknowledged, removed or answered. */
    TOO_MANY = 10,
    /** A policy forbids turning on. */
    FORBIDDEN = 11,
    /** Users were not reported yet, or the user is locked. Try again after that. */
    NOT_READY = 12,
    /** The id was used for a different message. */
    ID_REUSED = 13,
    /** The service failed in a way it did not expect. Nothing was sent. */
    INTERNAL = 14,
    /** What was asked for could not be written to where it was wanted. */
    UNWRITABLE = 15,
}
