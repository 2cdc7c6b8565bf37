// SPDX-License-Identifier: Apache-2.0
package android.system.cloudmessaging;

/**
 * Why consent reads as off. There is no stored "off": absence is refusal, and so is everything that is
 * not a valid record in every respect.
 */
@Backing(type="int")
enum OffReason {
    /** It is on. */
    NONE = 0,
    /** No record: never turned on, or turned off. */
    NO_RECORD = 1,
    /**
     * The record cannot be opened, is no regular file, or has a wrong owner, mode or size; or the disk or the
     * record key did not answer. If that passes, it is read again, and may be on.
     */
    UNREADABLE = 2,
    /** The record does not parse, or is not authenticated by this phone's record key. */
    DAMAGED = 3,
    /** The record was written by a newer version. It is left untouched until the owner turns off. */
    FUTURE_VERSION = 4,
    /** The record names another user, or a user that was removed and made again. */
    OTHER_USER = 5,
    /** The disclosure that was agreed to is not one this build ships. */
    UNKNOWN_DISCLOSURE = 6,
    /** The disclosure has widened since it was agreed to. */
    OUTDATED_DISCLOSURE = 7,
    /** The user does not exist as far as was reported since the service started. */
    UNKNOWN_USER = 8,
}
