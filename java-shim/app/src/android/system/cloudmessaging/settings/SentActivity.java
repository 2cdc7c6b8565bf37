// SPDX-License-Identifier: Apache-2.0
package android.system.cloudmessaging.settings;

import android.app.Activity;
import android.os.Bundle;

/** What left the phone, by the ledger, and whether the ledger is what was signed. */
public final class SentActivity extends Activity {
    @Override
    @SuppressWarnings("deprecation") // RowsFragment says why.
    protected void onCreate(Bundle saved) {
        super.onCreate(saved);
        if (saved == null) {
            getFragmentManager()
                    .beginTransaction()
                    .replace(android.R.id.content, new SentFragment())
                    .commit();
        }
    }
}
