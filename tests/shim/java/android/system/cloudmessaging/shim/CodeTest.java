// SPDX-License-Identifier: Apache-2.0
package android.system.cloudmessaging.shim;

import static org.junit.Assert.assertEquals;
import static org.junit.Assert.assertFalse;
import static org.junit.Assert.assertNull;
import static org.junit.Assert.assertSame;
import static org.junit.Assert.assertTrue;
import static org.robolectric.Shadows.shadowOf;

import android.app.Activity;
import android.content.pm.ApplicationInfo;
import android.content.pm.PackageInfo;
import android.os.Bundle;
import android.os.ServiceSpecificException;
import android.preference.EditTextPreference;
import android.preference.PreferenceScreen;
import android.system.cloudmessaging.ErrorCode;
import android.system.cloudmessaging.ICloudMessaging;
import android.system.cloudmessaging.settings.CloudMessagingActivity;
import android.telephony.SubscriptionManager;
import android.telephony.TelephonyManager;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.Test;
import org.robolectric.android.controller.ActivityController;
import org.robolectric.shadows.ShadowSubscriptionManager.SubscriptionInfoBuilder;

/** What proves a number, SIM by SIM. */
@SuppressWarnings("deprecation") // The page is made of it.
public final class CodeTest extends PageCase {
    private static final int SECOND_SIM = 2;
    private static final String SECOND_NUMBER = "+15550102";

    @Test
    public void eachSimSaysHowFarItIs() throws Exception {
        SubscriptionManager subscriptions = mContext.getSystemService(SubscriptionManager.class);
        shadowOf(subscriptions).setActiveSubscriptionInfos(
                SubscriptionInfoBuilder.newBuilder().setId(SIM).setSimSlotIndex(0)
                        .setDisplayName("Example").buildSubscriptionInfo(),
                SubscriptionInfoBuilder.newBuilder().setId(SECOND_SIM).setSimSlotIndex(1)
                        .setDisplayName("Work").buildSubscriptionInfo());
        shadowOf(subscriptions).setPhoneNumber(SECOND_SIM, SECOND_NUMBER);
        TelephonyManager telephony = mContext.getSystemService(TelephonyManager.class);
        shadowOf(telephony).setTelephonyManagerForSubscriptionId(SECOND_SIM, telephony);
        Activity page = page().get();
        Activity question = disclosure(page);
        PreferenceScreen asked = rows(question, R_ROWS);
        assertEquals("Work", asked.findPreference("sim" + SECOND_SIM).getTitle().toString());
        assertEquals("Reveals your number, •••••••02",
                asked.findPreference("sim" + SECOND_SIM).getSummary().toString());
        // One is enough, none is not.
        press(asked, "sim" + SECOND_SIM);
        assertTrue(question.findViewById(R_TURN_ON).isEnabled());
        press(asked, "sim" + SIM);
        assertFalse(question.findViewById(R_TURN_ON).isEnabled());
        press(asked, "sim" + SIM);
        press(asked, "sim" + SECOND_SIM);
        question.findViewById(R_TURN_ON).performClick();
        until(question::isFinishing);

        until(() -> rows(page).findPreference("code" + SIM) != null
                && rows(page).findPreference("code" + SECOND_SIM) != null);
        assertEquals("Example · •••••••00",
                rows(page).findPreference("section" + SIM).getTitle().toString());
        assertEquals("Work · •••••••02",
                rows(page).findPreference("section" + SECOND_SIM).getTitle().toString());
        submit(page, SIM, mBed.code());
        until(() -> sim(page, SIM).equals("Connected"));
        assertEquals("Waiting for a code by SMS", sim(page, SECOND_SIM));
        assertEquals("On, waiting for a code by SMS", state(page));
        assertNull(rows(page).findPreference("code" + SIM));
        until(() -> !mBed.code(SECOND_NUMBER).equals("null"));
        submit(page, SECOND_SIM, mBed.code(SECOND_NUMBER));
        until(() -> sim(page, SECOND_SIM).equals("Connected"));
        until(() -> state(page).equals("On, connected"));
        assertEquals("Connected", sim(page, SIM));
        Screenshots.check("two-sims", page);
    }

