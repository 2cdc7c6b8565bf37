// SPDX-License-Identifier: Apache-2.0
package android.system.cloudmessaging.client;

import android.net.Uri;
import android.system.cloudmessaging.InboundMessage;
import android.system.cloudmessaging.OutgoingMessage;
import java.io.IOException;
import java.util.UUID;

/**
 * The app's own messages. {@link CloudMessaging} keeps none: it asks here, and tells what became of them.
 *
 * <p>All of it is called on one thread of the library's, one call after the other. <b>What a method was told must be durable when
 * it returns</b>: the service forgets it then. One that throws is told again later; and after a crash anything may be told a
 * second time, so each must bear that.
 */
public interface MessageStore {
    /** What is known of a message's SMS. */
    enum Sms {
        /** SmsManager has taken it; how that ends is told later. */
        HANDED_OVER,
        /** The network has taken all of it: write it into the SMS provider now, as each default SMS app does. */
        SENT,
        /** The network did not take it, or not all of it. {@link CloudMessaging#answer} tries again if the owner wants that. */
        FAILED,
        /**
         * A crash came between two steps, and it is not known whether it was sent. Ask the owner: "Not known whether this was
         * sent. Send again?" The answer goes to {@link CloudMessaging#answer}. The question is settled as well if
         * {@link #SENT}, {@link #FAILED} or {@link #delivered} is told meanwhile.
         */
        UNKNOWN,
    }

    /**
     * What a message says, the same each time: SIM, recipient (E.164), body, and the deadline; its id need not be set.
     *
     * @return null for one that is over: delivered, {@link Sms#SENT}, given up by its owner or deleted; and for one that the app
     *     does not know
     */
    OutgoingMessage outgoing(UUID id) throws IOException;

    /** Whether the owner wants SMS alone for this number. */
    boolean alwaysSms(String recipient) throws IOException;

    /** The recipient's phone holds the message. */
    void delivered(UUID id) throws IOException;

    /** The message goes as an SMS, and this is what is known of that. */
    void sms(UUID id, Sms known) throws IOException;

    /** A message came. Store it once for each id and sender. */
    void received(UUID id, InboundMessage message) throws IOException;

    /** This SMS of the provider is the message that was received under this id, a second time: show one of them. */
    void folded(UUID id, Uri sms) throws IOException;

    /** Somebody's key is another than before: a new phone, a new start, or somebody else. Say so in the conversation. */
    void keyChanged(String peer, long atMillis) throws IOException;

    /** {@link CloudMessaging#state} may say something else now. */
    void stateChanged();
}
