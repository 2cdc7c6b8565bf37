// SPDX-License-Identifier: Apache-2.0
package android.system.cloudmessaging.shim;

import static org.junit.Assert.assertEquals;
import static org.junit.Assert.assertFalse;
import static org.junit.Assert.assertTrue;
import static org.robolectric.Shadows.shadowOf;

import android.app.Activity;
import android.app.ActivityThread;
import android.app.KeyguardManager;
import android.content.Intent;
import android.os.Bundle;
import android.os.Looper;
import android.os.Process;
import android.os.ServiceSpecificException;
import android.os.UserManager;
import android.preference.PreferenceScreen;
import android.system.cloudmessaging.Disclosure;
import android.system.cloudmessaging.ErrorCode;
import android.system.cloudmessaging.RegistrationPreview;
import android.system.cloudmessaging.settings.DisclosureActivity;
import android.system.cloudmessaging.settings.PreviewActivity;
import android.telephony.SubscriptionManager;
import android.view.KeyEvent;
import android.view.MotionEvent;
import android.view.View;
import android.view.WindowManager;
import android.widget.TextView;
import java.util.Map;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.Test;
import org.robolectric.Robolectric;
import org.robolectric.android.controller.ActivityController;

/** The question, and that nothing but its owner's answer turns anything on. */
@SuppressWarnings("deprecation") // The page is made of it.
public final class DisclosureTest extends PageCase {
    private ActivityController<DisclosureActivity> question() throws Exception {
        ActivityController<DisclosureActivity> question =
                inFront(Robolectric.buildActivity(DisclosureActivity.class).setup());
        until(() -> turnOn(question).isEnabled());
        return question;
    }

    private static View turnOn(ActivityController<DisclosureActivity> question) {
        return question.get().findViewById(R_TURN_ON);
    }

    private static String problem(ActivityController<DisclosureActivity> question) {
        TextView problem = question.get().findViewById(R_PROBLEM);
        return problem.getVisibility() == View.VISIBLE ? problem.getText().toString() : "";
    }

    @Test
    public void notNowLeavesItOff() throws Exception {
        Activity page = page().get();
        Activity question = disclosure(page);
        question.findViewById(R_NOT_NOW).performClick();
        assertTrue(question.isFinishing());
        assertEquals("false 0", consent());
    }

    @Test
    public void theKeyThatPressesTheDefaultPressesNotNow() throws Exception {
        ActivityThread.currentActivityThread().getInstrumentation().setInTouchMode(false);
        Activity question = question().get();
        View notNow = question.findViewById(R_NOT_NOW);
        assertTrue(notNow.isFocusedByDefault());
        assertFalse(question.findViewById(R_TURN_ON).hasFocus());
        question.getWindow().getDecorView().restoreDefaultFocus();
        assertTrue(notNow.hasFocus());
        for (int action : new int[] {KeyEvent.ACTION_DOWN, KeyEvent.ACTION_UP}) {
            question.dispatchKeyEvent(new KeyEvent(action, KeyEvent.KEYCODE_ENTER));
        }
        shadowOf(Looper.getMainLooper()).idle();
        assertTrue(question.isFinishing());
        assertEquals("false 0", consent());
    }

    @Test
    public void theScreenLockIsAskedForWhereOneIsSet() throws Exception {
        shadowOf(mContext.getSystemService(KeyguardManager.class)).setIsDeviceSecure(true);
        Activity question = disclosure(page().get());
        for (int answer : new int[] {Activity.RESULT_CANCELED, Activity.RESULT_OK}) {
            question.findViewById(R_TURN_ON).performClick();
            Intent lock = shadowOf(question).getNextStartedActivityForResult().intent;
            assertEquals("false 0", consent());
            shadowOf(question).receiveResult(lock, answer, null);
            shadowOf(Looper.getMainLooper()).idle();
            assertEquals(answer == Activity.RESULT_CANCELED, question.findViewById(R_TURN_ON).isEnabled());
        }
        until(question::isFinishing);
        until(() -> consent().equals("true 1"));
    }

