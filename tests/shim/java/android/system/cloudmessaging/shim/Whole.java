// SPDX-License-Identifier: Apache-2.0
package android.system.cloudmessaging.shim;

import static org.junit.Assert.assertEquals;
import static org.junit.Assert.assertFalse;
import static org.junit.Assert.assertTrue;

import android.app.Activity;
import android.text.Layout;
import android.view.View;
import android.view.ViewGroup;
import android.widget.ListView;
import android.widget.TextView;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import org.robolectric.shadows.ShadowLooper;

/** That an owner can see all of a page: no text is cut, nothing lies outside, and every row can be scrolled to. */
final class Whole {
    private Whole() {}

    static void check(String name, Activity page) {
        View root = page.findViewById(android.R.id.content);
        ListView list = page.findViewById(android.R.id.list);
        assertTrue(name, list.getCount() > 0);
        assertFalse(name + ": nothing is above the first row", list.canScrollVertically(-1));
        through(list, () -> {
            for (int i = 0; i < list.getChildCount(); i++) {
                View row = list.getChildAt(i);
                assertTrue(name + ": a row of no height", row.getHeight() > 0);
                inside(name, root, row);
            }
        });
        inside(name, root, root);
        scrolledOut(name, list);
        show(list, 0);
    }

    /** The last row ends above what lies over the list's end, and the first begins below what lies over its top. */
    private static void scrolledOut(String name, ListView list) {
        show(list, list.getCount() - 1);
        while (list.canScrollVertically(1)) {
            list.scrollListBy(list.getHeight());
        }
        View last = list.getChildAt(list.getChildCount() - 1);
        assertTrue(name + ": the last row is above the bar below",
                last.getBottom() <= list.getHeight() - list.getPaddingBottom());
    }

    /** From screen to screen, until every row was on one. */
    static void through(ListView list, Runnable screen) {
        for (int place = 0; place < list.getCount(); place = list.getLastVisiblePosition() + 1) {
            show(list, place);
            screen.run();
        }
        show(list, 0);
    }

    private static void show(ListView list, int place) {
        list.setSelectionFromTop(place, 0);
        ShadowLooper.idleMainLooper();
        assertTrue(place + " is shown", place >= list.getFirstVisiblePosition()
                && place <= list.getLastVisiblePosition());
    }

    /** Each view within its parent, but for what is scrolled, and each text within its view. */
    private static void inside(String name, View root, View top) {
        each(top, view -> {
            ViewGroup parent = (ViewGroup) view.getParent();
            if (view != root && !(parent instanceof ListView)) {
                String which = name + ": " + describe(view);
                assertTrue(which + " begins outside", view.getLeft() >= 0 && view.getTop() >= 0);
                assertTrue(which + " ends outside", view.getRight() <= parent.getWidth()
                        && view.getBottom() <= parent.getHeight());
            }
            if (view instanceof TextView text && text.length() > 0) {
                whole(name, text);
            }
        });
    }

    private static void whole(String name, TextView text) {
        String which = name + ": “" + text.getText() + "”";
        Layout layout = text.getLayout();
        assertTrue(which + " is not laid out", layout != null);
        int wide = text.getWidth() - text.getCompoundPaddingLeft() - text.getCompoundPaddingRight();
        int high = text.getHeight() - text.getCompoundPaddingTop() - text.getCompoundPaddingBottom();
        for (int line = 0; line < layout.getLineCount(); line++) {
            assertEquals(which + " is cut", 0, layout.getEllipsisCount(line));
            assertTrue(which + " is wider than its place", layout.getLineMax(line) <= wide + 1);
        }
        int lines = text.getMaxLines() > 0 ? text.getMaxLines() : Integer.MAX_VALUE;
        assertTrue(which + " has too many lines", layout.getLineCount() <= lines);
        assertTrue(which + " is higher than its place", layout.getHeight() <= high + 1);
    }

    /** What is seen of it, itself before what it holds. */
    static void each(View top, Consumer<View> what) {
        if (top.getVisibility() != View.VISIBLE) {
            return;
        }
        what.accept(top);
        if (top instanceof ViewGroup group) {
            for (int i = 0; i < group.getChildCount(); i++) {
                each(group.getChildAt(i), what);
            }
        }
    }

    static <T extends View> List<T> all(View top, Class<T> kind) {
        List<T> found = new ArrayList<>();
        each(top, view -> {
            if (kind.isInstance(view)) {
                found.add(kind.cast(view));
            }
        });
        return found;
    }

    static String describe(View view) {
        String text = view instanceof TextView words ? " “" + words.getText() + "”" : "";
        return view.getClass().getSimpleName() + text;
    }

    /** Where it is in the window. */
    static android.graphics.Rect place(View view) {
        int[] at = new int[2];
        view.getLocationInWindow(at);
        return new android.graphics.Rect(
                at[0], at[1], at[0] + view.getWidth(), at[1] + view.getHeight());
    }
}
