// SPDX-License-Identifier: Apache-2.0
package android.system.cloudmessaging;

/** One Android user. */
parcelable UserReport {
    int user = -1;
    /** UserManager.getSerialNumberForUser(). */
    long serial = -1;
    /** Whether the credential-encrypted storage is open. */
    boolean unlocked = false;
    /** Uid of the default SMS app in this user; -1 if there is none. */
    int defaultSmsUid = -1;
    /** DISALLOW_SMS is set. */
    boolean smsForbidden = false;
    /** The managed configuration says that cloud messaging is not allowed. */
    boolean forbiddenByOrganisation = false;
}
