// SPDX-License-Identifier: Apache-2.0
package android.system.cloudmessaging;

/** Hints that there is something to read; they carry nothing. */
oneway interface ICloudMessagingCallback {
    /** outcomes() has something new. */
    void onOutcomes();
    /** inbound() has something new. */
    void onInbound();
    /** keyChanged() has something new. */
    void onKeyChanged();
    /** state() has changed. */
    void onStateChanged();
}
