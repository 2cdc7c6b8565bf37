// SPDX-License-Identifier: Apache-2.0
package android.system.cloudmessaging.settings;

import android.content.Context;
import android.system.cloudmessaging.ConsentState;
import android.system.cloudmessaging.Erasure;
import android.system.cloudmessaging.OffReason;
import android.system.cloudmessaging.Policy;
import android.system.cloudmessaging.Refusal;
import android.system.cloudmessaging.Registration;
import android.system.cloudmessaging.SimState;
import android.system.cloudmessaging.Withdrawal;
import android.text.BidiFormatter;
import android.text.TextDirectionHeuristics;
import java.time.Instant;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;
import java.time.format.FormatStyle;
import java.util.ArrayList;
import java.util.List;

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
        int refusal = refusal(state);
        return context.getString(refusal != 0 ? refusal : registration(state.sims));
    }

    /** What keeps it from being of use, while on; 0 if nothing does. */
    static int concern(ConsentState state) {
        int refusal = refusal(state);
        int said = refusal != 0 ? refusal : registration(state.sims);
        return said == R.string.connected || said == R.string.connecting ? 0 : said;
    }

    /** Whether a policy lets nobody turn it on. */
    static boolean forbidden(ConsentState state) {
        return state.policy != Policy.NONE;
    }

    /** Off, and when somebody could still find the owner under the number. */
    static String off(Context context, ConsentState state) {
        if (!state.durable) {
            return context.getString(R.string.off_not_durable);
        }
        if (state.policy != Policy.NONE) {
            return context.getString(policy(state.policy));
        }
        return switch (state.offReason) {
            case OffReason.OUTDATED_DISCLOSURE -> context.getString(R.string.off_outdated);
            case OffReason.FUTURE_VERSION -> context.getString(R.string.off_newer);
            case OffReason.UNREADABLE -> context.getString(R.string.off_unreadable_now);
            case OffReason.DAMAGED, OffReason.OTHER_USER, OffReason.UNKNOWN_DISCLOSURE ->
                    context.getString(R.string.off_unreadable);
            default ->
                    lasts(state.leaseUntilMillis)
                            ? context.getString(R.string.off_until, day(state.leaseUntilMillis))
                            : context.getString(R.string.off);
        };
    }

    /** What a withdrawal has done. */
    static String of(Context context, Withdrawal done) {
        if (!done.durable) {
            return context.getString(R.string.off_not_durable);
        }
        if (done.erasure == Erasure.CONFIRMED) {
            return context.getString(R.string.off_erased);
        }
        if (!lasts(done.leaseUntilMillis)) {
            return context.getString(R.string.off);
        }
        boolean asked = done.erasure == Erasure.NOT_CONFIRMED;
        return context.getString(
                asked ? R.string.off_not_erased : R.string.off_until, day(done.leaseUntilMillis));
    }

    /** Who forbids it. */
    static int policy(int policy) {
        return switch (policy) {
            case Policy.SMS_FORBIDDEN -> R.string.forbidden_sms;
            case Policy.BUILD -> R.string.forbidden_build;
            default -> R.string.forbidden;
        };
    }

    /** How far one SIM is. */
    static int sim(ConsentState state, SimState sim) {
        return switch (sim.registration) {
            case Registration.CODE_NEEDED -> R.string.sim_code_needed;
            case Registration.MOVED -> R.string.sim_moved;
            case Registration.REFUSED -> R.string.sim_refused;
            case Registration.DONE ->
                    sim.connected ? R.string.sim_connected : R.string.sim_not_connected;
            default ->
                    state.refusal == Refusal.NONE
                            ? R.string.sim_registering : R.string.sim_not_connected;
        };
    }

    /** When it may send, a line for each condition. */
    static String conditions(Context context, ConsentState state) {
        List<String> lines = new ArrayList<>();
        lines.add(context.getString(
                state.whileRoaming ? R.string.condition_roaming : R.string.condition_no_roaming));
        lines.add(context.getString(
                state.withDataSaver
                        ? R.string.condition_data_saver : R.string.condition_no_data_saver));
        lines.add(context.getString(
                state.withBatterySaver
                        ? R.string.condition_battery_saver : R.string.condition_no_battery_saver));
        return String.join("\n", lines);
    }

    /** Of a registration: whether it has not lapsed yet. */
    private static boolean lasts(long untilMillis) {
        return untilMillis > System.currentTimeMillis();
    }

    static String day(long millis) {
        return DateTimeFormatter.ofLocalizedDate(FormatStyle.MEDIUM)
                .format(Instant.ofEpochMilli(millis).atZone(ZoneId.systemDefault()));
    }

    /** What the owner can do something about; 0 for all else. */
    private static int refusal(ConsentState state) {
        return switch (state.refusal) {
            case Refusal.POLICY -> policy(state.policy);
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
