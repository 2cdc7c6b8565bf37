// SPDX-License-Identifier: Apache-2.0
package android.system.cloudmessaging.settings;

import android.app.KeyguardManager;
import android.content.Intent;
import android.os.Bundle;
import android.view.View;

/**
 * The question. What it says is the gate's text, and turning on is not what a careless touch does: it has no focus, takes no
 * touch through another window, and asks for the screen lock where one is set.
 */
public final class DisclosureActivity extends PageActivity {
    private static final int CONFIRMED = 1;

    private ConsentButton mTurnOn;

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
        mTurnOn = findViewById(R.id.turn_on);
        mTurnOn.setOnClickListener(this::confirm);
        findViewById(R.id.not_now).setOnClickListener(button -> finish());
    }

    /** Whether what is needed for a grant is there: a text and a SIM. */
    void setReady(boolean ready) {
        mTurnOn.setEnabled(ready);
    }

    @SuppressWarnings("deprecation") // The same dialog in its newer form says less.
    private void confirm(View button) {
        KeyguardManager keyguard = getSystemService(KeyguardManager.class);
        if (keyguard.isDeviceSecure()) {
            Intent lock =
                    keyguard.createConfirmDeviceCredentialIntent(
                            getString(R.string.disclosure_title), null);
            startActivityForResult(lock, CONFIRMED);
        } else {
            grant();
        }
    }

    @Override
    protected void onActivityResult(int request, int result, Intent data) {
        if (request == CONFIRMED && result == RESULT_OK) {
            grant();
        }
    }

    @SuppressWarnings("deprecation")
    private void grant() {
        mTurnOn.setEnabled(false);
        ((DisclosureFragment) getFragmentManager().findFragmentById(R.id.rows)).grant();
    }
}
