// SPDX-License-Identifier: Apache-2.0
package android.system.cloudmessaging.settings;

import android.content.Context;
import android.system.cloudmessaging.DataClass;
import android.text.BidiFormatter;
import android.text.format.Formatter;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** What an entry of the ledger is called, and what it says. The numbers stand in docs/ledger.md. */
final class EntryWords {
    private static final int DELIVERED = 1;
    private static final int USE_SMS = 2;
    private static final int RECEIVED = 3;

    private final Context mContext;

    EntryWords(Context context) {
        mContext = context;
    }

    /** In a few words. */
    String title(LedgerStatement.Entry entry) {
        return switch (entry.getEvent()) {
            case "connect" -> mContext.getString(role(entry.getKind()));
            case "intent" -> mContext.getString(purpose(entry.getKind()));
            case "boot" -> mContext.getString(R.string.event_boot);
            case "grant" -> mContext.getString(R.string.event_grant);
            case "withdraw" -> mContext.getString(R.string.event_withdraw);
            case "found_on" -> mContext.getString(R.string.event_found_on);
            case "found_off" -> mContext.getString(R.string.event_found_off);
            case "class_change" -> mContext.getString(
                    entry.isSo() ? R.string.event_class_allowed : R.string.event_class_forbidden,
                    mContext.getString(dataClass(entry.getKind())));
            case "policy_change" -> mContext.getString(
                    entry.getReason().isEmpty()
                            ? R.string.event_policy_lifted : R.string.event_policy);
            case "outcome" -> mContext.getString(ending(entry.getEnding()));
            case "erasure" -> mContext.getString(stage(entry.getKind()));
            case "refusals" -> mContext.getString(R.string.event_refusals);
            case "tail_cut" -> mContext.getString(R.string.event_tail_cut);
            case "refused" -> mContext.getResources().getQuantityString(
                    R.plurals.event_dropped, (int) entry.getCount(), entry.getCount());
            case "number_moved" -> mContext.getString(R.string.event_moved);
            case "history_erased" -> mContext.getString(
                    entry.isSo() ? R.string.event_history_erased : R.string.event_history_aged);
            default -> mContext.getString(R.string.event_unknown);
        };
    }

    /** Line by line; null if there is no more to say. */
    String details(LedgerStatement.Entry entry) {
        Stream<String> lines = switch (entry.getEvent()) {
            case "connect" -> Stream.of(
                    mContext.getString(R.string.sent_to, host(entry)), reveals(entry));
            case "intent" -> Stream.of(
                    mContext.getString(
                            R.string.sent_to_bytes, host(entry), bytes(entry.getBytes())),
                    reveals(entry), ended(entry));
            case "grant" -> Stream.of(
                    mContext.getString(R.string.event_grant_allows, classes(entry.getClasses())));
            case "withdraw" -> Stream.of(
                    entry.isSo() ? "" : mContext.getString(R.string.event_withdraw_not_durable));
            case "outcome" -> Stream.of(
                    entry.getEnding() == USE_SMS
                            ? mContext.getString(R.string.ended_use_sms, sms(entry)) : "");
            case "refusals" -> Stream.of(
                    mContext.getString(Refusals.why(entry.getReason())),
                    Refusals.times(mContext, entry.getCount()));
            case "unknown" -> Stream.of(mContext.getString(R.string.event_unknown_summary));
            default -> Stream.of();
        };
        List<String> said = lines.filter(line -> !line.isEmpty()).toList();
        return said.isEmpty() ? null : String.join("\n", said);
    }

    /** So many, for a person. */
    String bytes(long bytes) {
        return Formatter.formatShortFileSize(mContext, bytes);
    }

    /** Written from left to right, whatever is around it. */
    private static String host(LedgerStatement.Entry entry) {
        return BidiFormatter.getInstance().unicodeWrap(entry.getHost());
    }

    private String reveals(LedgerStatement.Entry entry) {
        return entry.getClasses().length == 0
                ? mContext.getString(R.string.reveals_nothing)
                : mContext.getString(R.string.reveals, classes(entry.getClasses()));
    }

    private String classes(int[] classes) {
        return Arrays.stream(classes)
                .mapToObj(one -> mContext.getString(dataClass(one)))
                .collect(Collectors.joining(mContext.getString(R.string.separator)));
    }

    /** Of messages alone it is written down. */
    private String ended(LedgerStatement.Entry entry) {
        if (purpose(entry.getKind()) != R.string.intent_message) {
            return "";
        }
        return switch (entry.getEnding()) {
            case DELIVERED -> mContext.getString(
                    R.string.ended_delivered, SentRows.time(mContext, entry.getEndedMillis()));
            case USE_SMS -> mContext.getString(R.string.ended_use_sms, sms(entry));
            default -> mContext.getString(R.string.ended_not_yet);
        };
    }

    private String sms(LedgerStatement.Entry entry) {
        return mContext.getString(switch (entry.getReason()) {
            case "NOT_REGISTERED" -> R.string.sms_not_registered;
            case "REFUSED" -> R.string.sms_refused;
            case "OFF" -> R.string.sms_off;
            case "NO_NETWORK" -> R.string.sms_no_network;
            case "EXPIRED" -> R.string.sms_expired;
            case "PREKEY_GONE" -> R.string.sms_prekey_gone;
            case "FULL" -> R.string.sms_full;
            default -> R.string.sms_other;
        });
    }

    private static int role(int role) {
        return switch (role) {
            case 1 -> R.string.connect_inbox;
            case 2 -> R.string.connect_post;
            default -> R.string.connect_other;
        };
    }

    private static int purpose(int purpose) {
        return switch (purpose) {
            case 1 -> R.string.intent_register;
            case 2 -> R.string.intent_renew;
            case 3 -> R.string.intent_look_up;
            case 4 -> R.string.intent_message;
            case 5 -> R.string.intent_receipt;
            case 6 -> R.string.intent_retract;
            case 7 -> R.string.intent_erase;
            case 8 -> R.string.connect_other;
            default -> R.string.intent_other;
        };
    }

    private static int ending(int ending) {
        return switch (ending) {
            case DELIVERED -> R.string.event_delivered;
            case USE_SMS -> R.string.event_use_sms;
            case RECEIVED -> R.string.event_received;
            default -> R.string.event_ended;
        };
    }

    private static int stage(int stage) {
        return switch (stage) {
            case 1 -> R.string.event_erasure_asked;
            case 2 -> R.string.event_erasure_confirmed;
            default -> R.string.event_erasure_failed;
        };
    }

    /** A number of DataClass. */
    static int dataClass(int dataClass) {
        return switch (dataClass) {
            case DataClass.PHONE_NUMBER -> R.string.phone_number;
            case DataClass.RECIPIENT_NUMBER -> R.string.recipient_number;
            case DataClass.MESSAGE_CONTENT -> R.string.message_content;
            case DataClass.NETWORK_ADDRESS -> R.string.network_address;
            case DataClass.ROUTING_ID -> R.string.routing_id;
            case DataClass.RECIPIENT_ROUTING_ID -> R.string.recipient_routing_id;
            case DataClass.DELIVERY_RECEIPT -> R.string.delivery_receipt;
            case DataClass.PUBLIC_KEYS -> R.string.public_keys;
            case DataClass.IMSI -> R.string.class_imsi;
            case DataClass.IMEI -> R.string.class_imei;
            default -> R.string.unknown_class;
        };
    }
}
