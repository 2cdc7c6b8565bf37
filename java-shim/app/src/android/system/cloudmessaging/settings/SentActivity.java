// SPDX-License-Identifier: Apache-2.0
package android.system.cloudmessaging.settings;

/** What left the phone, by the ledger, and whether the ledger is what was signed. */
public final class SentActivity extends PageActivity {
    @Override
    RowsFragment newRows() {
        return new SentFragment();
    }
}
