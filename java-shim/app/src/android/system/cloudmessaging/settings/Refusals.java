// SPDX-License-Identifier: Apache-2.0
package android.system.cloudmessaging.settings;

import android.content.Context;
import java.time.format.DateTimeFormatter;
import java.time.format.FormatStyle;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** What was refused: why, how often, and when last. */
final class Refusals {
    private Refusals() {}

    /** One reason. */
    record Said(String title, String text) {}

    private record Count(long times, long lastMillis) {
        Count and(Count other) {
            return new Count(
                    times + other.times, Math.max(lastMillis, other.lastMillis));
        }
    }

    /** What was refused last comes first. */
    static List<Said> of(Context context, LedgerStatement statement) {
        // An owner is told fewer reasons than there are names.
        Map<Integer, Count> byWords = new LinkedHashMap<>();
        for (LedgerStatement.Refused refused : statement.getRefused()) {
            byWords.merge(why(refused.getReason()),
                    new Count(refused.getCount(), refused.getLastMillis()), Count::and);
        }
        List<Said> said = new ArrayList<>();
        DateTimeFormatter when =
                DateTimeFormatter.ofLocalizedDateTime(FormatStyle.MEDIUM, FormatStyle.SHORT);
        byWords.entrySet().stream()
                .sorted(Comparator.comparingLong(one -> -one.getValue().lastMillis()))
                .forEach(one -> said.add(new Said(
                        context.getString(one.getKey()),
                        context.getString(R.string.refused_last,
                                times(context, one.getValue().times()),
                                when.format(SentRows.at(one.getValue().lastMillis()))))));
        return said;
    }

    /** So many times. */
    static String times(Context context, long times) {
        return context.getResources().getQuantityString(
                R.plurals.times, (int) Math.min(times, Integer.MAX_VALUE), times);
    }

    /** A name of Refusal.aidl or of ErrorCode.aidl, or DENIED, in words. */
    static int why(String reason) {
        return switch (reason) {
            case "OFF" -> R.string.refused_off;
            case "OUTDATED_DISCLOSURE", "UNKNOWN_DISCLOSURE" -> R.string.refused_outdated;
            case "POLICY", "FORBIDDEN" -> R.string.refused_policy;
            case "NOT_YET_REPORTED", "NOT_UNLOCKED", "NOT_READY" -> R.string.refused_not_ready;
            case "SIM_NOT_NAMED", "SIM_CHANGED", "SIM_IN_USE" -> R.string.refused_sim;
            case "CLASS_NOT_ALLOWED" -> R.string.refused_class;
            case "NO_NETWORK" -> R.string.refused_no_network;
            case "ROAMING" -> R.string.refused_roaming;
            case "DATA_SAVER" -> R.string.refused_data_saver;
            case "BATTERY_SAVER" -> R.string.refused_battery_saver;
            case "BUSY", "TOO_MANY" -> R.string.refused_busy;
            case "LEDGER" -> R.string.refused_ledger;
            case "DENIED" -> R.string.refused_denied;
            default -> R.string.refused_other;
        };
    }
}
