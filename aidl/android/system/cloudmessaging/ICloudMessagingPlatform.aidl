// SPDX-License-Identifier: Apache-2.0
package android.system.cloudmessaging;

import android.system.cloudmessaging.LegacySetting;
import android.system.cloudmessaging.NetworkReport;
import android.system.cloudmessaging.SimIdentity;
import android.system.cloudmessaging.UserReport;

/**
 * Facts that only the Java side can know. Kept in memory only; until they are reported after each start
 * of the service, nothing passes the gate. For our settings app in the system user.
 */
interface ICloudMessagingPlatform {
    /** Most calls of one caller in progress; one more is refused at once with TOO_MANY. Ask again later. */
    const int MAX_CALLS = 4;
    /** Most users in one report. */
    const int MAX_USERS = 64;
    /** Size of a storage key in bytes. */
    const int STORAGE_KEY_BYTES = 32;
    /** Most settings of an earlier service that are asked for. */
    const int MAX_LEGACY_SETTINGS = 32;
    /** Most characters of the value of one: what is longer is cut to this. */
    const int MAX_LEGACY_CHARS = 256;

    /**
     * All users that exist. One that is missing was removed, and so was one whose serial number is another now: what was
     * kept for them is deleted. Report nothing rather than some of them. Fails with INVALID_ARGUMENT (nobody, too), TOO_LARGE.
     */
    void reportUsers(in UserReport[] users);

    /**
     * The SIMs in the phone, for a user for whom cloud messaging is on. Fails with OFF if it is not:
     * do not even read them then. Fails with INVALID_ARGUMENT, TOO_LARGE.
     */
    void reportIdentities(int user, in SimIdentity[] sims);

    /** The network that may be used now; a change ends the connections of the one before. */
    void reportNetwork(in NetworkReport network);

    /**
     * Opens what is stored for the user; given when the user has unlocked. Fails with INVALID_ARGUMENT,
     * NOT_FOUND (no such user was reported).
     */
    void provideStorageKey(int user, in byte[] key);

    /** Whether cloud messaging is on for the user, so that identities are wanted. */
    boolean wantsIdentities(int user);

    /**
     * The settings of an earlier service whose values are wanted of this user: at the first start on this phone, until they
     * were reported; none ever after. Read no others, and none at any other time. Fails with INVALID_ARGUMENT.
     */
    LegacySetting[] wantsLegacy(int user);

    /**
     * Their values as they are now, all of those that were asked for and no others. Durable when it returns. Without
     * effect if none are wanted. Fails with INVALID_ARGUMENT, TOO_LARGE, STORAGE: report again later then.
     */
    void reportLegacy(int user, in LegacySetting[] settings);

    /** Registers for hints that what is wanted changed, and that an app is to be woken. Fails with TOO_MANY. */
    void addListener(android.system.cloudmessaging.ICloudMessagingListener listener);
}
