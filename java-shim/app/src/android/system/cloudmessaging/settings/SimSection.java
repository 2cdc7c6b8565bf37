// SPDX-License-Identifier: Apache-2.0
package android.system.cloudmessaging.settings;

import android.content.Context;
import android.preference.EditTextPreference;
import android.preference.Preference;
import android.preference.PreferenceCategory;
import android.preference.PreferenceGroup;
import android.system.cloudmessaging.ConsentState;
import android.system.cloudmessaging.Registration;
import android.system.cloudmessaging.SimState;
import android.text.InputType;

/** What the page shows of one SIM that takes part: how far it is, and the code if one is waited for. */
@SuppressWarnings("deprecation") // RowsFragment says why.
final class SimSection {
    /** What the owner does about a SIM. */
    interface Orders {
        void submitCode(int subscription, String code);

        void requestCode(int subscription);
    }

    private final PreferenceCategory mSection;
    private final TextPreference mState;
    private final EditTextPreference mCode;
    private final Preference mAnother;

    SimSection(Context context, int subscription, String label, int order, Orders orders) {
        mSection = new PreferenceCategory(context);
        mSection.setKey("section" + subscription);
        mSection.setTitle(label);
        mSection.setOrder(order);
        mState = new TextPreference(context);
        mState.setKey("sim" + subscription);
        mState.setTitle(R.string.state);
        mState.setOrder(0);
        mCode = new EditTextPreference(context);
        mCode.setKey("code" + subscription);
        mCode.setPersistent(false);
        mCode.setTitle(R.string.code);
        mCode.setOrder(1);
        mCode.getEditText().setInputType(
                InputType.TYPE_CLASS_TEXT | InputType.TYPE_TEXT_FLAG_NO_SUGGESTIONS);
        mCode.getEditText().setHint(R.string.code);
        // What is typed is kept nowhere, not even while the page is made anew.
        mCode.getEditText().setSaveEnabled(false);
        mCode.setOnPreferenceChangeListener(
                (row, text) -> {
                    orders.submitCode(subscription, ((String) text).strip());
                    return false;
                });
        mAnother = new Preference(context);
        mAnother.setKey("another" + subscription);
        mAnother.setPersistent(false);
        mAnother.setTitle(R.string.code_another);
        mAnother.setOrder(2);
        mAnother.setOnPreferenceClickListener(
                row -> {
                    orders.requestCode(subscription);
                    return true;
                });
    }

    /** On the page, with what there is to say; not at all if that is nothing. */
    void show(PreferenceGroup page, ConsentState state, SimState sim) {
        boolean several = state.sims.length > 1;
        boolean coded = sim.registration == Registration.CODE_NEEDED;
        // Its rows come with a category: one without any is not there.
        RowsFragment.keep(page, mSection, several || coded);
        if (several || coded) {
            mState.setSummary(Words.sim(state, sim));
            mCode.setSummary(sim.codeWasWrong ? R.string.code_wrong : R.string.code_summary);
            RowsFragment.keep(mSection, mState, several);
            RowsFragment.keep(mSection, mCode, coded);
            RowsFragment.keep(mSection, mAnother, coded);
        }
    }

    void hide(PreferenceGroup page) {
        RowsFragment.keep(page, mSection, false);
    }
}