    @Test
    public void aTouchThroughAnotherWindowPressesNothing() throws Exception {
        Activity question = disclosure(page().get());
        View button = question.findViewById(R_TURN_ON);
        for (int covered : new int[] {MotionEvent.FLAG_WINDOW_IS_OBSCURED,
            MotionEvent.FLAG_WINDOW_IS_PARTIALLY_OBSCURED}) {
            assertFalse(button.onFilterTouchEventForSecurity(touch(covered)));
            assertFalse(button.dispatchTouchEvent(touch(covered)));
        }
        assertTrue(button.onFilterTouchEventForSecurity(touch(0)));
        assertEquals("false 0", consent());
    }

    private static MotionEvent touch(int flags) {
        MotionEvent.PointerProperties finger = new MotionEvent.PointerProperties();
        finger.toolType = MotionEvent.TOOL_TYPE_FINGER;
        return MotionEvent.obtain(0, 0, MotionEvent.ACTION_DOWN, 1,
                new MotionEvent.PointerProperties[] {finger},
                new MotionEvent.PointerCoords[] {new MotionEvent.PointerCoords()},
                0, 0, 1, 1, 0, 0, android.view.InputDevice.SOURCE_TOUCHSCREEN, flags);
    }

    @Test
    public void whileAnotherWindowIsInFrontNothingIsPressed() throws Exception {
        ActivityController<DisclosureActivity> question = question();
        int hidden = question.get().getWindow().getAttributes().privateFlags
                & WindowManager.LayoutParams.SYSTEM_FLAG_HIDE_NON_SYSTEM_OVERLAY_WINDOWS;
        assertTrue("other apps' windows are hidden", hidden != 0);
        question.windowFocusChanged(false);
        assertFalse(turnOn(question).performClick());
        assertTrue("nothing was pressed", turnOn(question).isEnabled());
        question.windowFocusChanged(true);
        assertTrue(turnOn(question).performClick());
        until(() -> question.get().isFinishing());
        until(() -> consent().equals("true 1"));
    }

    /** The platform brings the one to the front that is there, if it is asked for a second one above it. */
    @Test
    public void twoTapsOpenOneQuestion() throws Exception {
        Activity page = page().get();
        press(rows(page), "use");
        int flags = shadowOf(page).getNextStartedActivity().getFlags();
        assertTrue((flags & Intent.FLAG_ACTIVITY_SINGLE_TOP) != 0);
    }

    @Test
    public void twoTapsAreOneGrant() throws Exception {
        AtomicInteger grants = new AtomicInteger();
        serve((method, arguments, real) -> {
            if (method.getName().equals("grant")) {
                grants.incrementAndGet();
            }
            return real.call();
        });
        shadowOf(mContext.getSystemService(KeyguardManager.class)).setIsDeviceSecure(true);
        Activity question = question().get();
        question.findViewById(R_TURN_ON).performClick();
        question.findViewById(R_TURN_ON).performClick();
        Intent lock = shadowOf(question).getNextStartedActivityForResult().intent;
        assertEquals("the lock is asked for once", null,
                shadowOf(question).getNextStartedActivityForResult());
        shadowOf(question).receiveResult(lock, Activity.RESULT_OK, null);
        question.findViewById(R_TURN_ON).performClick();
        until(question::isFinishing);
        assertEquals(1, grants.get());
    }

