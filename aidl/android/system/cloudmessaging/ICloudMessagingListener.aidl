// SPDX-License-Identifier: Apache-2.0
package android.system.cloudmessaging;

/** Hints that something changed; ask for the state. */
oneway interface ICloudMessagingListener {
    void onStateChanged();
    /**
     * Messages or outcomes wait for the user's default SMS app, and it has set no callback: it is to be woken. Told to those
     * who report (ICloudMessagingPlatform), and to nobody else.
     */
    void onWaiting(int user);
}
