// SPDX-License-Identifier: Apache-2.0
package android.system.cloudmessaging.settings;

import android.content.Context;
import android.preference.Preference;
import android.view.View;
import android.widget.TextView;

/** A row of text that is shown whole, however long it is. */
@SuppressWarnings("deprecation") // What took its place is not part of the platform.
final class TextPreference extends Preference {
    TextPreference(Context context) {
        super(context);
        setSelectable(false);
        setPersistent(false);
    }

    @Override
    protected void onBindView(View view) {
        super.onBindView(view);
        ((TextView) view.findViewById(android.R.id.summary)).setMaxLines(Integer.MAX_VALUE);
    }
}
