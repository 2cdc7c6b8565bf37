// SPDX-License-Identifier: Apache-2.0
package android.system.cloudmessaging;

/** A message to send. */
parcelable OutgoingMessage {
    /** 16 bytes, random, the app's: calling again with the same id and content is the same message. */
    byte[] id;
    int subscriptionId = -1;
    /** E.164 with the leading plus. One person: there are no groups. */
    String recipient = "";
    /** 1 to ICloudMessaging.MAX_BODY_BYTES bytes of UTF-8. */
    String body = "";
    /**
     * When the app wants to send an SMS instead if it was not delivered by then, ms since the Unix epoch.
     * At least 20 s from now, and at most 24 h and 10 s are used of it.
     */
    long smsDeadlineMillis = 0;
}
