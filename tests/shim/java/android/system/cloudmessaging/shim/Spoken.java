// SPDX-License-Identifier: Apache-2.0
package android.system.cloudmessaging.shim;

import static org.junit.Assert.assertEquals;
import static org.junit.Assert.assertFalse;
import static org.junit.Assert.assertTrue;

import android.app.Activity;
import android.graphics.Rect;
import android.view.View;
import android.view.ViewGroup;
import android.widget.ListView;
import android.widget.TextView;
import com.google.android.apps.common.testing.accessibility.framework.AccessibilityCheckPreset;
import com.google.android.apps.common.testing.accessibility.framework.AccessibilityCheckResult.AccessibilityCheckResultType;
import com.google.android.apps.common.testing.accessibility.framework.AccessibilityViewCheckResult;
import com.google.android.apps.common.testing.accessibility.framework.AccessibilityViewHierarchyCheck;
import java.util.ArrayList;
import java.util.List;

/** That a page can be used by ear, and with a finger that does not hit the point. */
final class Spoken {
    private static final int TARGET_DP = 48;

    private Spoken() {}

    /** All of it, row by row. */
    static void check(String name, Activity page) {
        ListView list = page.findViewById(android.R.id.list);
        Whole.through(list, () -> {
            for (int i = 0; i < list.getChildCount(); i++) {
                row(name, list, list.getFirstVisiblePosition() + i);
            }
            window(name, page.getWindow().getDecorView());
        });
    }

    /** What is shown of it: by the accessibility-test-framework's checks, and each target by its size. */
    static void window(String name, View decor) {
        assertEquals(name, List.of(), errors(decor));
        float density = decor.getResources().getDisplayMetrics().density;
        int least = Math.round(TARGET_DP * density);
        for (View view : Whole.all(decor, View.class)) {
            if (view.isClickable() || view.isLongClickable() || view instanceof android.widget.EditText) {
                assertTrue(name + ": " + Whole.describe(view) + " is " + view.getWidth() + " x "
                        + view.getHeight() + " of " + least,
                        view.getWidth() >= least && view.getHeight() >= least);
            }
        }
    }

    static List<String> errors(View decor) {
        List<String> errors = new ArrayList<>();
        for (AccessibilityViewHierarchyCheck check :
                AccessibilityCheckPreset.getViewChecksForPreset(AccessibilityCheckPreset.LATEST)) {
            for (AccessibilityViewCheckResult result : check.runCheckOnViewHierarchy(decor)) {
                if (result.getType() == AccessibilityCheckResultType.ERROR) {
                    errors.add(check.getClass().getSimpleName() + ": " + result.getMessage() + " "
                            + (result.getView() == null ? "" : Whole.describe(result.getView())));
                }
            }
        }
        return errors;
    }

    /** A row is one thing to TalkBack if it can be pressed; else it is its texts. */
    private static void row(String name, ListView list, int place) {
        View row = list.getChildAt(place - list.getFirstVisiblePosition());
        String said = said(row);
        assertFalse(name + ": row " + place + " says nothing", said.isBlank());
        if (list.getAdapter().isEnabled(place)) {
            int least = Math.round(TARGET_DP * row.getResources().getDisplayMetrics().density);
            assertTrue(name + ": “" + said + "” is " + row.getHeight(), row.getHeight() >= least);
            // In a row that can be pressed nothing takes the focus from it.
            for (View inner : Whole.all(row, View.class)) {
                assertTrue(name + ": “" + said + "”", inner == row || !inner.isFocusable());
            }
        }
    }

    /** What would be read of it. */
    static String said(View view) {
        if (view.getVisibility() != View.VISIBLE) {
            return "";
        }
        if (view.getContentDescription() != null) {
            return view.getContentDescription() + "\n";
        }
        if (view instanceof TextView text && text.length() > 0) {
            return text.getText() + "\n";
        }
        StringBuilder said = new StringBuilder();
        if (view instanceof ViewGroup group) {
            for (int i = 0; i < group.getChildCount(); i++) {
                said.append(said(group.getChildAt(i)));
            }
        }
        return said.toString();
    }

    /** The views in the order in which TalkBack goes through them. */
    static List<View> order(View top) {
        List<View> order = new ArrayList<>();
        ArrayList<View> children = new ArrayList<>();
        top.addChildrenForAccessibility(children);
        for (View child : children) {
            order.add(child);
            order.addAll(order(child));
        }
        return order;
    }

    /** From top to bottom. */
    static void inOrder(String name, Activity page, int... ids) {
        List<View> order = order(page.getWindow().getDecorView());
        int before = -1;
        Rect above = null;
        for (int id : ids) {
            View view = page.findViewById(id);
            int at = order.indexOf(view);
            assertTrue(name + ": " + Whole.describe(view) + " comes at " + at, at > before);
            Rect place = Whole.place(view);
            assertTrue(name, above == null || place.top >= above.top);
            before = at;
            above = place;
        }
    }
}
