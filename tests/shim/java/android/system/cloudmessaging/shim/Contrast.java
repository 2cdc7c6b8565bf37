// SPDX-License-Identifier: Apache-2.0
package android.system.cloudmessaging.shim;

import static org.junit.Assert.assertTrue;

import android.app.Activity;
import android.graphics.Bitmap;
import android.graphics.Canvas;
import android.graphics.Color;
import android.graphics.Rect;
import android.view.View;
import android.widget.ListView;
import android.widget.TextView;
import java.util.HashMap;
import java.util.Map;

/** That text can be told from what is behind it, by what was drawn: WCAG 2.1, 1.4.3. */
final class Contrast {
    private static final double LEAST = 4.5;
    /** How many points of a text are looked at, each way, for what is behind it. */
    private static final int POINTS = 40;

    private Contrast() {}

    static void check(String name, Activity page) {
        ListView list = page.findViewById(android.R.id.list);
        Whole.through(list, () -> shown(name, page));
    }

    private static void shown(String name, Activity page) {
        View decor = page.getWindow().getDecorView();
        Bitmap drawn = Bitmap.createBitmap(decor.getWidth(), decor.getHeight(), Bitmap.Config.ARGB_8888);
        decor.draw(new Canvas(drawn));
        for (TextView text : Whole.all(decor, TextView.class)) {
            Rect place = Whole.place(text);
            // Of what cannot be used nothing is asked.
            if (text.length() > 0 && text.isEnabled() && place.intersect(0, 0, drawn.getWidth(), drawn.getHeight())) {
                int behind = most(drawn, place);
                int colour = text.getCurrentTextColor();
                double ratio = ratio(over(colour, behind), behind);
                assertTrue(name + ": “" + text.getText() + "” has " + ratio, ratio >= LEAST);
            }
        }
    }

    private static int most(Bitmap drawn, Rect place) {
        Map<Integer, Integer> seen = new HashMap<>();
        int right = Math.max(1, place.width() / POINTS);
        int down = Math.max(1, place.height() / POINTS);
        for (int y = place.top; y < place.bottom; y += down) {
            for (int x = place.left; x < place.right; x += right) {
                seen.merge(drawn.getPixel(x, y), 1, Integer::sum);
            }
        }
        return seen.entrySet().stream().max(Map.Entry.comparingByValue()).orElseThrow().getKey();
    }

    private static int over(int colour, int behind) {
        float share = Color.alpha(colour) / 255f;
        return Color.rgb(
                Math.round(Color.red(colour) * share + Color.red(behind) * (1 - share)),
                Math.round(Color.green(colour) * share + Color.green(behind) * (1 - share)),
                Math.round(Color.blue(colour) * share + Color.blue(behind) * (1 - share)));
    }

    static double ratio(int one, int other) {
        double first = Color.luminance(one);
        double second = Color.luminance(other);
        return (Math.max(first, second) + 0.05) / (Math.min(first, second) + 0.05);
    }
}
