// SPDX-License-Identifier: Apache-2.0
package android.system.cloudmessaging.settings;

import android.app.Activity;
import android.content.res.Resources;
import android.graphics.Insets;
import android.os.Bundle;
import android.view.MenuItem;
import android.view.View;
import android.view.WindowInsets;
import android.widget.TextView;

/**
 * What the pages share: a bar with the title and the arrow that leaves, rows below it, and that they reach from edge to edge,
 * as is so for target SDK 35, with nothing below a bar of the system that could not be scrolled out from there.
 */
abstract class PageActivity extends Activity {
    /** Longer lines are hard to read, and on a tablet a switch would be far from what it is about. */
    private static final int WIDEST_DP = 640;

    /** A layout with the views `page`, `bar`, `rows`, and it may be `buttons` below them. */
    int layout() {
        return R.layout.page;
    }

    abstract RowsFragment newRows();

    @Override
    @SuppressWarnings("deprecation") // RowsFragment says why.
    protected void onCreate(Bundle saved) {
        super.onCreate(saved);
        // Before Android 15 this is not so by itself.
        getWindow().setDecorFitsSystemWindows(false);
        setContentView(layout());
        setActionBar(findViewById(R.id.bar));
        getActionBar().setDisplayHomeAsUpEnabled(true);
        getActionBar().setDisplayShowTitleEnabled(false);
        findViewById(R.id.page).setOnApplyWindowInsetsListener(this::keepClear);
        if (saved == null) {
            getFragmentManager().beginTransaction().replace(R.id.rows, newRows()).commit();
        }
    }

    @Override
    protected void onTitleChanged(CharSequence title, int color) {
        super.onTitleChanged(title, color);
        TextView shown = findViewById(R.id.bar_title);
        shown.setText(title);
    }

    private WindowInsets keepClear(View page, WindowInsets insets) {
        Insets bars =
                insets.getInsets(
                        WindowInsets.Type.systemBars()
                                | WindowInsets.Type.displayCutout()
                                | WindowInsets.Type.ime());
        View list = findViewById(android.R.id.list);
        View buttons = findViewById(R.id.buttons);
        findViewById(R.id.bar).setPadding(bars.left, bars.top, bars.right, 0);
        // Rows may be seen below the bar of the system, but the last one can be scrolled out; buttons stand above.
        pad(list, bars, buttons == null);
        pad(buttons, bars, true);
        return WindowInsets.CONSUMED;
    }

    private void pad(View view, Insets bars, boolean lowest) {
        if (view != null) {
            int left = aside() + bars.left;
            int right = aside() + bars.right;
            view.setPadding(left, view.getPaddingTop(), right, lowest ? bars.bottom : 0);
        }
    }

    private int aside() {
        Resources resources = getResources();
        int spare = resources.getConfiguration().screenWidthDp - WIDEST_DP;
        return Math.round(Math.max(0, spare) / 2f * resources.getDisplayMetrics().density);
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
