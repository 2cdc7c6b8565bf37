// SPDX-License-Identifier: Apache-2.0
package android.system.cloudmessaging.shim;

import static org.junit.Assert.assertEquals;
import static org.junit.Assert.assertFalse;
import static org.junit.Assert.assertTrue;
import static org.robolectric.Shadows.shadowOf;

import android.app.Activity;
import android.app.KeyguardManager;
import android.content.ContentResolver;
import android.content.Intent;
import android.net.Uri;
import android.os.Binder;
import android.os.IBinder;
import android.os.Looper;
import android.preference.EditTextPreference;
import android.preference.PreferenceScreen;
import android.system.cloudmessaging.ICloudMessagingConsent;
import android.system.cloudmessaging.RegistrationPreview;
import android.system.cloudmessaging.settings.CloudMessagingActivity;
import android.system.cloudmessaging.settings.PreviewActivity;
import android.view.MotionEvent;
import android.view.View;
import java.lang.reflect.Proxy;
import org.junit.Test;
import org.robolectric.RuntimeEnvironment;
import org.robolectric.android.controller.ActivityController;

/** The page as an owner uses it, with the real cloudmessagingd behind it. */
@SuppressWarnings("deprecation") // The page is made of it.
public final class PageTest extends PageCase {
    @Test
    public void offDisclosureOnAndOff() throws Exception {
        ActivityController<CloudMessagingActivity> controller = page();
        Activity page = controller.get();
        assertEquals("Off", state(page));
        assertFalse(choice(rows(page), "use").isChecked());
        Screenshots.check("off", page);

        Activity question = disclosure(page);
        PreferenceScreen asked = rows(question, R_ROWS);
        String text = asked.findPreference("text").getSummary().toString();
        assertTrue(text, text.contains("WHAT IS SENT, TO WHOM, AND WHY"));
        assertEquals("Reveals your number, •••••••00",
                asked.findPreference("sim" + SIM).getSummary().toString());
        assertFalse(choice(asked, "imsi").isChecked());
        assertFalse(choice(asked, "imei").isChecked());
        assertFalse(choice(asked, "roaming").isChecked());
        assertTrue(choice(asked, "savers").isChecked());
        assertTrue(question.findViewById(R_NOT_NOW).isFocusedByDefault());
        assertFalse(question.findViewById(R_TURN_ON).hasFocus());
        Screenshots.check("disclosure", question);
        assertEquals("false 0", consent());

        question.findViewById(R_TURN_ON).performClick();
        until(question::isFinishing);
        until(() -> consent().equals("true 1"));
        until(() -> choice(rows(page), "use").isChecked());

        until(() -> rows(page).findPreference("code" + SIM) != null);
        assertEquals("On, waiting for a code by SMS", state(page));
        EditTextPreference code = (EditTextPreference) rows(page).findPreference("code" + SIM);
        until(() -> {
            code.getOnPreferenceChangeListener().onPreferenceChange(code, mBed.code());
            return state(page).equals("On, connected");
        });
        Screenshots.check("on", page);

        press(rows(page), "use");
        until(() -> state(page).startsWith("Off. Your registration lapses by "));
        assertFalse(choice(rows(page), "use").isChecked());
        assertEquals("false 0", consent());
    }

    @Test
    public void erasedAtOnceIfTheOwnerWantsThat() throws Exception {
        Activity page = page().get();
        turnOn(page);
        choice(rows(page), "erase").setChecked(true);
        press(rows(page), "use");
        until(() -> state(page).equals("Off. Your registration is erased."));
        assertEquals("false 0", consent());
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
        String bytes = hexadecimal(Bed.NUMBER);
        assertTrue(shown, shown.replace(" ", "").contains(bytes));
        Screenshots.check("preview", preview);
    }

    @Test
    public void aPreviewThatIsNotWhatThePageComputesIsToldApart() throws Exception {
        Activity question = disclosure(page().get());
        ICloudMessagingConsent real = ICloudMessagingConsent.Stub.asInterface(mBed.consent());
        Binder binder = new Binder();
        ICloudMessagingConsent liar = (ICloudMessagingConsent) Proxy.newProxyInstance(
                PageTest.class.getClassLoader(), new Class<?>[] {ICloudMessagingConsent.class},
                (self, method, arguments) -> {
                    Object answer = method.invoke(real, arguments);
                    if (answer instanceof RegistrationPreview[] previews) {
                        previews[0].plaintext[previews[0].plaintext.length - 1] ^= 1;
                    }
                    return answer instanceof IBinder ? binder : answer;
                });
        binder.attachInterface(liar, SERVICE + "Consent");
        RealServices.SERVED.put(SERVICE + "Consent", binder);
        press(rows(question, R_ROWS), "preview");
        Activity preview = started(question, PreviewActivity.class);
        until(() -> rows(preview).getPreferenceCount() > 0);
        String shown = texts(rows(preview));
        assertTrue(shown, shown.contains("This page has computed something else. Do not turn on."));
    }

    private static String hexadecimal(String text) {
        return java.util.HexFormat.of()
                .formatHex(text.getBytes(java.nio.charset.StandardCharsets.US_ASCII));
    }

    @Test
    public void withoutTheServiceNothingIsSentAndNothingCrashes() throws Exception {
        ActivityController<CloudMessagingActivity> page = page();
        turnOn(page.get());
        assertEquals("On", summary());
        mBed.tell("kill");
        until(() -> state(page.get()).equals("Unavailable; nothing is sent"));
        assertFalse(rows(page.get()).findPreference("use").isEnabled());
        assertFalse(choice(rows(page.get()), "use").isChecked());
        assertEquals("Unavailable; nothing is sent", summary());
        Screenshots.check("unavailable", page.get());
        mBed.tell("start");
        serve();
        page.pause().stop().start().resume();
        until(() -> choice(rows(page.get()), "use").isChecked());
    }

    private String summary() {
        ContentResolver settings = mContext.getContentResolver();
        return settings.call(Uri.parse("content://android.system.cloudmessaging.settings"),
                "getDynamicSummary", null, null).getString("com.android.settings.summary");
    }

    @Test
    public void inTheDark() throws Exception {
        RuntimeEnvironment.setQualifiers("en-rUS-w411dp-h731dp-port-night-420dpi");
        Activity page = page().get();
        Screenshots.check("off-dark", page);
        Screenshots.check("disclosure-dark", disclosure(page));
    }
}
