// SPDX-License-Identifier: Apache-2.0
package android.system.cloudmessaging;

import android.system.cloudmessaging.ICloudMessagingCallback;
import android.system.cloudmessaging.InboundMessage;
import android.system.cloudmessaging.KeyChange;
import android.system.cloudmessaging.OutgoingMessage;
import android.system.cloudmessaging.Outcome;
import android.system.cloudmessaging.Refusal;
import android.system.cloudmessaging.ServiceState;

/**
 * For the default SMS app of a user. Acts for the Android user that the caller runs as. Errors are
 * service-specific, see ErrorCode. The service never sends an SMS itself.
 *
 * What is kept of messages is wrapped with a key that comes when the user unlocks: outcomes(), inbound(), checkSms(),
 * keyChanged() and what acknowledges them fail with NOT_READY until then, and with STORAGE if the disk fails; nothing
 * has changed then. What is kept stays readable after turning off, and after a restart.
 */
interface ICloudMessaging {
    /** Most calls of one caller in progress; one more is refused at once with TOO_MANY. Ask again later. */
    const int MAX_CALLS = 4;
    /** Size of a message id in bytes. */
    const int ID_BYTES = 16;
    /** Longest body in bytes of UTF-8. */
    const int MAX_BODY_BYTES = 60000;
    /** Most entries in one page; fewer come back if they would not fit in one call. */
    const int MAX_PAGE = 100;
    /** Most messages that are under way at one time. */
    const int MAX_OPEN_MESSAGES = 1000;

    ServiceState state();

    /**
     * Takes a message. NONE: it is on the disk and will end in exactly one outcome, whatever crashes; the same call
     * again, also after a restart, is the same message until its outcome is acknowledged, also while others are refused.
     * Anything else: it was refused, nothing is stored, nothing was sent; but if an earlier call was cut short by a crash,
     * only once outcomes() can be read: before that nobody knows what was taken. BUSY, LEDGER and NO_NETWORK are never returned.
     * Fails with INVALID_ARGUMENT, TOO_LARGE, ID_REUSED, STORAGE, and with TOO_MANY if MAX_OPEN_MESSAGES or
     * bodies of 16 MiB are under way, or if 10000 are under way or ended and not acknowledged.
     */
    Refusal send(in OutgoingMessage message);

    /**
     * Outcomes after the cursor, oldest first; kept until they are acknowledged. Of a consent that was withdrawn, what
     * was never sent ends at once with SmsReason.OFF, and what is perhaps out at its SMS deadline.
     *
     * @param cursor 0, or the cursor of the last one read
     * @param limit 1 to MAX_PAGE
     */
    Outcome[] outcomes(long cursor, int limit);

    /** Forgets outcomes up to and including the cursor. */
    void acknowledgeOutcomes(long cursor);

    /**
     * Messages received after the cursor, oldest first; kept until they are acknowledged, at most 30 days and 16 MiB. When
     * full, a further one is refused and its sender told so.
     */
    InboundMessage[] inbound(long cursor, int limit);

    /** Forgets messages up to and including the cursor. */
    void acknowledgeInbound(long cursor);

    /**
     * Whether an SMS that arrived is a cloud message of the last 72 h again. Each message matches once.
     * Advice for folding the two in the view; delete nothing because of it. Where clocks differ the SMS can come first:
     * when a message is received, ask again for the last SMS of its sender.
     * Fails with INVALID_ARGUMENT, TOO_LARGE.
     *
     * @param sender as the network gave it; at most 64 bytes of UTF-8
     * @param body at most MAX_BODY_BYTES bytes of UTF-8
     * @return the id of that message, or an empty array
     */
    byte[] checkSms(int subscriptionId, String sender, String body, long receivedAtMillis);

    /** The same as ICloudMessagingConsent.submitCode(), for an app that reads the code by itself. */
    void submitCode(int subscriptionId, String code);

    /** Changes of identity keys noticed since acknowledgeKeyChanges(), oldest first, at most MAX_PAGE. */
    KeyChange[] keyChanged();

    /** Forgets the changes noticed up to and including that time, ms since the Unix epoch. */
    void acknowledgeKeyChanges(long atMillis);

    /**
     * 60 digits that are the same on both phones if neither was lied to about the other's key.
     * Fails with NOT_FOUND if nothing was exchanged with the peer yet, OFF, INVALID_ARGUMENT.
     */
    String fingerprint(int subscriptionId, String peer);

    /** Sets the one callback of this user's app; null clears it. Dropped when its process dies. */
    void setCallback(@nullable ICloudMessagingCallback callback);
}
