// SPDX-License-Identifier: Apache-2.0
package android.system.cloudmessaging.shim;

import static org.robolectric.Shadows.shadowOf;

import android.app.Activity;
import android.content.Intent;
import android.graphics.Insets;
import android.system.cloudmessaging.settings.CloudMessagingActivity;
import android.system.cloudmessaging.settings.DisclosureActivity;
import android.system.cloudmessaging.settings.PreviewActivity;
import android.system.cloudmessaging.settings.ReceiptActivity;
import android.system.cloudmessaging.settings.SentActivity;
import android.view.WindowInsets;
import java.util.Map;
import org.junit.After;
import org.robolectric.Robolectric;
import org.robolectric.android.controller.ActivityController;
import org.robolectric.shadows.ShadowLooper;

/** Goes through all pages in all their states, once, with one service behind them. */
@SuppressWarnings("deprecation") // PageCase says why.
public abstract class PagesCase extends PageCase {
    /** Of a status bar, a navigation bar and, in a look that lies, a camera; in dp. */
    static final int TOP = 24;

    static final int BOTTOM = 48;

    @After
    public void inEnglish() {
        Look.ENGLISH.set();
    }

    /** What is looked at, under a name for the one who reads why it failed. */
    interface Seen {
        void check(String name, Activity page) throws Exception;
    }

    /** Every page, in every look that its state is to be seen in. */
    void everyPage(Seen seen, Look... looks) throws Exception {
        for (Look look : looks) {
            look.set();
            ActivityController<CloudMessagingActivity> off = page();
            shown("off, " + look.name(), off, seen);
            ActivityController<DisclosureActivity> question = asked(off.get());
            shown("disclosure, " + look.name(), question, seen);
            press(rows(question.get()), "preview");
            Intent shown = shadowOf(question.get()).getNextStartedActivity();
            ActivityController<PreviewActivity> preview =
                    Robolectric.buildActivity(PreviewActivity.class, shown).setup();
            until(() -> rows(preview.get()).getPreferenceCount() > 0);
            shown("preview, " + look.name(), preview, seen);
            close(preview, question, off);
        }
        Look.ENGLISH.set();
        ActivityController<CloudMessagingActivity> first = page();
        ActivityController<DisclosureActivity> grant = asked(first.get());
        grant.get().findViewById(R_TURN_ON).performClick();
        until(() -> grant.get().isFinishing());
        close(grant, first);
        for (Look look : looks) {
            look.set();
            ActivityController<CloudMessagingActivity> code = page();
            until(() -> rows(code.get()).findPreference("code" + SIM) != null);
            shown("code, " + look.name(), code, seen);
            close(code);
        }
        Look.ENGLISH.set();
        ActivityController<CloudMessagingActivity> page = page();
        prove(page.get());
        close(page);
        for (Look look : looks) {
            look.set();
            ActivityController<CloudMessagingActivity> on = page();
            until(() -> choice(rows(on.get()), "use").isChecked());
            shown("on, " + look.name(), on, seen);
            ActivityController<SentActivity> sent =
                    Robolectric.buildActivity(SentActivity.class).setup();
            until(() -> rows(sent.get()).getPreferenceCount() > 0);
            shown("What was sent, " + look.name(), sent, seen);
            ActivityController<ReceiptActivity> agreed =
                    Robolectric.buildActivity(ReceiptActivity.class).setup();
            until(() -> rows(agreed.get()).getPreferenceCount() > 0);
            shown("what was agreed to, " + look.name(), agreed, seen);
            close(agreed, sent, on);
        }
        mBed.tell("kill");
        for (Look look : looks) {
            look.set();
            ActivityController<CloudMessagingActivity> missing = page();
            until(() -> !rows(missing.get()).findPreference("use").isEnabled());
            shown("unavailable, " + look.name(), missing, seen);
            close(missing);
        }
    }

    private static void shown(String name, ActivityController<? extends Activity> page, Seen seen)
            throws Exception {
        inFront(page);
        bars(page.get());
        seen.check(name, page.get());
    }

    /** The question, as the page's switch opens it. */
    static ActivityController<DisclosureActivity> asked(Activity page) throws Exception {
        press(rows(page), "use");
        Intent intent = shadowOf(page).getNextStartedActivity();
        ActivityController<DisclosureActivity> question =
                inFront(Robolectric.buildActivity(DisclosureActivity.class, intent).setup());
        until(() -> question.get().findViewById(R_TURN_ON).isEnabled());
        return question;
    }

    /** The service has so many listeners and no more. */
    static void close(ActivityController<?>... pages) {
        for (ActivityController<?> page : pages) {
            page.pause().stop().destroy();
        }
    }

    /** The bars of the system, of which Robolectric has none, given to the window as Android does. */
    static void bars(Activity page) {
        float density = page.getResources().getDisplayMetrics().density;
        boolean lies = page.getResources().getConfiguration().screenHeightDp < 480;
        Map<Integer, Insets> bars =
                Map.of(
                        WindowInsets.Type.statusBars(), Insets.of(0, TOP, 0, 0),
                        WindowInsets.Type.navigationBars(),
                                lies ? Insets.of(0, 0, BOTTOM, 0) : Insets.of(0, 0, 0, BOTTOM),
                        WindowInsets.Type.displayCutout(), Insets.of(lies ? TOP : 0, 0, 0, 0));
        WindowInsets.Builder insets = new WindowInsets.Builder();
        bars.forEach(
                (type, dp) ->
                        insets.setInsets(
                                type,
                                Insets.of(
                                        Math.round(dp.left * density),
                                        Math.round(dp.top * density),
                                        Math.round(dp.right * density),
                                        Math.round(dp.bottom * density))));
        page.getWindow().getDecorView().dispatchApplyWindowInsets(insets.build());
        ShadowLooper.idleMainLooper();
    }
}
