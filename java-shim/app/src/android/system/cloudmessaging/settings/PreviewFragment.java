// SPDX-License-Identifier: Apache-2.0
package android.system.cloudmessaging.settings;

import android.os.Bundle;
import android.preference.PreferenceCategory;
import android.system.cloudmessaging.DataClass;
import android.system.cloudmessaging.ErrorCode;
import android.system.cloudmessaging.PreviewField;
import android.system.cloudmessaging.RegistrationPreview;
import android.system.cloudmessaging.SimIdentity;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Map;
import java.util.stream.IntStream;

/** A registration of each SIM, field by field and byte by byte; first of all what says something of its owner. */
@SuppressWarnings("deprecation") // RowsFragment says why.
public final class PreviewFragment extends RowsFragment {
    private static final int BYTES_A_GROUP = 4;

    private SimIdentity[] mSims;
    private int[] mClasses;

    @Override
    public void onCreate(Bundle saved) {
        super.onCreate(saved);
        int[] wanted = getActivity().getIntent().getIntArrayExtra(PreviewActivity.SIMS);
        mClasses = getActivity().getIntent().getIntArrayExtra(PreviewActivity.CLASSES);
        mSims =
                Arrays.stream(Sims.read(getContext()))
                        .filter(sim -> IntStream.of(wanted).anyMatch(id -> id == sim.subscriptionId))
                        .toArray(SimIdentity[]::new);
    }

    @Override
    void refresh() {
        if (mSims.length == 0) {
            say(R.string.preview_no_sim);
            return;
        }
        ask(gate -> gate.preview(mSims, mClasses), this::show, code -> say(why(code)));
    }

    @Override
    void silent() {
        say(R.string.preview_failed);
    }

    private static int why(int code) {
        return switch (code) {
            case Gate.UNAVAILABLE -> R.string.unavailable;
            case ErrorCode.INVALID_ARGUMENT, ErrorCode.TOO_LARGE -> R.string.preview_number_form;
            default -> R.string.preview_failed;
        };
    }

    private void show(RegistrationPreview[] previews) {
        getPreferenceScreen().removeAll();
        Map<Integer, String> names = Sims.names(getContext());
        for (int i = 0; i < mSims.length; i++) {
            PreferenceCategory category = new PreferenceCategory(getContext());
            category.setTitle(names.get(mSims[i].subscriptionId));
            getPreferenceScreen().addPreference(category);
            if (i < previews.length && isOf(previews[i], mSims[i])) {
                addText(category, null, getString(R.string.preview_same));
            } else {
                addText(category, null, getString(R.string.preview_differs));
            }
            if (i < previews.length) {
                show(category, previews[i]);
            }
        }
    }

    private boolean isOf(RegistrationPreview preview, SimIdentity sim) {
        try {
            return RegistrationPlaintext.isPreviewOf(
                    preview.plaintext, sim.number, sim.imsi, sim.imei, mClasses);
        } catch (IllegalArgumentException e) {
            // Of identities like these there is no registration, whatever the service says.
            return false;
        }
    }

    private void show(PreferenceCategory category, RegistrationPreview preview) {
        for (boolean personal : new boolean[] {true, false}) {
            for (PreviewField field : preview.fields) {
                if (personal == (field.dataClass != DataClass.UNSPECIFIED)) {
                    addText(category, name(field),
                            field.madeOnGrant
                                    ? getString(R.string.made_on_grant)
                                    : Words.leftToRight(field.value));
                }
            }
        }
        addText(category, getString(R.string.every_byte),
                Words.leftToRight(hexadecimal(preview.plaintext)));
    }

    /** The names are those of proto/registrar.proto. */
    private String name(PreviewField field) {
        int name =
                switch (field.name) {
                    case "schema_version" -> R.string.field_schema_version;
                    case "reply_topic" -> R.string.field_reply_topic;
                    case "reply_public_key" -> R.string.field_reply_public_key;
                    case "request_id" -> R.string.field_request_id;
                    case "made_ms" -> R.string.field_made_ms;
                    case "signature" -> R.string.field_signature;
                    case "registration.number" -> R.string.field_number;
                    case "registration.imsi" -> R.string.field_imsi;
                    case "registration.imei" -> R.string.field_imei;
                    case "registration.identity_key" -> R.string.field_identity_key;
                    case "registration.tls_public_key" -> R.string.field_tls_public_key;
                    case "registration.prekeys" -> R.string.field_prekeys;
                    case "registration.prekeys_signature" -> R.string.field_prekeys_signature;
                    case "registration.code" -> R.string.field_code;
                    default -> 0;
                };
        return name != 0 ? getString(name) : getString(R.string.field_other, field.name);
    }

    /** In groups, so that lines break between them. */
    private static String hexadecimal(byte[] bytes) {
        StringBuilder text = new StringBuilder();
        for (int at = 0; at < bytes.length; at += BYTES_A_GROUP) {
            int end = Math.min(bytes.length, at + BYTES_A_GROUP);
            text.append(HexFormat.of().formatHex(bytes, at, end)).append(' ');
        }
        return Words.leftToRight(text.toString().strip());
    }
}
