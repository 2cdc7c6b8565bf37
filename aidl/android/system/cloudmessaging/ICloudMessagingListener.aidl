// SPDX-License-Identifier: Apache-2.0
package android.system.cloudmessaging;

/** Hints that something changed; ask for the state. */
oneway interface ICloudMessagingListener {
    void onStateChanged();
}
