// SPDX-License-Identifier: Apache-2.0
package android.system.cloudmessaging.client;

import android.os.RemoteException;
import android.os.ServiceSpecificException;
import android.system.cloudmessaging.ErrorCode;
import android.system.cloudmessaging.ICloudMessaging;
import android.system.cloudmessaging.Outcome;
import android.system.cloudmessaging.OutgoingMessage;
import android.system.cloudmessaging.Refusal;
import android.system.cloudmessaging.ServiceState;
import android.system.cloudmessaging.client.Entry.State;
import android.util.Log;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.TimeUnit;

/**
 * Messages offered to the service, and how they ended. What was offered and not answered is offered again and goes by no other
 * way: the service may have it.
 */
final class Outgoing {
    private static final String TAG = "CloudMessaging";
    /** After its deadline a message has an outcome within moments of being looked for; then the owner is asked. */
    private static final long GRACE_MILLIS = TimeUnit.MINUTES.toMillis(1);
    /** No outcome is as late: the service takes at most 24 h and 10 s of a deadline. */
    private static final long KEPT_MILLIS = TimeUnit.HOURS.toMillis(25);

    private final Journal mJournal;
    private final MessageStore mStore;
    private final Service mService;
    private final Fallback mFallback;
    /** Offered, perhaps also taken: there was no answer. */
    private final Set<UUID> mUnanswered = new HashSet<>();

    Outgoing(Journal journal, MessageStore store, Service service, Fallback fallback) {
        mJournal = journal;
        mStore = store;
        mService = service;
        mFallback = fallback;
    }

    /** After the journal was opened. */
    void begin() {
        mJournal.all().forEach((id, entry) -> {
            if (entry.state() == State.OFFERED) {
                mUnanswered.add(id);
            }
        });
    }

    /** The app has a new message, or asks again after a crash. */
    void send(UUID id) throws IOException, RemoteException {
        if (mJournal.get(id) != null) {
            // It is under way: `again` sees to it.
            return;
        }
        OutgoingMessage message = mStore.outgoing(id);
        if (message == null) {
            return;
        }
        if (mStore.alwaysSms(message.recipient) || !takes(message.subscriptionId)) {
            mFallback.use(id);
            return;
        }
        mJournal.put(id, Entry.offered(System.currentTimeMillis()));
        mUnanswered.add(id);
        Step.reached("client.offer.recorded");
        offer(id, message, true);
    }

    /** Whether it is worth asking: a message that was not offered may go as an SMS at once. */
    private boolean takes(int subscriptionId) {
        try {
            ServiceState state = mService.gate().state();
            return state.on && state.refusal == Refusal.NONE
                    && Arrays.stream(state.subscriptionIds).anyMatch(sim -> sim == subscriptionId);
        } catch (RemoteException | ServiceSpecificException | SecurityException e) {
            Log.i(TAG, "the service cannot be asked: this goes as an SMS", e);
            return false;
        }
    }

    /**
     * @param first whether it was never offered before: what is refused then was never taken. Of another nobody can say: it may
     *     have ended, and another app have read how, which was the default SMS app for a while
     */
    private void offer(UUID id, OutgoingMessage message, boolean first)
            throws IOException, RemoteException {
        message.id = Ids.bytes(id);
        int refusal;
        try {
            ICloudMessaging gate = mService.gate();
            if (!first) {
                // Fails until it knows what was taken.
                gate.outcomes(0, 1);
            }
            refusal = gate.send(message);
        } catch (ServiceSpecificException e) {
            Log.i(TAG, "the service did not take a message", e);
            switch (e.errorCode) {
                case ErrorCode.INVALID_ARGUMENT, ErrorCode.TOO_LARGE -> refusal = Refusal.OFF;
                case ErrorCode.TOO_MANY, ErrorCode.NOT_READY -> {
                    if (!first) {
                        throw e;
                    }
                    refusal = Refusal.OFF;
                }
                // It has one of that id: its outcome decides.
                case ErrorCode.ID_REUSED -> refusal = Refusal.NONE;
                default -> throw e;
            }
        }
        Step.reached("client.offer.answered");
        if (refusal != Refusal.NONE) {
            if (first) {
                mFallback.use(id);
            } else {
                mFallback.ask(id);
            }
        }
        mUnanswered.remove(id);
    }

    boolean isWaiting() {
        return !mUnanswered.isEmpty();
    }

    /** Offers again what was not answered. */
    void again() throws IOException, RemoteException {
        for (UUID id : Set.copyOf(mUnanswered)) {
            Entry entry = mJournal.get(id);
            OutgoingMessage message = mStore.outgoing(id);
            if (entry == null || entry.state() != State.OFFERED || message == null) {
                mUnanswered.remove(id);
            } else {
                offer(id, message, false);
            }
        }
    }

    /** The service cannot be asked: of what should have ended by now the owner is asked. */
    void giveUp() throws IOException {
        long now = System.currentTimeMillis();
        for (UUID id : Set.copyOf(mUnanswered)) {
            OutgoingMessage message = mStore.outgoing(id);
            if (message != null && message.smsDeadlineMillis + GRACE_MILLIS < now) {
                mFallback.ask(id);
                mUnanswered.remove(id);
            }
        }
    }

    /** Reads how messages ended. The service forgets an outcome only after it was dealt with, durably. */
    void settle(ICloudMessaging gate) throws IOException, RemoteException {
        long begun = System.currentTimeMillis();
        Outcome[] page = gate.outcomes(0, ICloudMessaging.MAX_PAGE);
        while (page.length > 0) {
            Step.reached("client.outcomes.read");
            List<UUID> delivered = new ArrayList<>();
            for (Outcome outcome : page) {
                UUID id = Ids.uuid(outcome.id);
                mUnanswered.remove(id);
                if (outcome.delivered) {
                    mStore.delivered(id);
                    Step.reached("client.delivered.stored");
                    delivered.add(id);
                } else {
                    mFallback.use(id);
                }
            }
            gate.acknowledgeOutcomes(page[page.length - 1].cursor);
            Step.reached("client.outcomes.acknowledged");
            for (UUID id : delivered) {
                mJournal.remove(id);
            }
            page = gate.outcomes(0, ICloudMessaging.MAX_PAGE);
        }
        sweep(begun - KEPT_MILLIS);
    }

    /** What is so old has no outcome any more that could send it a second time. */
    private void sweep(long before) throws IOException {
        for (Map.Entry<UUID, Entry> one : mJournal.all().entrySet()) {
            State state = one.getValue().state();
            boolean over = state == State.HANDED_OVER || state == State.SENT
                    || state == State.FAILED || state == State.DECLINED;
            if (over && one.getValue().since() < before) {
                mJournal.remove(one.getKey());
            }
        }
    }
}
