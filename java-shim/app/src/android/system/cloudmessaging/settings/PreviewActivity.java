// SPDX-License-Identifier: Apache-2.0
package android.system.cloudmessaging.settings;

/** Exactly what a registration would hold: what the gate says, held against what this process computes itself. */
public final class PreviewActivity extends PageActivity {
    /** Subscription ids. */
    static final String SIMS = "sims";
    /** Numbers of data classes. */
    static final String CLASSES = "classes";

    @Override
    RowsFragment newRows() {
        return new PreviewFragment();
    }
}
