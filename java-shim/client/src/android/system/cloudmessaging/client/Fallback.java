// SPDX-License-Identifier: Apache-2.0
package android.system.cloudmessaging.client;

import android.system.cloudmessaging.OutgoingMessage;
import android.system.cloudmessaging.client.Entry.State;
import android.util.Log;
import java.io.IOException;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;

/**
 * A message as an SMS: at most one of the library's own accord. That it is about to be handed over is on the disk before
 * SmsManager is called; an entry that still says so later was cut short, and then only the SMS provider or the owner knows.
 */
final class Fallback {
    private static final String TAG = "CloudMessaging";

    private final Journal mJournal;
    private final MessageStore mStore;
    private final Sms mSms;
    /** What the app was not told, or perhaps not. */
    private final Set<UUID> mUntold = new HashSet<>();

    Fallback(Journal journal, MessageStore store, Sms sms) {
        mJournal = journal;
        mStore = store;
        mSms = sms;
    }

    /** After the journal was opened. */
    void begin() {
        mUntold.addAll(mJournal.all().keySet());
    }

    /** The message is to go as an SMS; unless it did, or may have. */
    void use(UUID id) throws IOException {
        Entry known = mJournal.get(id);
        if (known == null || known.state() == State.OFFERED) {
            send(id, false);
        }
    }

    private void send(UUID id, boolean again) throws IOException {
        OutgoingMessage message = mStore.outgoing(id);
        if (message == null) {
            mJournal.remove(id);
            return;
        }
        List<String> parts = mSms.parts(message);
        boolean alike = again || hasAlike(id, message);
        Entry intended = Entry.intended(System.currentTimeMillis(), parts.size(), alike);
        mJournal.put(id, intended);
        Step.reached("client.sms.intended");
        try {
            mSms.send(message, parts, id, intended.since());
        } catch (RuntimeException e) {
            Log.w(TAG, "SmsManager failed: whether it has the message is not known", e);
            enter(id, intended.become(State.UNKNOWN));
            return;
        }
        Step.reached("client.sms.called");
        enter(id, intended.become(State.HANDED_OVER));
    }

    /** Whether another message reads the same, and may enter the provider later than this one is intended. */
    private boolean hasAlike(UUID id, OutgoingMessage message) throws IOException {
        for (Map.Entry<UUID, Entry> one : mJournal.all().entrySet()) {
            if (!one.getKey().equals(id) && one.getValue().state() != State.OFFERED) {
                OutgoingMessage other = mStore.outgoing(one.getKey());
                if (other != null && other.body.equals(message.body)
                        && other.recipient.equals(message.recipient)) {
                    return true;
                }
            }
        }
        return false;
    }

    private void enter(UUID id, Entry entry) throws IOException {
        mJournal.put(id, entry);
        mUntold.add(id);
        Step.reached("client.sms.recorded");
        tell(id, entry);
    }

    private void tell(UUID id, Entry entry) throws IOException {
        switch (entry.state()) {
            case HANDED_OVER -> mStore.sms(id, MessageStore.Sms.HANDED_OVER);
            case SENT -> mStore.sms(id, MessageStore.Sms.SENT);
            case FAILED -> mStore.sms(id, MessageStore.Sms.FAILED);
            case UNKNOWN -> mStore.sms(id, MessageStore.Sms.UNKNOWN);
            case OFFERED, INTENDED, DECLINED -> {}
        }
        mUntold.remove(id);
        Step.reached("client.sms.told");
    }

    /** Settles what was cut short, and tells what perhaps was not. */
    void resume() throws IOException {
        for (Map.Entry<UUID, Entry> one : mJournal.all().entrySet()) {
            if (one.getValue().state() == State.INTENDED) {
                settle(one.getKey(), one.getValue());
            }
        }
        for (UUID id : Set.copyOf(mUntold)) {
            Entry entry = mJournal.get(id);
            if (entry != null) {
                tell(id, entry);
            } else {
                mUntold.remove(id);
            }
        }
    }

    private void settle(UUID id, Entry entry) throws IOException {
        OutgoingMessage message = mStore.outgoing(id);
        if (message == null) {
            enter(id, entry.become(State.DECLINED));
            return;
        }
        boolean sent = !entry.alike() && mSms.isSent(message, entry.since());
        Step.reached("client.sms.looked_up");
        enter(id, entry.become(sent ? State.SENT : State.UNKNOWN));
    }

    /** Nobody can say any more whether the message is with the service. */
    void ask(UUID id) throws IOException {
        enter(id, new Entry(State.UNKNOWN, System.currentTimeMillis(), 0, false, true));
    }

    /** What the owner said about a message whose fate is not known, or whose SMS failed. */
    void answer(UUID id, boolean again) throws IOException {
        Entry entry = mJournal.get(id);
        if (entry == null || (entry.state() != State.UNKNOWN && entry.state() != State.FAILED)) {
            return;
        }
        if (again) {
            send(id, true);
        } else {
            mJournal.put(id, entry.become(State.DECLINED));
            Step.reached("client.answer.recorded");
        }
    }

    /** What the network said of a part; `attempt` is the one that it belongs to. */
    void ended(UUID id, long attempt, boolean taken) throws IOException {
        Entry entry = mJournal.get(id);
        if (entry == null || entry.since() != attempt || entry.left() == 0) {
            return;
        }
        Entry next = entry.partEnded(taken);
        if (next.state() == entry.state()) {
            mJournal.put(id, next);
        } else {
            enter(id, next);
        }
    }
}
