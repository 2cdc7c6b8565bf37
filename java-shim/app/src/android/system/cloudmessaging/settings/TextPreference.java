// SPDX-License-Identifier: Apache-2.0
package android.system.cloudmessaging.settings;

import android.content.Context;
import android.preference.Preference;
import android.view.View;
import android.widget.TextView;

/** A row of text that is shown whole, however long it is. */
@SuppressWarnings("deprecation") // What took its place is not part of the platform.
final class TextPreference extends Preference {
    private boolean mSpoken;

    TextPreference(Context context) {
        super(context);
        setSelectable(false);
        setPersistent(false);
    }

    /** Has a change of it read aloud, while the owner is elsewhere on the page. */
    void setSpoken() {
        mSpoken = true;
    }

    @Override
    protected void onBindView(View view) {
        super.onBindView(view);
        ((TextView) view.findViewById(android.R.id.summary)).setMaxLines(Integer.MAX_VALUE);
        // Views go from row to row.
        view.setAccessibilityLiveRegion(
                mSpoken ? View.ACCESSIBILITY_LIVE_REGION_POLITE : View.ACCESSIBILITY_LIVE_REGION_NONE);
    }
}
