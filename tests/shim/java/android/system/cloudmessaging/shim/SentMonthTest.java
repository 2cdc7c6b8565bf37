// SPDX-License-Identifier: Apache-2.0
package android.system.cloudmessaging.shim;

import static org.junit.Assert.assertEquals;
import static org.junit.Assert.assertFalse;
import static org.junit.Assert.assertTrue;
import static org.robolectric.Shadows.shadowOf;

import android.app.Activity;
import android.graphics.Bitmap;
import android.graphics.Canvas;
import android.os.Looper;
import android.system.cloudmessaging.settings.SentActivity;
import android.view.View;
import android.view.ViewGroup;
import android.widget.ListView;
import java.nio.file.Files;
import java.time.Duration;
import java.util.ArrayList;
import org.junit.Test;
import org.robolectric.RuntimeEnvironment;
import org.robolectric.Shadows;
import org.robolectric.android.controller.ActivityController;

/** Some weeks of what was sent. */
@SuppressWarnings("deprecation") // The pages are made of it.
public final class SentMonthTest extends SentCase {
    private Activity month() throws Exception {
        serveMonth();
        return read().get();
    }

    private static ListView list(Activity page) {
        return page.findViewById(android.R.id.list);
    }

    private static View chart(Activity page) {
        ArrayList<View> found = new ArrayList<>();
        page.getWindow().getDecorView().findViewsWithText(
                found, "Bytes sent on each day", View.FIND_VIEWS_WITH_CONTENT_DESCRIPTION);
        assertEquals(1, found.size());
        return found.get(0);
    }

    /** The chart, whatever language it is described in. */
    private static View bars(View view) {
        if (view.getClass().getSimpleName().equals("BytesChart")) {
            return view;
        }
        if (view instanceof ViewGroup group) {
            for (int child = 0; child < group.getChildCount(); child++) {
                View found = bars(group.getChildAt(child));
                if (found != null) {
                    return found;
                }
            }
        }
        return null;
    }

    private static Bitmap drawn(View view) {
        Bitmap bitmap =
                Bitmap.createBitmap(view.getWidth(), view.getHeight(), Bitmap.Config.ARGB_8888);
        view.draw(new Canvas(bitmap));
        return bitmap;
    }

    @Test
    public void eachEntrySaysWhenWhatForWhatWhereToAndHowItEnded() throws Exception {
        Activity page = month();
        String shown = texts(rows(page));
        String message = "Message: To broker.example, 1.1 kB\n"
                + "Reveals: your number, what you wrote, the pseudonym of a person you write to, "
                + "your public keys\n";
        for (String expected : new String[] {
            "Saturday, November 21, 2026: null\n"
                    + "5:58 PM  " + message + "Not known yet how it ended\n",
            "4:20 PM  Message: To broker.example, 4.2 kB\n",
            "Left to SMS: the recipient does not use Cloud Messaging\n",
            "11:41 AM  " + message + "Delivered at 11:41 AM\n"
                    + "11:41 AM  Looking up a person you write to: To broker.example, 592 B\n"
                    + "Reveals: the number of a person you write to\n"
                    + "11:41 AM  Connection to send messages: To broker.example\n"
                    + "Reveals: your network address, your pseudonym\n",
            "1:03 PM  A message was received: null\n",
            "10:12 AM  Refused, nothing was sent: The app that asked is not allowed to\n2 times\n",
            "Left to SMS: no receipt came in time\n",
            "Found turned on when the phone started",
            "Found turned off when the phone started",
            "Turned off: That was not stored safely at first\n",
            "Another phone has registered your number",
            "2 messages from outside were dropped",
            "A crash has cost the end of the last entry",
            "Forbidden by your organisation or by this phone",
            "No longer forbidden",
            "You allowed to reveal: IMEI",
            "You no longer allow to reveal: IMEI",
            "Turned on: May reveal: your number, ",
            "Your registration was erased",
        }) {
            assertTrue(expected + " is not in\n" + shown, shown.contains(expected));
        }
        // Its message says it.
        assertFalse(shown, shown.contains("A message was delivered"));
        Screenshots.check("sent", page);
        list(page).setSelection(rows(page).findPreference("month").getOrder() + 8);
        Shadows.shadowOf(Looper.getMainLooper()).idle();
        Screenshots.check("sent-list", page);
    }

    @Test
    public void whatThisPageCannotTellIsNotCalledErased() throws Exception {
        String shown = texts(rows(month()));
        assertTrue(shown, shown.contains("Unknown entry: This page cannot tell what it says."));
        assertTrue(shown, shown.contains("9:00 AM  Unknown entry: "));
        assertFalse(shown, shown.contains("rased entr"));
    }

