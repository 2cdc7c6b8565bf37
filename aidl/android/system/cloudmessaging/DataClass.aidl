// SPDX-License-Identifier: Apache-2.0
package android.system.cloudmessaging;

/**
 * What can be revealed, by kind. A datum leaves the phone only if its class is allowed.
 */
@Backing(type="int")
enum DataClass {
    UNSPECIFIED = 0,
    /** The owner's phone number: to the registrar, and to whom the owner writes. */
    PHONE_NUMBER = 1,
    /** The number of somebody the owner writes to: to the registrar, to look up. */
    RECIPIENT_NUMBER = 2,
    /** What the owner wrote: to its recipient alone. */
    MESSAGE_CONTENT = 3,
    /** The phone's network address, and that it uses this service: to the broker. */
    NETWORK_ADDRESS = 4,
    /** The pseudonym under which the owner is reached: to the broker. */
    ROUTING_ID = 5,
    /** The pseudonym of whom the owner writes to: to the broker. */
    RECIPIENT_ROUTING_ID = 6,
    /** That a message arrived, and when: to its sender. */
    DELIVERY_RECEIPT = 7,
    /** The owner's public keys: to the registrar, and to whom the owner writes. */
    PUBLIC_KEYS = 8,
    /** Optional, never assumed: to the registrar. */
    IMSI = 9,
    /** Optional, never assumed: to the registrar. */
    IMEI = 10,
}
