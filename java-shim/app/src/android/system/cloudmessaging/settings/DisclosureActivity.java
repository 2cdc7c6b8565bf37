// SPDX-License-Identifier: Apache-2.0
package android.system.cloudmessaging.settings;

import android.app.KeyguardManager;
import android.content.Context;
import android.content.Intent;
import android.os.Bundle;
import android.system.cloudmessaging.DataClass;
import android.view.View;
import android.widget.TextView;

/**
 * The question. What it says is the gate's text, and turning on is not what a careless touch does: it has no focus, takes no
 * touch through another window and none while another has the focus, and asks for the screen lock where one is set. What is
 * agreed to beyond it, later, is asked in the same way.
 */
public final class DisclosureActivity extends PageActivity {
    private static final String CHANGES = "changes";
    private static final String CLASS = "class";
    private static final int CONFIRMED = 1;

    private ConsentButton mTurnOn;
    private TextView mProblem;
    /** The owner has pressed, and what came of it is not known yet. */
    private boolean mPressed;

    /** Whether to turn on. However fast the taps come, it is one question. */
    static Intent turningOn(Context context) {
        return new Intent(context, DisclosureActivity.class)
                .addFlags(Intent.FLAG_ACTIVITY_SINGLE_TOP);
    }

    /** While on: whether to agree anew, to something else. */
    static Intent changing(Context context) {
        return turningOn(context).putExtra(CHANGES, true);
    }

    /** While on: whether to reveal that, too. IMSI or IMEI. */
    static Intent allowing(Context context, int dataClass) {
        return turningOn(context).putExtra(CLASS, dataClass);
    }

    @Override
    int layout() {
        return R.layout.disclosure;
    }

    @Override
    RowsFragment newRows() {
        return new DisclosureFragment();
    }

    @Override
    protected void onCreate(Bundle saved) {
        super.onCreate(saved);
        getWindow().setHideOverlayWindows(true);
        mProblem = findViewById(R.id.problem);
        mTurnOn = findViewById(R.id.turn_on);
        mTurnOn.setOnClickListener(this::confirm);
        findViewById(R.id.not_now).setOnClickListener(button -> finish());
        if (changes()) {
            setTitle(R.string.change_title);
            mTurnOn.setText(R.string.agree);
        } else if (!asksForAll()) {
            setTitle(dataClass() == DataClass.IMSI
                    ? R.string.allow_imsi_title : R.string.allow_imei_title);
            mTurnOn.setText(R.string.allow);
        }
    }

    boolean changes() {
        return getIntent().getBooleanExtra(CHANGES, false);
    }

    boolean asksForAll() {
        return dataClass() == DataClass.UNSPECIFIED;
    }

    /** The class that is asked about; UNSPECIFIED if it is the whole. */
    int dataClass() {
        return getIntent().getIntExtra(CLASS, DataClass.UNSPECIFIED);
    }

    /** Whether what is needed for a grant is there: a text and a SIM. */
    void setReady(boolean ready) {
        mTurnOn.setEnabled(ready && !mPressed);
    }

    /** What the press came to: nothing, and why. */
    void failed(int why) {
        mPressed = false;
        mProblem.setText(why);
        mProblem.setVisibility(View.VISIBLE);
    }

    @SuppressWarnings("deprecation") // The same dialog in its newer form says less.
    private void confirm(View button) {
        if (mPressed || !button.isEnabled()) {
            return;
        }
        mPressed = true;
        button.setEnabled(false);
        mProblem.setVisibility(View.GONE);
        fragment().pressed();
        KeyguardManager keyguard = getSystemService(KeyguardManager.class);
        if (keyguard.isDeviceSecure()) {
            Intent lock = keyguard.createConfirmDeviceCredentialIntent(getTitle(), null);
            startActivityForResult(lock, CONFIRMED);
        } else {
            fragment().confirmed();
        }
    }

    @Override
    protected void onActivityResult(int request, int result, Intent data) {
        if (request != CONFIRMED) {
            return;
        }
        if (result == RESULT_OK) {
            mPressed = true;
            fragment().confirmed();
        } else {
            mPressed = false;
            fragment().setReady();
        }
    }

    @SuppressWarnings("deprecation")
    private DisclosureFragment fragment() {
        return (DisclosureFragment) getFragmentManager().findFragmentById(R.id.rows);
    }
}
