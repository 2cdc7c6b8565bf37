// SPDX-License-Identifier: Apache-2.0
package android.system.cloudmessaging.settings;

import android.content.Context;
import android.content.Intent;

/** Exactly what a registration would hold: what the gate says, held against what this process computes itself. */
public final class PreviewActivity extends PageActivity {
    /** Subscription ids. */
    static final String SIMS = "sims";
    /** Numbers of data classes. */
    static final String CLASSES = "classes";

    /** Of these SIMs, under these classes. No identity goes along: the page reads them itself. */
    static Intent of(Context context, int[] sims, int[] classes) {
        return new Intent(context, PreviewActivity.class)
                .putExtra(SIMS, sims)
                .putExtra(CLASSES, classes);
    }

    @Override
    RowsFragment newRows() {
        return new PreviewFragment();
    }
}