    private static String sim(Activity page, int sim) {
        return rows(page).findPreference("sim" + sim).getSummary().toString();
    }

    @Test
    public void aCodeThatIsNotTakenSaysWhy() throws Exception {
        Activity page = page().get();
        Activity question = disclosure(page);
        question.findViewById(R_TURN_ON).performClick();
        until(() -> rows(page).findPreference("code" + SIM) != null);
        EditTextPreference row = (EditTextPreference) rows(page).findPreference("code" + SIM);
        submit(page, SIM, "1234");
        until(() -> problem(page).equals("A code has 8 letters and digits. Look at the SMS again."));
        submit(page, SIM, "AAAAAAAA");
        until(() -> problem(page).isEmpty());
        until(() -> row.getSummary().toString().equals("That was not the code that was sent"));
        assertSame(row, rows(page).findPreference("code" + SIM));
        press(rows(page), "another" + SIM);
        until(() -> {
            row.getOnPreferenceChangeListener().onPreferenceChange(row, mBed.code());
            return state(page).equals("On, connected");
        });
        // One that is typed when none is waited for any more.
        row.getOnPreferenceChangeListener().onPreferenceChange(row, mBed.code());
        until(() -> problem(page)
                .equals("No code is expected any more. This page shows how it is now."));
    }

    @Test
    public void eachReasonForWhichACodeIsRefusedHasItsWords() throws Exception {
        AtomicInteger code = new AtomicInteger();
        serve((method, arguments, real) -> {
            if (method.getName().equals("submitCode")) {
                throw new ServiceSpecificException(code.get());
            }
            return real.call();
        });
        Activity page = page().get();
        disclosure(page).findViewById(R_TURN_ON).performClick();
        until(() -> rows(page).findPreference("code" + SIM) != null);
        for (Map.Entry<Integer, String> one : Map.of(
                ErrorCode.INVALID_ARGUMENT, "A code has 8 letters and digits. Look at the SMS again.",
                ErrorCode.NO_CODE_EXPECTED, "No code is expected any more. This page shows how it is now.",
                ErrorCode.OFF, "It is off by now. Nothing was changed.",
                ErrorCode.TOO_MANY, "The service is busy. Nothing was changed; try again.",
                ErrorCode.INTERNAL, "The service failed. Nothing was sent.").entrySet()) {
            code.set(one.getKey());
            submit(page, SIM, "ABCDEFGH");
            until(() -> problem(page).equals(one.getValue()));
        }
    }

    @Test
    public void aCodeThatTheMessagingAppHandsInIsFollowed() throws Exception {
        // On a host the app is who runs the tests.
        PackageInfo owner = new PackageInfo();
        owner.packageName = "org.example.messaging";
        owner.applicationInfo = new ApplicationInfo();
        owner.applicationInfo.packageName = owner.packageName;
        owner.applicationInfo.uid =
                (Integer) Files.getAttribute(Path.of("/proc/self"), "unix:uid");
        shadowOf(mContext.getPackageManager()).installPackage(owner);
        Activity page = page().get();
        disclosure(page).findViewById(R_TURN_ON).performClick();
        until(() -> rows(page).findPreference("code" + SIM) != null);
        ICloudMessaging app = ICloudMessaging.Stub.asInterface(mBed.messaging());
        app.submitCode(SIM, mBed.code());
        until(() -> state(page).equals("On, connected"));
        assertNull(rows(page).findPreference("code" + SIM));
    }

    @Test
    public void whatIsTypedIsNotKept() throws Exception {
        ActivityController<CloudMessagingActivity> page = page();
        disclosure(page.get()).findViewById(R_TURN_ON).performClick();
        until(() -> rows(page.get()).findPreference("code" + SIM) != null);
        press(rows(page.get()), "code" + SIM);
        EditTextPreference row = (EditTextPreference) rows(page.get()).findPreference("code" + SIM);
        assertTrue(row.getDialog().isShowing());
        row.getEditText().setText("QWERTZ42");
        Bundle saved = new Bundle();
        page.saveInstanceState(saved);
        assertFalse(holds(saved, "QWERTZ42"));
        assertFalse(holds(saved, Bed.NUMBER));
        row.getDialog().dismiss();
    }
}
