// SPDX-License-Identifier: Apache-2.0
package android.system.cloudmessaging.settings;

import android.content.Context;
import android.preference.PreferenceCategory;
import android.preference.PreferenceGroup;
import android.system.cloudmessaging.DataClass;
import android.text.format.Formatter;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneId;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.time.format.FormatStyle;
import java.util.ArrayList;
import java.util.List;

/** The newest entries of the ledger by day, and above them that it was not changed; or only that it was. */
@SuppressWarnings("deprecation") // RowsFragment says why.
public final class SentFragment extends RowsFragment {
    @Override
    void refresh() {
        Context context = getContext().getApplicationContext();
        ask(
                gate -> Sent.read(context, gate),
                this::show,
                code -> say(code == Gate.UNAVAILABLE ? R.string.unavailable : R.string.sent_not_now));
    }

    private void show(Sent sent) {
        getPreferenceScreen().removeAll();
        if (sent.statement() == null) {
            PreferenceGroup all = getPreferenceScreen();
            addText(all, getString(sent.damaged() ? R.string.damaged : R.string.not_verified),
                    getString(sent.damaged()
                            ? R.string.damaged_summary : R.string.not_verified_summary));
            return;
        }
        addText(getPreferenceScreen(), getString(R.string.verified),
                getString(R.string.verified_summary, sent.statement().getLedger().getSize()));
        LocalDate day = null;
        PreferenceGroup group = getPreferenceScreen();
        for (LedgerStatement.Entry entry : sent.statement().getEntries()) {
            ZonedDateTime at =
                    Instant.ofEpochMilli(entry.getWallMillis()).atZone(ZoneId.systemDefault());
            if (!at.toLocalDate().equals(day)) {
                day = at.toLocalDate();
                group = new PreferenceCategory(getContext());
                group.setTitle(DateTimeFormatter.ofLocalizedDate(FormatStyle.FULL).format(day));
                getPreferenceScreen().addPreference(group);
            }
            String time = DateTimeFormatter.ofLocalizedTime(FormatStyle.SHORT).format(at);
            addText(group, time + "  " + entry.getSummary(), details(entry));
        }
    }

    private String details(LedgerStatement.Entry entry) {
        List<String> parts = new ArrayList<>();
        if (!entry.getHost().isEmpty()) {
            parts.add(getString(R.string.sent_to, entry.getHost()));
        }
        if (entry.getBytes() > 0) {
            parts.add(Formatter.formatShortFileSize(getContext(), entry.getBytes()));
        }
        for (int one : entry.getRevealed()) {
            parts.add(getString(name(one)));
        }
        return String.join(" · ", parts);
    }

    private static int name(int dataClass) {
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
