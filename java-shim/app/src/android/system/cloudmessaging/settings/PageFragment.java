// SPDX-License-Identifier: Apache-2.0
package android.system.cloudmessaging.settings;

import android.content.Context;
import android.content.Intent;
import android.os.Bundle;
import android.os.RemoteException;
import android.preference.Preference;
import android.preference.PreferenceGroup;
import android.preference.PreferenceManager;
import android.preference.PreferenceScreen;
import android.preference.SwitchPreference;
import android.system.cloudmessaging.ConsentState;
import android.system.cloudmessaging.ICloudMessagingConsent;
import android.system.cloudmessaging.Legacy;
import android.system.cloudmessaging.OffReason;
import android.system.cloudmessaging.Policy;
import android.system.cloudmessaging.SimState;
import android.system.cloudmessaging.Withdrawal;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.function.IntUnaryOperator;

/**
 * The rows of the page. It shows what the gate says, and forwards what the owner wants: turning on goes by way of the
 * disclosure, turning off does not wait for a question. Rows stay where they are while what they say changes.
 */
@SuppressWarnings("deprecation") // RowsFragment says why.
public final class PageFragment extends RowsFragment implements SimSection.Orders {
    private static final String ERASE = "erase";
    // From the top of the page to its end.
    private static final int USE = 0;
    private static final int STATE = 1;
    private static final int PROBLEM = 2;
    private static final int FORGET = 3;
    private static final int FIRST_SIM = 10;
    private static final int ALLOWED = 100;
    private static final int ERASING = 101;
    private static final int SENT = 102;
    private static final int LEGACY = 103;

    private SwitchPreference mUse;
    private TextPreference mState;
    private TextPreference mProblem;
    private Preference mForget;
    private Allowed mAllowed;
    private SwitchPreference mErase;
    private Preference mSent;
    private TextPreference mLegacy;
    private final Map<Integer, SimSection> mSims = new HashMap<>();
    /** Of the withdrawal that this page asked for; null while there is none, or it is on again. */
    private Withdrawal mWithdrawal;

    @Override
    public void onCreate(Bundle saved) {
        super.onCreate(saved);
        mUse = row(new SwitchPreference(getContext()), "use", USE, R.string.use);
        mUse.setSummary(R.string.use_summary);
        mUse.setEnabled(false);
        mUse.setOnPreferenceChangeListener((row, on) -> switched((Boolean) on));
        mState = row(new TextPreference(getContext()), "state", STATE, R.string.state);
        mState.setSpoken();
        mState.setOnPreferenceClickListener(row -> withdraw());
        mProblem = row(new TextPreference(getContext()), "problem", PROBLEM, R.string.problem);
        mProblem.setSpoken();
        mForget = row(new Preference(getContext()), "forget", FORGET, R.string.forget);
        mForget.setSummary(R.string.forget_summary);
        mForget.setOnPreferenceClickListener(row -> withdraw());
        mAllowed = new Allowed(this, ALLOWED);
        // Only how this page turns off: kept here, and nothing that could turn on.
        mErase = row(new SwitchPreference(getContext()), ERASE, ERASING, R.string.erase);
        mErase.setPersistent(true);
        mErase.setSummary(R.string.erase_summary);
        mSent = row(new Preference(getContext()), "sent", SENT, R.string.sent);
        mSent.setSummary(R.string.sent_summary);
        mSent.setIntent(new Intent(getContext(), SentActivity.class));
        mLegacy = row(new TextPreference(getContext()), "legacy", LEGACY, R.string.legacy_unnamed);
        mLegacy.setSingleLineTitle(false);
    }

    private static <T extends Preference> T row(T row, String key, int order, int title) {
        row.setKey(key);
        row.setPersistent(false);
        row.setTitle(title);
        row.setOrder(order);
        return row;
    }

    @Override
    void refresh() {
        String locale = Locale.getDefault().toLanguageTag();
        ask(Gate.STATE, this::show, code -> unavailable());
        // Without it, nothing is said of it.
        ask(gate -> gate.legacy(locale), this::show, code -> {});
    }

    @Override
    void changed() {
        refresh();
    }

    /** Whether turning off also erases, as the owner has chosen here. */
    static boolean erases(Context context) {
        return PreferenceManager.getDefaultSharedPreferences(context).getBoolean(ERASE, false);
    }