    @Test
    public void madeAnewItKeepsTheChoicesAndNoSecretAndTurnsNothingOn() throws Exception {
        shadowOf(mContext.getSystemService(KeyguardManager.class)).setIsDeviceSecure(true);
        ActivityController<DisclosureActivity> question = question();
        for (String row : new String[] {"imsi", "roaming", "savers"}) {
            press(rows(question.get(), R_ROWS), row);
        }
        turnOn(question).performClick();
        Bundle saved = new Bundle();
        question.pause().stop().saveInstanceState(saved);
        for (String identity : new String[] {Bed.NUMBER, IMSI, IMEI}) {
            assertFalse(holds(saved, identity));
        }
        question.destroy();
        // The process is gone, and with it all but what was saved.
        ActivityController<DisclosureActivity> again =
                inFront(Robolectric.buildActivity(DisclosureActivity.class).setup(saved));
        until(() -> turnOn(again).isEnabled());
        PreferenceScreen asked = rows(again.get(), R_ROWS);
        assertTrue(choice(asked, "imsi").isChecked());
        assertFalse(choice(asked, "imei").isChecked());
        assertTrue(choice(asked, "roaming").isChecked());
        assertFalse(choice(asked, "savers").isChecked());
        assertEquals("false 0", consent());
        turnOn(again).performClick();
        Intent lock = shadowOf(again.get()).getNextStartedActivityForResult().intent;
        shadowOf(again.get()).receiveResult(lock, Activity.RESULT_OK, null);
        until(() -> again.get().isFinishing());
        until(() -> consent().equals("true 1"));
    }

    @Test
    public void aTextThatChangedBehindTheScreenLockIsReadAgain() throws Exception {
        shadowOf(mContext.getSystemService(KeyguardManager.class)).setIsDeviceSecure(true);
        AtomicBoolean changed = new AtomicBoolean();
        serve((method, arguments, real) -> {
            Object answer = real.call();
            if (changed.get() && answer instanceof Disclosure disclosure) {
                disclosure.sha256[0] ^= 1;
                disclosure.text = "Changed";
            }
            return answer;
        });
        ActivityController<DisclosureActivity> question = question();
        turnOn(question).performClick();
        Intent lock = shadowOf(question.get()).getNextStartedActivityForResult().intent;
        changed.set(true);
        question.pause().stop().start().resume();
        until(() -> rows(question.get()).findPreference("text").getSummary().toString().equals("Changed"));
        shadowOf(question.get()).receiveResult(lock, Activity.RESULT_OK, null);
        assertEquals("The text has changed since you opened this page. Read it again, and then decide.",
                problem(question));
        assertEquals("false 0", consent());
    }

    @Test
    public void eachReasonForWhichItIsNotTurnedOnHasItsWords() throws Exception {
        AtomicInteger code = new AtomicInteger();
        serve((method, arguments, real) -> {
            if (method.getName().equals("grant")) {
                throw new ServiceSpecificException(code.get());
            }
            return real.call();
        });
        ActivityController<DisclosureActivity> question = question();
        for (Map.Entry<Integer, String> one : Map.of(
                ErrorCode.UNKNOWN_DISCLOSURE,
                "The text has changed since you opened this page. Read it again, and then decide.",
                ErrorCode.SIM_IN_USE, "One of these SIMs takes part under another user of this phone. "
                        + "Nothing was changed.",
                ErrorCode.STORAGE, "Your choice could not be stored, so it is off.",
                ErrorCode.LEDGER, "It could not be written down first, so it is off.",
                ErrorCode.NOT_READY, "The service is not ready: it needs you to have unlocked this "
                        + "phone. Nothing was changed; try again.",
                ErrorCode.TOO_MANY, "The service is busy. Nothing was changed; try again.",
                ErrorCode.OFF, "It was turned off at the same moment, and so it is off.",
                ErrorCode.INTERNAL, "The service failed. Nothing was sent.").entrySet()) {
            code.set(one.getKey());
            turnOn(question).performClick();
            until(() -> problem(question).equals(one.getValue()) && turnOn(question).isEnabled());
        }
        assertFalse(question.get().isFinishing());
        assertEquals("false 0", consent());
    }

