// SPDX-License-Identifier: Apache-2.0
package android.system.cloudmessaging.shim;

import static org.junit.Assert.assertEquals;
import static org.junit.Assert.assertThrows;
import static org.junit.Assert.assertTrue;

import android.app.Activity;
import android.graphics.Rect;
import android.system.cloudmessaging.settings.CloudMessagingActivity;
import android.system.cloudmessaging.settings.DisclosureActivity;
import android.text.TextUtils;
import android.view.View;
import android.widget.ListView;
import android.widget.TextView;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.Test;
import org.robolectric.android.controller.ActivityController;
import org.robolectric.shadows.ShadowLooper;

/** How the pages look in other languages, from right to left, with large letters, on other screens and in the dark. */
public final class AppearanceTest extends PagesCase {
    /** Of a number: what order it is read in shows. */
    private static final Pattern NUMBER = Pattern.compile("[•+0-9][•0-9]{3,}[0-9]");

    @Test
    public void everyPageIsWholeInEveryLook() throws Exception {
        List<Look> looks = new ArrayList<>(List.of(Look.large()));
        looks.addAll(List.of(Look.TABLET, Look.TABLET_LYING, Look.LYING, Look.DARK));
        everyPage(
                (name, page) -> {
                    Whole.check(name, page);
                    belowTheBars(name, page);
                    notTooWide(name, page);
                    if (name.contains("dark") || name.contains("tablet lying")) {
                        Contrast.check(name, page);
                    }
                },
                looks.toArray(new Look[0]));
    }

    @Test
    public void everyPageIsMirrored() throws Exception {
        everyPage(
                (name, page) -> {
                    View root = page.getWindow().getDecorView();
                    assertEquals(name, View.LAYOUT_DIRECTION_RTL, root.getLayoutDirection());
                    ListView list = page.findViewById(android.R.id.list);
                    Whole.through(list, () -> {
                        for (int i = 0; i < list.getChildCount(); i++) {
                            mirrored(name, list.getChildAt(i));
                        }
                    });
                    mirrored(name, page.findViewById(R_BAR));
                },
                Look.PSEUDO);
    }

    @Test
    public void asItLooks() throws Exception {
        for (Look look : new Look[] {Look.PSEUDO, Look.large()[0], Look.large()[2]}) {
            look.set();
            ActivityController<CloudMessagingActivity> page = page();
            ActivityController<DisclosureActivity> question = asked(page.get());
            Screenshots.check("disclosure-" + look.picture(), question.get());
            close(question, page);
        }
        Look.ENGLISH.set();
        turnOn(page().get());
        Look.TABLET.set();
        Activity on = page().get();
        until(() -> choice(rows(on), "use").isChecked());
        Screenshots.check("on-tablet", on);
    }

    @Test
    public void aTextThatIsCutIsFound() throws Exception {
        Look.large()[4].set();
        Activity page = page().get();
        Whole.check("as it is", page);
        ListView list = page.findViewById(android.R.id.list);
        TextView summary = list.getChildAt(0).findViewById(android.R.id.summary);
        summary.setMaxLines(1);
        ShadowLooper.idleMainLooper();
        assertThrows(AssertionError.class, () -> Whole.check("one line", page));
        summary.setMaxLines(Integer.MAX_VALUE);
        summary.setEllipsize(TextUtils.TruncateAt.END);
        summary.setMaxLines(2);
        ShadowLooper.idleMainLooper();
        assertThrows(AssertionError.class, () -> Whole.check("two, and an ellipsis", page));
    }

    /** The bars of the system that PagesCase gives, and the page's own. */
    private static void belowTheBars(String name, Activity page) {
        float density = page.getResources().getDisplayMetrics().density;
        boolean lies = page.getResources().getConfiguration().screenHeightDp < 480;
        int width = page.getWindow().getDecorView().getWidth();
        int height = page.getWindow().getDecorView().getHeight();
        Rect bar = Whole.place(page.findViewById(R_BAR));
        Rect title = Whole.place(page.findViewById(R_BAR_TITLE));
        ListView list = page.findViewById(android.R.id.list);
        Rect first = Whole.place(list.getChildAt(0));
        assertTrue(name, title.top >= TOP * density);
        assertTrue(name + ": the first row is below the page's bar", first.top >= bar.bottom);
        assertTrue(name, first.left >= (lies ? Math.round(TOP * density) : 0));
        assertTrue(name, first.right <= width - (lies ? Math.round(BOTTOM * density) : 0));
        int end = height - (lies ? 0 : Math.round(BOTTOM * density));
        View buttons = page.findViewById(R_BUTTONS);
        if (buttons == null) {
            Rect whole = Whole.place(list);
            assertEquals(name + ": rows reach from edge to edge", height, whole.bottom);
            assertTrue(name, whole.bottom - list.getPaddingBottom() <= end);
        } else {
            for (int button : new int[] {R_TURN_ON, R_NOT_NOW}) {
                Rect place = Whole.place(page.findViewById(button));
                assertTrue(name + ": a button is above the bar", place.bottom <= end);
                assertTrue(name, place.left >= 0 && place.right <= width);
            }
            assertTrue(name, Whole.place(list).bottom <= Whole.place(buttons).top);
        }
    }

    private static void notTooWide(String name, Activity page) {
        float density = page.getResources().getDisplayMetrics().density;
        ListView list = page.findViewById(android.R.id.list);
        Rect row = Whole.place(list.getChildAt(0));
        Rect all = Whole.place(list);
        assertTrue(name + ": " + row, row.width() <= 640 * density + 1);
        if (name.contains("tablet")) {
            assertEquals(name + ": in the middle", all.centerX(), row.centerX(), 1);
            assertTrue(name + ": where there is room", row.width() >= 600 * density);
        }
    }

    private static void mirrored(String name, View row) {
        for (View control : Whole.all(row, View.class)) {
            if (control.getId() == android.R.id.switch_widget) {
                View title = row.findViewById(android.R.id.title);
                assertTrue(name, Whole.place(control).right <= Whole.place(title).left);
            }
        }
        for (TextView text : Whole.all(row, TextView.class)) {
            if (control(text)) {
                continue;
            }
            Matcher number = NUMBER.matcher(text.getText());
            while (number.find()) {
                // Not from the first: at the edge of a line that is where the line begins.
                int first = number.start() + 1;
                int last = number.end() - 1;
                float from = text.getLayout().getPrimaryHorizontal(first);
                float to = text.getLayout().getPrimaryHorizontal(last);
                boolean oneLine = text.getLayout().getLineForOffset(first)
                        == text.getLayout().getLineForOffset(last);
                assertTrue(name + ": reads backwards: " + text.getText(), !oneLine || from < to);
            }
        }
    }

    private static boolean control(TextView text) {
        return text.getId() == android.R.id.switch_widget;
    }

    private static final int R_BAR = android.system.cloudmessaging.settings.R.id.bar;
    private static final int R_BAR_TITLE = android.system.cloudmessaging.settings.R.id.bar_title;
    private static final int R_BUTTONS = android.system.cloudmessaging.settings.R.id.buttons;
}
