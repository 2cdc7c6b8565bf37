// SPDX-License-Identifier: Apache-2.0
package android.system.cloudmessaging.settings;

/** What the owner agreed to, and the record of it to take away. */
public final class ReceiptActivity extends PageActivity {
    @Override
    RowsFragment newRows() {
        return new ReceiptFragment();
    }
}
