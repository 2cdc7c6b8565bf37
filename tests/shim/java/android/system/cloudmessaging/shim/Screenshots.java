// SPDX-License-Identifier: Apache-2.0
package android.system.cloudmessaging.shim;

import static org.junit.Assert.assertTrue;
import static org.junit.Assert.fail;

import android.app.Activity;
import android.graphics.Bitmap;
import android.graphics.BitmapFactory;
import android.graphics.Canvas;
import android.view.View;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import org.robolectric.shadows.ShadowLooper;

/**
 * What a page looks like, held against docs/screenshots. One that changed fails until its new version is checked in; the
 * suite's folder has it then, and `UPDATE_SCREENSHOTS=1` puts it there.
 */
final class Screenshots {
    private static final Path KEPT = Path.of(System.getProperty("shim.source"), "../../docs/screenshots");
    private static final Path MADE = Path.of(System.getProperty("shim.work"), "screenshots");

    private Screenshots() {}

    static void check(String name, Activity page) throws IOException {
        ShadowLooper.idleMainLooper();
        View view = page.getWindow().getDecorView();
        Bitmap made = Bitmap.createBitmap(view.getWidth(), view.getHeight(), Bitmap.Config.ARGB_8888);
        view.draw(new Canvas(made));
        boolean update = "1".equals(System.getenv("UPDATE_SCREENSHOTS"));
        Path file = (update ? KEPT : MADE).resolve(name + ".png");
        Files.createDirectories(file.getParent());
        try (OutputStream out = new FileOutputStream(file.toFile())) {
            assertTrue(made.compress(Bitmap.CompressFormat.PNG, 100, out));
        }
        Bitmap kept = BitmapFactory.decodeFile(KEPT.resolve(name + ".png").toString());
        if (kept == null || !made.sameAs(kept)) {
            fail(name + " looks different: " + file + " is what it looks like now");
        }
    }
}