    private void show(ConsentState state) {
        if (state.on) {
            mWithdrawal = null;
        }
        PreferenceScreen page = getPreferenceScreen();
        mUse.setEnabled(state.on || state.policy == Policy.NONE);
        mUse.setChecked(state.on);
        mState.setSummary(
                mWithdrawal != null && state.durable && state.policy == Policy.NONE
                        ? Words.of(getContext(), mWithdrawal)
                        : Words.of(getContext(), state));
        mState.setSelectable(!state.on && !state.durable);
        keep(page, mUse, true);
        keep(page, mState, true);
        keep(page, mForget, !state.on && state.durable && kept(state.offReason));
        mAllowed.show(page, state);
        keep(page, mErase, state.on);
        keep(page, mSent, true);
        show(page, state);
    }

    /** Whether a record is there, of what does not count now. */
    private static boolean kept(int offReason) {
        return offReason != OffReason.NO_RECORD && offReason != OffReason.UNKNOWN_USER;
    }

    private void show(PreferenceGroup page, ConsentState state) {
        mSims.forEach(
                (id, section) -> {
                    if (!state.on || find(state.sims, id) == null) {
                        section.hide(page);
                    }
                });
        if (!state.on) {
            return;
        }
        for (int i = 0; i < state.sims.length; i++) {
            int place = i;
            SimState sim = state.sims[i];
            mSims.computeIfAbsent(
                            sim.subscriptionId,
                            id ->
                                    new SimSection(
                                            getContext(), id, label(id), FIRST_SIM + place, this))
                    .show(page, state, sim);
        }
    }

    private static SimState find(SimState[] sims, int subscription) {
        for (SimState sim : sims) {
            if (sim.subscriptionId == subscription) {
                return sim;
            }
        }
        return null;
    }

    private String label(int subscription) {
        String label = Sims.labels(getContext()).get(subscription);
        return label == null ? getString(R.string.sim_absent) : label;
    }

    private void show(Legacy legacy) {
        mLegacy.setTitle(
                legacy.name.isEmpty()
                        ? getString(R.string.legacy_unnamed)
                        : getString(R.string.legacy, legacy.name));
        // Both are the maker's words.
        mLegacy.setSummary((legacy.erasure + "\n" + legacy.address).strip());
        keep(getPreferenceScreen(), mLegacy, legacy.wasRegistered);
    }

    private void unavailable() {
        hideWhatIsOfOn();
        keep(getPreferenceScreen(), mProblem, false);
        mUse.setEnabled(false);
        mUse.setChecked(false);
        mState.setSummary(R.string.unavailable);
        mState.setSelectable(false);
    }

    @Override
    void silent() {
        keep(getPreferenceScreen(), mUse, true);
        keep(getPreferenceScreen(), mState, true);
        mState.setSummary(R.string.silent);
        mState.setSelectable(true);
    }

    private void hideWhatIsOfOn() {
        PreferenceScreen page = getPreferenceScreen();
        keep(page, mUse, true);
        keep(page, mState, true);
        mSims.values().forEach(section -> section.hide(page));
        mAllowed.hide(page);
        for (Preference row : new Preference[] {mForget, mErase, mSent, mLegacy}) {
            keep(page, row, false);
        }
    }

    /** False: the switch stays as it is until the gate says something else. */
    private boolean switched(boolean on) {
        if (!on) {
            withdraw();
        } else {
            startActivity(DisclosureActivity.turningOn(getContext()));
        }
        return false;
    }

    private boolean withdraw() {
        keep(getPreferenceScreen(), mProblem, false);
        mState.setSummary(R.string.turning_off);
        withdraw(mErase.isChecked(), this::off, code -> unavailable());
        return true;
    }

    /** It is off, whether or not anything else that was asked is ever answered. */
    private void off(Withdrawal done) {
        mWithdrawal = done;
        hideWhatIsOfOn();
        mUse.setChecked(false);
        mState.setSummary(Words.of(getContext(), done));
        mState.setSelectable(!done.durable);
        keep(getPreferenceScreen(), mSent, true);
        refresh();
    }

    @Override
    public void submitCode(int subscription, String code) {
        order(gate -> gate.submitCode(subscription, code), Failures::code);
    }

    @Override
    public void requestCode(int subscription) {
        order(gate -> gate.requestCode(subscription), Failures::code);
    }

    /** What an owner tells the gate to do. */
    interface Order {
        void give(ICloudMessagingConsent gate) throws RemoteException;
    }

    /** If the gate refuses, the page says what that means, until something else is ordered. */
    void order(Order order, IntUnaryOperator words) {
        keep(getPreferenceScreen(), mProblem, false);
        ask(
                gate -> {
                    order.give(gate);
                    return true;
                },
                done -> refresh(),
                code -> {
                    mProblem.setSummary(words.applyAsInt(code));
                    keep(getPreferenceScreen(), mProblem, true);
                    refresh();
                });
    }
}
