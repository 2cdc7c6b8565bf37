// SPDX-License-Identifier: Apache-2.0
package android.system.cloudmessaging.client;

import android.os.RemoteException;
import android.system.cloudmessaging.ICloudMessaging;
import android.system.cloudmessaging.InboundMessage;
import android.system.cloudmessaging.KeyChange;
import java.io.IOException;
import java.util.UUID;
import java.util.concurrent.TimeUnit;

/** What came: messages, and changes of keys. The service forgets them only after the app has stored them. */
final class Incoming {
    /** For so long the service knows a message again. */
    private static final long KNOWN_MILLIS = TimeUnit.HOURS.toMillis(72);

    private final MessageStore mStore;
    private final Sms mSms;

    Incoming(MessageStore store, Sms sms) {
        mStore = store;
        mSms = sms;
    }

    void read(ICloudMessaging gate) throws IOException, RemoteException {
        InboundMessage[] page = gate.inbound(0, ICloudMessaging.MAX_PAGE);
        while (page.length > 0) {
            Step.reached("client.inbound.read");
            for (InboundMessage message : page) {
                UUID id = Ids.uuid(message.id);
                mStore.received(id, message);
                Step.reached("client.inbound.stored");
                fold(gate, message);
            }
            gate.acknowledgeInbound(page[page.length - 1].cursor);
            Step.reached("client.inbound.acknowledged");
            page = gate.inbound(0, ICloudMessaging.MAX_PAGE);
        }
        KeyChange[] changes;
        do {
            changes = gate.keyChanged();
            for (KeyChange change : changes) {
                mStore.keyChanged(change.peer, change.atMillis);
                Step.reached("client.keys.stored");
            }
            if (changes.length > 0) {
                gate.acknowledgeKeyChanges(changes[changes.length - 1].atMillis);
                Step.reached("client.keys.acknowledged");
            }
        } while (changes.length == ICloudMessaging.MAX_PAGE);
    }

    /** Where clocks differ, the SMS of a message that was late comes before the message itself. */
    private void fold(ICloudMessaging gate, InboundMessage message)
            throws IOException, RemoteException {
        long since = message.receivedAtMillis - KNOWN_MILLIS;
        Sms.Row row = mSms.lastFrom(message.subscriptionId, message.sender, since);
        if (row == null || row.body() == null) {
            return;
        }
        byte[] known = gate.checkSms(message.subscriptionId, row.address(), row.body(), row.date());
        if (known.length == ICloudMessaging.ID_BYTES) {
            mStore.folded(Ids.uuid(known), row.uri());
        }
    }
}
