// SPDX-License-Identifier: Apache-2.0
package android.system.cloudmessaging;

/** What forbids turning on, and holds back what is on. Only whoever set it can lift it. */
@Backing(type="int")
enum Policy {
    /** Nothing. */
    NONE = 0,
    /** The managed configuration of the organisation. */
    ORGANISATION = 1,
    /** DISALLOW_SMS is set for the user. */
    SMS_FORBIDDEN = 2,
    /** The build's configuration: nobody can turn it on. */
    BUILD = 3,
}
