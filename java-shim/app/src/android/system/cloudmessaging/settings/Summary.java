// SPDX-License-Identifier: Apache-2.0
package android.system.cloudmessaging.settings;

import android.content.Context;
import android.os.RemoteException;
import android.system.cloudmessaging.ConsentState;
import android.system.cloudmessaging.DataClass;
import android.system.cloudmessaging.ICloudMessagingConsent;
import android.system.cloudmessaging.LedgerTotal;
import java.time.Clock;
import java.time.LocalDate;
import java.time.ZonedDateTime;

/** The state as an entry to the page shows it: shorter than the page does. */
final class Summary {
    private Summary() {}

    /** `state` is null if there is no service. */
    static String of(Context context, ConsentState state) {
        if (state == null) {
            return context.getString(R.string.unavailable);
        }
        if (Known.kind(state) == Known.Kind.OFF) {
            return context.getString(R.string.off);
        }
        boolean quiet = state.on && Words.concern(state) == 0;
        return quiet ? context.getString(R.string.on) : Words.of(context, state);
    }

    /** As above, and what was sent today if there is nothing more important to say. */
    static String of(Context context, ConsentState state, long sent) {
        if (sent == 0 || !state.on || Words.concern(state) != 0) {
            return of(context, state);
        }
        int count = (int) Math.min(sent, Integer.MAX_VALUE);
        return context.getResources().getQuantityString(R.plurals.on_sent, count, count);
    }

    /**
     * How often something that the owner wrote left the phone since midnight: what "sent" means to who reads one line. Receipts
     * and registrations are on the page, in What was sent.
     */
    static long sentToday(ICloudMessagingConsent gate, Clock clock) throws RemoteException {
        ZonedDateTime midnight = LocalDate.now(clock).atStartOfDay(clock.getZone());
        int today = (int) midnight.toLocalDate().toEpochDay();
        int offset = midnight.getOffset().getTotalSeconds() / 60;
        long sent = 0;
        // A day on which clocks are put back is longer than the gate's: its last hour is of the gate's next.
        for (LedgerTotal total : gate.ledgerTotals(today, today + 1, offset)) {
            if (total.dataClass == DataClass.MESSAGE_CONTENT) {
                sent += total.count;
            }
        }
        return sent;
    }
}
