// SPDX-License-Identifier: Apache-2.0
package android.system.cloudmessaging.settings;

import android.os.Bundle;
import android.preference.PreferenceCategory;
import android.system.cloudmessaging.PreviewField;
import android.system.cloudmessaging.RegistrationPreview;
import android.system.cloudmessaging.SimIdentity;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.stream.IntStream;

/** A registration of each SIM, field by field and byte by byte. */
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
        ask(gate -> gate.preview(mSims, mClasses), this::show, code -> say(R.string.unavailable));
    }

    private void show(RegistrationPreview[] previews) {
        getPreferenceScreen().removeAll();
        for (int i = 0; i < previews.length; i++) {
            show(getString(R.string.sim, i + 1), previews[i], mSims[i]);
        }
    }

    private void show(String title, RegistrationPreview preview, SimIdentity sim) {
        PreferenceCategory category = new PreferenceCategory(getContext());
        category.setTitle(title);
        getPreferenceScreen().addPreference(category);
        boolean same =
                RegistrationPlaintext.isPreviewOf(
                        preview.plaintext, sim.number, sim.imsi, sim.imei, mClasses);
        addText(category, null, getString(same ? R.string.preview_same : R.string.preview_differs));
        for (PreviewField field : preview.fields) {
            addText(category, field.name,
                    field.madeOnGrant ? getString(R.string.made_on_grant)
                            : Words.leftToRight(field.value));
        }
        addText(category, getString(R.string.every_byte), hexadecimal(preview.plaintext));
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
