// SPDX-License-Identifier: Apache-2.0
package android.system.cloudmessaging.settings;

import android.content.Context;
import android.content.Intent;
import android.preference.Preference;
import android.preference.PreferenceCategory;
import android.preference.PreferenceGroup;
import android.preference.SwitchPreference;
import android.system.cloudmessaging.ConsentState;
import android.system.cloudmessaging.DataClass;
import android.system.cloudmessaging.SimState;
import java.util.Arrays;
import java.util.stream.IntStream;

/**
 * What the owner allows, while it is on. Allowing less is one tap. Allowing more is a question of its own, and all that is
 * not a class of data is agreed to anew.
 */
@SuppressWarnings("deprecation") // RowsFragment says why.
final class Allowed {
    private final PageFragment mPage;
    private final PreferenceCategory mCategory;
    private final SwitchPreference mImsi;
    private final SwitchPreference mImei;
    private final Preference mConditions;
    private final Preference mPreview;
    private final Preference mReceipt;

    Allowed(PageFragment page, int order) {
        mPage = page;
        Context context = page.getContext();
        mCategory = new PreferenceCategory(context);
        mCategory.setKey("allowed");
        mCategory.setTitle(R.string.allowed);
        mCategory.setOrder(order);
        mImsi = optional("imsi", R.string.imsi, DataClass.IMSI);
        mImei = optional("imei", R.string.imei, DataClass.IMEI);
        mConditions = row("conditions", R.string.conditions);
        mConditions.setOnPreferenceClickListener(
                row -> {
                    mPage.startActivity(DisclosureActivity.changing(context));
                    return true;
                });
        mPreview = row("preview", R.string.preview);
        mReceipt = row("receipt", R.string.receipt);
        mReceipt.setSummary(R.string.receipt_summary);
        mReceipt.setIntent(new Intent(context, ReceiptActivity.class));
    }

    private Preference row(String key, int title) {
        Preference row = new Preference(mPage.getContext());
        row.setKey(key);
        row.setPersistent(false);
        row.setTitle(title);
        return row;
    }

    private SwitchPreference optional(String key, int title, int dataClass) {
        SwitchPreference row = new SwitchPreference(mPage.getContext());
        row.setKey(key);
        row.setPersistent(false);
        row.setTitle(title);
        row.setOnPreferenceChangeListener(
                (changed, allowed) -> {
                    if ((Boolean) allowed) {
                        mPage.startActivity(
                                DisclosureActivity.allowing(mPage.getContext(), dataClass));
                    } else {
                        mPage.order(
                                gate -> gate.setClassAllowed(dataClass, false), Failures::forbid);
                    }
                    // Until the gate says so.
                    return false;
                });
        return row;
    }

    void show(PreferenceGroup page, ConsentState state) {
        if (!state.on) {
            hide(page);
            return;
        }
        mImsi.setChecked(allows(state, DataClass.IMSI));
        mImei.setChecked(allows(state, DataClass.IMEI));
        Context context = mPage.getContext();
        mConditions.setSummary(
                Words.conditions(context, state)
                        + "\n"
                        + context.getString(R.string.change_summary));
        mPreview.setIntent(
                PreviewActivity.of(
                        context,
                        Arrays.stream(state.sims).mapToInt((SimState sim) -> sim.subscriptionId)
                                .toArray(),
                        state.allowedClasses));
        RowsFragment.keep(page, mCategory, true);
        for (Preference row : new Preference[] {mImsi, mImei, mConditions, mPreview, mReceipt}) {
            RowsFragment.keep(mCategory, row, true);
        }
    }

    void hide(PreferenceGroup page) {
        RowsFragment.keep(page, mCategory, false);
    }

    static boolean allows(ConsentState state, int dataClass) {
        return IntStream.of(state.allowedClasses).anyMatch(one -> one == dataClass);
    }
}
