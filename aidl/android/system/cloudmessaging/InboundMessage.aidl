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
    /**
     * What the sender's ledger was when the message left, hashed with a nonce that stays in it: 32 bytes, or none if
     * the sender said nothing. With an export of that ledger it shows whether it was rewritten since.
     */
    byte[] checkpointHash;
}