    /** Of the real gate. */
    @Test
    public void aNumberThatIsNotInInternationalFormIsNamedAsTheReason() throws Exception {
        shadowOf(mContext.getSystemService(SubscriptionManager.class)).setPhoneNumber(SIM, "5550100");
        ActivityController<DisclosureActivity> question = question();
        turnOn(question).performClick();
        until(() -> problem(question).startsWith("The service cannot use the number of a SIM"));
        press(rows(question.get(), R_ROWS), "preview");
        Activity preview = started(question.get(), PreviewActivity.class);
        until(() -> texts(rows(preview)).contains("the service cannot use the number of a SIM"));
        assertEquals("false 0", consent());
    }

    @Test
    public void whoHadAgreedIsToldWhatIsNew() throws Exception {
        serve((method, arguments, real) -> {
            Object answer = real.call();
            if (answer instanceof Disclosure disclosure) {
                disclosure.news = new String[] {"Pictures are sent, too."};
                disclosure.controller = "Other Org";
                disclosure.controllerBefore = "Example Org";
                disclosure.registrarChanged = true;
            }
            return answer;
        });
        PreferenceScreen asked = rows(question().get());
        assertEquals("news", asked.getPreference(0).getKey());
        assertEquals("What is new since you agreed", asked.getPreference(0).getTitle().toString());
        assertEquals("Pictures are sent, too.\nOther Org runs the service now. Before: Example Org.\n"
                + "The registrar has another key.", asked.getPreference(0).getSummary().toString());
        serve();
        assertEquals("text", rows(question().get()).getPreference(0).getKey());
    }

    /** Of the real gate: the owner has the question open while a policy comes. */
    @Test
    public void whatIsForbiddenMeanwhileIsNotTurnedOn() throws Exception {
        ActivityController<DisclosureActivity> question = question();
        shadowOf(mContext.getSystemService(UserManager.class)).setUserRestriction(
                Process.myUserHandle(), UserManager.DISALLOW_SMS, true);
        // Somebody reports it.
        page();
        until(() -> !turnOn(question).isEnabled());
        assertEquals("false 0", consent());
    }

    @Test
    public void thePreviewIsComputedHereTooAndShowsEveryByte() throws Exception {
        Activity question = disclosure(page().get());
        press(rows(question, R_ROWS), "imei");
        press(rows(question, R_ROWS), "preview");
        Intent intent = shadowOf(question).peekNextStartedActivity();
        for (String identity : new String[] {Bed.NUMBER, IMSI, IMEI}) {
            assertFalse(intent.toUri(0).contains(identity));
        }
        Activity preview = started(question, PreviewActivity.class);
        until(() -> rows(preview).getPreferenceCount() > 0);
        String shown = texts(rows(preview));
        assertTrue(shown, shown.contains("This page has computed it too. Every byte is the same."));
        assertTrue(shown, shown.contains(Bed.NUMBER));
        assertTrue(shown, shown.contains(IMEI));
        assertFalse(shown, shown.contains(IMSI));
        assertFalse(shown, shown.contains("Something else"));
        String bytes = hexadecimal(Bed.NUMBER);
        assertTrue(shown, shown.replace(" ", "").contains(bytes));
        Screenshots.check("preview", preview);
    }

    private static String hexadecimal(String text) {
        return java.util.HexFormat.of()
                .formatHex(text.getBytes(java.nio.charset.StandardCharsets.US_ASCII));
    }

    @Test
    public void aPreviewThatIsNotWhatThePageComputesIsToldApart() throws Exception {
        Activity question = disclosure(page().get());
        serve((method, arguments, real) -> {
            Object answer = real.call();
            if (answer instanceof RegistrationPreview[] previews) {
                previews[0].plaintext[previews[0].plaintext.length - 1] ^= 1;
            }
            return answer;
        });
        press(rows(question, R_ROWS), "preview");
        Activity preview = started(question, PreviewActivity.class);
        until(() -> rows(preview).getPreferenceCount() > 0);
        String shown = texts(rows(preview));
        assertTrue(shown, shown.contains("This page has computed something else. Do not turn on."));
    }
}