    @Test
    public void olderEntriesComePageByPageAndInTheSamePlaceWhenThePhoneIsTurned() throws Exception {
        serveMonth();
        ActivityController<SentActivity> controller = read();
        Activity page = controller.get();
        assertEquals(null, rows(page).findPreference("newer"));
        press(rows(page), "older");
        untilRead(page);
        String older = texts(rows(page));
        assertTrue(older, older.startsWith("Verified: "));
        assertFalse(older, older.contains("How much was sent"));
        assertFalse(older, older.contains("November 21, 2026"));
        // Its message was erased.
        assertTrue(older, older.contains("A message was delivered: null\n"));
        assertTrue(older, older.contains("You erased the history before this"));
        assertTrue(older, older.contains("5 erased entries: What it said is gone; "));
        assertEquals(null, rows(page).findPreference("older"));

        list(page).setSelection(20);
        Shadows.shadowOf(Looper.getMainLooper()).idle();
        assertEquals(20, list(page).getFirstVisiblePosition());
        controller.recreate();
        Activity turned = controller.get();
        untilRead(turned);
        assertEquals(older, texts(rows(turned)));
        until(() -> list(turned).getFirstVisiblePosition() == 20);

        press(rows(turned), "newer");
        untilRead(turned);
        assertTrue(texts(rows(turned)).contains("How much was sent"));
    }

    @Test
    public void aQuestionOutlastsThatThePhoneIsTurned() throws Exception {
        serveMonth();
        ActivityController<SentActivity> controller = read();
        press(rows(controller.get()), "erase");
        asked();
        controller.recreate();
        assertTrue(text(asked()).contains("cannot be brought back"));
        answer(asked(), false);
        untilRead(controller.get());
    }

    @Test
    public void totalsAreOfWholeDaysWhereTheOwnerIs() throws Exception {
        Activity page = month();
        assertEquals("6 transmissions, 9.7 kB, 2 connections\nTap to see what that revealed",
                rows(page).findPreference("today").getSummary().toString());
        assertEquals("15 transmissions, 24 kB, 11 connections\nTap to see what that revealed",
                rows(page).findPreference("week").getSummary().toString());
        assertEquals("54 transmissions, 100 kB, 51 connections\nTap to see what that revealed",
                rows(page).findPreference("month").getSummary().toString());
        press(rows(page), "today");
        assertEquals(
                """
                6 transmissions, 9.7 kB, 2 connections
                your number: 4 times, 8.5 kB
                the number of a person you write to: once, 592 B
                what you wrote: 3 times, 6.4 kB
                your network address: 2 times
                your pseudonym: 3 times, 2.1 kB
                the pseudonym of a person you write to: 4 times, 7.0 kB
                that a message arrived: once, 592 B
                your public keys: 4 times, 8.5 kB""",
                rows(page).findPreference("today").getSummary().toString());
        // 22:30 by UTC's clock of the day before, when Berlin was two hours ahead of it: one hour ahead, as it is now, would
        // have made it the day before.
        String chart = chart(page).getContentDescription().toString();
        assertTrue(chart, chart.startsWith(
                "Bytes sent on each day from Oct 23, 2026 to Nov 21, 2026. October 25, 2026: "));
        assertTrue(chart, chart.contains("November 21, 2026: 9.7 kB."));
        assertTrue(chart, chart.endsWith(
                "Nothing on the other days. It was on for 26 of these days."));
    }

    @Test
    public void refusedAttemptsAreSetApart() throws Exception {
        String shown = texts(rows(month()));
        assertTrue(shown, shown.contains(
                """
                Refused attempts in 30 days: null
                The app that asked is not allowed to: 2 times, the last on Nov 21, 2026, 10:12 AM
                There was no network: once, the last on Nov 19, 2026, 10:30 AM
                The phone was roaming: 3 times, the last on Nov 19, 2026, 10:00 AM
                Cloud Messaging was off: 7 times, the last on Nov 3, 2026, 12:16 PM
                """));
    }

    @Test
    public void ofADamagedLedgerNothingIsShownAndNothingIsKept() throws Exception {
        byte[] export = Files.readAllBytes(MONTH);
        month();
        byte[] changed = export.clone();
        changed[export.length / 2] ^= 1;
        byte[] cut = java.util.Arrays.copyOf(export, export.length - 100);
        for (byte[] damaged : new byte[][] {changed, cut, new byte[0]}) {
            serveInstead("exportLedger", bytes(damaged));
            assertEquals(
                    """
                    Damaged: This is not what was signed. Believe none of it.
                    Share: As a file that anybody can check
                    """,
                    texts(rows(read().get())));
        }
        assertTrue(texts(rows(month())).contains("since you looked the last time"));
    }

    @Test
    public void theNewestDayIsWhereALineEnds() throws Exception {
        Bitmap from = drawn(chart(month()));
        RuntimeEnvironment.setQualifiers("ar-rXB-ldrtl-w411dp-h731dp-port-notnight-420dpi");
        Activity page = read().get();
        View window = page.getWindow().getDecorView();
        until(() -> {
            // The next frame, in which the rows are laid out.
            shadowOf(Looper.getMainLooper()).idleFor(Duration.ofMillis(20));
            return bars(window) != null;
        });
        Bitmap mirrored = drawn(bars(window));
        assertEquals(from.getWidth(), mirrored.getWidth());
        boolean differs = false;
        for (int x = 0; x < from.getWidth(); x++) {
            // A gap is at one side of its bar, also when it is mirrored.
            differs |= from.getPixel(x, from.getHeight() / 2)
                    != mirrored.getPixel(x, mirrored.getHeight() / 2);
        }
        assertTrue("it is not mirrored", differs);
    }

    @Test
    public void inTheDark() throws Exception {
        RuntimeEnvironment.setQualifiers("en-rUS-w411dp-h731dp-port-night-420dpi");
        Screenshots.check("sent-dark", month());
    }
}
