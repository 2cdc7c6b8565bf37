// SPDX-License-Identifier: Apache-2.0
package android.system.cloudmessaging.settings;

import android.content.Context;
import android.preference.Preference;
import android.view.View;
import android.view.ViewGroup;

/** A row that is a chart. */
@SuppressWarnings("deprecation") // What took its place is not part of the platform.
final class ChartPreference extends Preference {
    private final BytesChart.Days mDays;
    private final String mWords;

    ChartPreference(Context context, BytesChart.Days days, String words) {
        super(context);
        mDays = days;
        mWords = words;
        setKey("chart");
        setSelectable(false);
        setPersistent(false);
    }

    @Override
    protected View onCreateView(ViewGroup parent) {
        return new BytesChart(getContext());
    }

    @Override
    protected void onBindView(View view) {
        view.setContentDescription(mWords);
        ((BytesChart) view).show(mDays);
    }
}
