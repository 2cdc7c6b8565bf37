// SPDX-License-Identifier: Apache-2.0
package android.system.cloudmessaging.settings;

import android.content.Context;
import android.system.cloudmessaging.ConsentState;
import android.system.cloudmessaging.OffReason;
import android.system.cloudmessaging.Refusal;
import android.system.cloudmessaging.Registration;
import android.system.cloudmessaging.SimState;
import android.text.BidiFormatter;
import android.text.TextDirectionHeuristics;
import java.time.Instant;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;
import java.time.format.FormatStyle;

/** What a state is called on the page. */
final class Words {
    private Words() {}

    /** A number or bytes, which read from left to right also where words do not. */
    static String leftToRight(String text) {
        return BidiFormatter.getInstance().unicodeWrap(text, TextDirectionHeuristics.LTR);
    }

    /** In one line. */
    static String of(Context context, ConsentState state) {
        if (!state.on) {
            return off(context, state);
        }
        int refusal = refusal(state.refusal);
        return context.getString(refusal != 0 ? refusal : registration(state.sims));
    }

    /** What keeps it from being of use, while on; 0 if nothing does. */
    static int concern(ConsentState state) {
        int refusal = refusal(state.refusal);
        int said = refusal != 0 ? refusal : registration(state.sims);
        return said == R.string.connected || said == R.string.connecting ? 0 : said;
    }

    /** Whether a policy lets nobody turn it on. */
    static boolean forbidden(ConsentState state) {
        return state.refusal == Refusal.POLICY;
    }

    /** Off, and when somebody could still find the owner under the number. */
    static String off(Context context, ConsentState state) {
        if (!state.durable) {
            return context.getString(R.string.off_not_durable);
        }
        if (state.refusal == Refusal.POLICY) {
            return context.getString(R.string.forbidden);
        }
        if (state.offReason == OffReason.OUTDATED_DISCLOSURE) {
            return context.getString(R.string.off_outdated);
        }
        if (state.leaseUntilMillis > 0) {
            return context.getString(R.string.off_until, day(state.leaseUntilMillis));
        }
        return context.getString(R.string.off);
    }

    private static String day(long millis) {
        return DateTimeFormatter.ofLocalizedDate(FormatStyle.MEDIUM)
                .format(Instant.ofEpochMilli(millis).atZone(ZoneId.systemDefault()));
    }

    /** What the owner can do something about; 0 for all else. */
    private static int refusal(int refusal) {
        return switch (refusal) {
            case Refusal.POLICY -> R.string.forbidden;
            case Refusal.NO_NETWORK -> R.string.waiting_network;
            case Refusal.ROAMING -> R.string.waiting_roaming;
            case Refusal.DATA_SAVER -> R.string.waiting_data_saver;
            case Refusal.BATTERY_SAVER -> R.string.waiting_battery_saver;
            case Refusal.SIM_CHANGED, Refusal.SIM_NOT_NAMED -> R.string.waiting_sim;
            default -> 0;
        };
    }

    /** Of the SIM that is the farthest from done. */
    private static int registration(SimState[] sims) {
        int said = R.string.connected;
        for (SimState sim : sims) {
            switch (sim.registration) {
                case Registration.CODE_NEEDED -> {
                    return R.string.code_needed;
                }
                case Registration.MOVED -> said = R.string.moved;
                case Registration.REFUSED -> said = R.string.refused;
                case Registration.NONE, Registration.ASKED -> said = R.string.registering;
                default -> {
                    if (!sim.connected && said == R.string.connected) {
                        said = R.string.connecting;
                    }
                }
            }
        }
        return said;
    }
}
