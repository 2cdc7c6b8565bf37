// SPDX-License-Identifier: Apache-2.0
package android.system.cloudmessaging;

/** A message that was received and verified. */
parcelable InboundMessage {
    /** Rises by at least one with each message. */
    long cursor = 0;
    byte[] id;
    /** The SIM it came to. */
    int subscriptionId = -1;
    /** E.164, certified by the registrar. */
    String sender = "";
    String body = "";
    /** By the sender's clock, ms since the Unix epoch. */
    long sentAtMillis = 0;
    /** By this phone's clock, ms since the Unix epoch. */
    long receivedAtMillis = 0;
}
