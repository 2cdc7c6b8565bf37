// SPDX-License-Identifier: Apache-2.0
package android.system.cloudmessaging.settings;

import android.content.Intent;
import android.icu.text.NumberFormat;
import android.preference.Preference;
import android.preference.PreferenceCategory;
import android.preference.PreferenceScreen;
import android.system.cloudmessaging.ConsentState;
import android.system.cloudmessaging.DataClass;
import android.system.cloudmessaging.ErrorCode;

/** The consent in force: when, to which text, what it allows; and the gate's record of it, which can be shared. */
@SuppressWarnings("deprecation") // RowsFragment says why.
public final class ReceiptFragment extends RowsFragment {
    private record Agreed(ConsentState state, String record) {}

    @Override
    void refresh() {
        ask(
                gate -> new Agreed(gate.state(), gate.receipt()),
                this::show,
                code ->
                        say(switch (code) {
                            case ErrorCode.OFF -> R.string.off;
                            case Gate.UNAVAILABLE -> R.string.unavailable;
                            default -> R.string.problem_other;
                        }));
    }

    @Override
    void changed() {
        refresh();
    }

    private void show(Agreed agreed) {
        PreferenceScreen page = getPreferenceScreen();
        page.removeAll();
        addText(page, getString(R.string.receipt_when), Words.day(agreed.state.grantedAtMillis));
        addText(page, getString(R.string.receipt_text),
                NumberFormat.getInstance().format(agreed.state.disclosureVersion));
        PreferenceCategory classes = category(R.string.receipt_classes);
        for (int one : agreed.state.allowedClasses) {
            addText(classes, null, getString(name(one)));
        }
        addText(category(R.string.conditions), null,
                Words.conditions(getContext(), agreed.state));
        Preference share = new Preference(getContext());
        share.setKey("share");
        share.setPersistent(false);
        share.setTitle(R.string.receipt_share);
        share.setSummary(R.string.receipt_share_summary);
        share.setIntent(
                Intent.createChooser(
                        new Intent(Intent.ACTION_SEND)
                                .setType("text/plain")
                                .putExtra(Intent.EXTRA_TEXT, agreed.record),
                        null));
        add(page, share);
    }

    private PreferenceCategory category(int title) {
        PreferenceCategory category = new PreferenceCategory(getContext());
        category.setTitle(title);
        add(getPreferenceScreen(), category);
        return category;
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
