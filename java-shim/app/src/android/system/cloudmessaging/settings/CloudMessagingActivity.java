// SPDX-License-Identifier: Apache-2.0
package android.system.cloudmessaging.settings;

import android.app.Activity;
import android.os.Bundle;
import android.view.MenuItem;

/** Settings > Cloud Messaging. */
public final class CloudMessagingActivity extends Activity {
    /** Opens it; a Messaging app does by this. */
    static final String ACTION = "android.system.cloudmessaging.settings.action.SETTINGS";

    @Override
    @SuppressWarnings("deprecation") // RowsFragment says why.
    protected void onCreate(Bundle saved) {
        super.onCreate(saved);
        getActionBar().setDisplayHomeAsUpEnabled(true);
        if (saved == null) {
            getFragmentManager()
                    .beginTransaction()
                    .replace(android.R.id.content, new PageFragment())
                    .commit();
        }
    }

    @Override
    public boolean onOptionsItemSelected(MenuItem item) {
        if (item.getItemId() == android.R.id.home) {
            finish();
            return true;
        }
        return super.onOptionsItemSelected(item);
    }
}
