// SPDX-License-Identifier: Apache-2.0
package android.system.cloudmessaging;

/** Why a message is to be sent as an SMS. */
@Backing(type="int")
enum SmsReason {
    /** It was delivered. */
    NONE = 0,
    /** The recipient does not use cloud messaging. */
    NOT_REGISTERED = 1,
    /** The gate or the registrar refused it. */
    REFUSED = 2,
    /** Cloud messaging was turned off before it was sent. */
    OFF = 3,
    /** There was no network until the deadline. */
    NO_NETWORK = 4,
    /** No receipt came until the deadline. */
    EXPIRED = 5,
    /** The recipient's key it was sealed to is gone. */
    PREKEY_GONE = 6,
    /** The recipient's inbox is full. */
    FULL = 7,
}
