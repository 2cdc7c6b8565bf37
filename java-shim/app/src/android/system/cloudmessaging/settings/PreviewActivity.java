// SPDX-License-Identifier: Apache-2.0
package android.system.cloudmessaging.settings;

import android.app.Activity;
import android.os.Bundle;

/** Exactly what a registration would hold: what the gate says, held against what this process computes itself. */
public final class PreviewActivity extends Activity {
    /** Subscription ids. */
    static final String SIMS = "sims";
    /** Numbers of data classes. */
    static final String CLASSES = "classes";

    @Override
    @SuppressWarnings("deprecation") // RowsFragment says why.
    protected void onCreate(Bundle saved) {
        super.onCreate(saved);
        if (saved == null) {
            getFragmentManager()
                    .beginTransaction()
                    .replace(android.R.id.content, new PreviewFragment())
                    .commit();
        }
    }
}
