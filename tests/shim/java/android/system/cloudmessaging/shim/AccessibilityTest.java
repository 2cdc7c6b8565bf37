// SPDX-License-Identifier: Apache-2.0
package android.system.cloudmessaging.shim;

import static org.junit.Assert.assertEquals;
import static org.junit.Assert.assertFalse;
import static org.junit.Assert.assertThrows;
import static org.junit.Assert.assertTrue;

import android.app.Activity;
import android.app.Dialog;
import android.preference.Preference;
import android.preference.PreferenceCategory;
import android.system.cloudmessaging.settings.R;
import android.view.View;
import android.view.accessibility.AccessibilityManager;
import android.widget.ListView;
import android.widget.TextView;
import org.junit.Before;
import org.junit.Test;
import org.robolectric.Shadows;
import org.robolectric.shadows.ShadowDialog;
import org.robolectric.shadows.ShadowLooper;

/** The pages for an owner who listens to them. */
@SuppressWarnings("deprecation") // PageCase says why.
public final class AccessibilityTest extends PagesCase {
    @Before
    public void listen() {
        AccessibilityManager manager = mContext.getSystemService(AccessibilityManager.class);
        Shadows.shadowOf(manager).setEnabled(true);
        Shadows.shadowOf(manager).setTouchExplorationEnabled(true);
    }

    @Test
    public void everyPageIsReadAloud() throws Exception {
        everyPage(
                (name, page) -> {
                    Spoken.check(name, page);
                    Contrast.check(name, page);
                    headings(name, page);
                    if (name.startsWith("disclosure")) {
                        View turnOn = page.findViewById(R.id.turn_on);
                        // An accessibility service that is no tool for people with disabilities neither sees nor presses it.
                        assertTrue(name, turnOn.isAccessibilityDataSensitive());
                        turnOn.setAccessibilityDataSensitive(View.ACCESSIBILITY_DATA_SENSITIVE_NO);
                        Spoken.inOrder(name, page, R.id.bar_title, android.R.id.list, R.id.turn_on, R.id.not_now);
                    } else {
                        Spoken.inOrder(name, page, R.id.bar_title, android.R.id.list);
                    }
                    if (rows(page).findPreference("state") != null) {
                        status(name, page);
                    }
                    if (name.startsWith("code")) {
                        asked(name, page);
                    }
                },
                Look.ENGLISH);
    }

    private static void headings(String name, Activity page) {
        TextView title = page.findViewById(R.id.bar_title);
        assertTrue(name, title.isAccessibilityHeading());
        assertEquals(name, page.getTitle().toString(), title.getText().toString());
        ListView list = page.findViewById(android.R.id.list);
        Whole.through(list, () -> {
            for (int i = 0; i < list.getChildCount(); i++) {
                boolean named =
                        list.getItemAtPosition(list.getFirstVisiblePosition() + i) instanceof PreferenceCategory;
                View row = list.getChildAt(i);
                assertEquals(name + ": " + Spoken.said(row), named, row.isAccessibilityHeading());
            }
        });
    }

    /** A change of the status is said while the owner is somewhere else on the page. */
    private static void status(String name, Activity page) {
        ListView list = page.findViewById(android.R.id.list);
        int spoken = 0;
        for (int i = 0; i < list.getChildCount(); i++) {
            boolean state = list.getItemAtPosition(list.getFirstVisiblePosition() + i)
                    == rows(page).findPreference("state");
            int region = list.getChildAt(i).getAccessibilityLiveRegion();
            assertEquals(name, state, region == View.ACCESSIBILITY_LIVE_REGION_POLITE);
            spoken += state ? 1 : 0;
        }
        assertEquals(name, 1, spoken);
    }

    /** The question for the code that came by SMS. */
    private static void asked(String name, Activity page) {
        press(rows(page), "code" + SIM);
        ShadowLooper.idleMainLooper();
        Dialog dialog = ShadowDialog.getLatestDialog();
        assertTrue(name, dialog.isShowing());
        Spoken.window(name + ", asked", dialog.getWindow().getDecorView());
        dialog.dismiss();
        ShadowLooper.idleMainLooper();
    }

    @Test
    public void aRowWithoutWordsIsFound() throws Exception {
        Activity page = page().get();
        Spoken.check("as it is", page);
        Preference silent = new Preference(page);
        silent.setIcon(R.drawable.ic_cloud_messaging);
        rows(page).addPreference(silent);
        ShadowLooper.idleMainLooper();
        assertThrows(AssertionError.class, () -> Spoken.check("planted", page));
    }

    @Test
    public void aButtonWithoutWordsAndASmallOneAreFound() throws Exception {
        Activity question = disclosure(page().get());
        View decor = question.getWindow().getDecorView();
        TextView button = question.findViewById(R_NOT_NOW);
        CharSequence text = button.getText();
        button.setText("");
        assertFalse(Spoken.errors(decor).isEmpty());
        button.setText(text);
        assertEquals(java.util.List.of(), Spoken.errors(decor));
        button.setMinHeight(0);
        button.setMinimumHeight(0);
        button.setPadding(0, 0, 0, 0);
        ShadowLooper.idleMainLooper();
        assertThrows(AssertionError.class, () -> Spoken.window("planted", decor));
    }
}
