// SPDX-License-Identifier: Apache-2.0
package android.system.cloudmessaging.settings;

import android.content.Context;
import android.content.Intent;
import android.os.Bundle;
import android.preference.EditTextPreference;
import android.preference.Preference;
import android.preference.PreferenceManager;
import android.preference.PreferenceScreen;
import android.preference.SwitchPreference;
import android.system.cloudmessaging.ConsentState;
import android.system.cloudmessaging.Erasure;
import android.system.cloudmessaging.ICloudMessagingConsent;
import android.system.cloudmessaging.Registration;
import android.system.cloudmessaging.SimState;
import android.system.cloudmessaging.Withdrawal;
import android.widget.Toast;

/**
 * The rows of the page. It shows what the gate says, and forwards what the owner wants: turning on goes by way of the
 * disclosure, turning off does not wait for a question.
 */
@SuppressWarnings("deprecation") // RowsFragment says why.
public final class PageFragment extends RowsFragment {
    private static final String ERASE = "erase";

    private SwitchPreference mUse;
    private TextPreference mState;
    private SwitchPreference mErase;
    private Preference mSent;
    /** Of the withdrawal that this page asked for; null while there is none, or it is on again. */
    private Withdrawal mWithdrawal;

    @Override
    public void onCreate(Bundle saved) {
        super.onCreate(saved);
        mUse = new SwitchPreference(getContext());
        mUse.setKey("use");
        mUse.setPersistent(false);
        mUse.setTitle(R.string.use);
        mUse.setSummary(R.string.use_summary);
        mUse.setEnabled(false);
        mUse.setOnPreferenceChangeListener((row, on) -> switched((Boolean) on));
        mState = new TextPreference(getContext());
        mState.setKey("state");
        mState.setSpoken();
        mState.setTitle(R.string.state);
        mState.setOnPreferenceClickListener(row -> withdraw());
        // Only how this page turns off: kept here, and nothing that could turn on.
        mErase = new SwitchPreference(getContext());
        mErase.setKey(ERASE);
        mErase.setTitle(R.string.erase);
        mErase.setSummary(R.string.erase_summary);
        mSent = new Preference(getContext());
        mSent.setKey("sent");
        mSent.setPersistent(false);
        mSent.setTitle(R.string.sent);
        mSent.setSummary(R.string.sent_summary);
        mSent.setIntent(new Intent(getContext(), SentActivity.class));
    }

    @Override
    void refresh() {
        ask(ICloudMessagingConsent::state, this::show, code -> unavailable());
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
        PreferenceScreen screen = getPreferenceScreen();
        screen.removeAll();
        mUse.setEnabled(true);
        mUse.setChecked(state.on);
        mState.setSummary(status(state));
        mState.setSelectable(!state.on && !state.durable);
        add(screen, mUse);
        add(screen, mState);
        if (state.on) {
            for (SimState sim : state.sims) {
                if (sim.registration == Registration.CODE_NEEDED) {
                    add(screen, code(sim));
                    add(screen, anotherCode(sim));
                }
            }
            add(screen, mErase);
        }
        add(screen, mSent);
    }

    private String status(ConsentState state) {
        boolean erased = mWithdrawal != null && mWithdrawal.erasure == Erasure.CONFIRMED;
        return erased && !state.on && state.durable
                ? getString(R.string.off_erased)
                : Words.of(getContext(), state);
    }

    private void unavailable() {
        PreferenceScreen screen = getPreferenceScreen();
        screen.removeAll();
        mUse.setEnabled(false);
        mUse.setChecked(false);
        mState.setSummary(R.string.unavailable);
        mState.setSelectable(false);
        add(screen, mUse);
        add(screen, mState);
    }

    /** False: the switch stays as it is until the gate says something else. */
    private boolean switched(boolean on) {
        if (on) {
            startActivity(new Intent(getContext(), DisclosureActivity.class));
        } else {
            withdraw();
        }
        return false;
    }

    private boolean withdraw() {
        boolean erase = mErase.isChecked();
        ask(
                gate -> gate.withdraw(erase),
                withdrawal -> {
                    mWithdrawal = withdrawal;
                    refresh();
                },
                code -> unavailable());
        return true;
    }

    private Preference code(SimState sim) {
        EditTextPreference row = new EditTextPreference(getContext());
        row.setKey("code" + sim.subscriptionId);
        row.getEditText().setHint(R.string.code);
        row.setPersistent(false);
        row.setTitle(R.string.code);
        row.setSummary(sim.codeWasWrong ? R.string.code_wrong : R.string.code_summary);
        row.setOnPreferenceChangeListener(
                (changed, text) -> {
                    String code = ((String) text).strip();
                    forward(gate -> gate.submitCode(sim.subscriptionId, code));
                    return false;
                });
        return row;
    }

    private Preference anotherCode(SimState sim) {
        Preference row = new Preference(getContext());
        row.setKey("another" + sim.subscriptionId);
        row.setPersistent(false);
        row.setTitle(R.string.code_another);
        row.setOnPreferenceClickListener(
                clicked -> {
                    forward(gate -> gate.requestCode(sim.subscriptionId));
                    return true;
                });
        return row;
    }

    private interface Order {
        void give(ICloudMessagingConsent gate) throws android.os.RemoteException;
    }

    private void forward(Order order) {
        ask(
                gate -> {
                    order.give(gate);
                    return true;
                },
                done -> refresh(),
                code -> {
                    Toast.makeText(getContext(), R.string.failed, Toast.LENGTH_LONG).show();
                    refresh();
                });
    }
}
