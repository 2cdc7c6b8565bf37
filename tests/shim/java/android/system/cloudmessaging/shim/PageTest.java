// SPDX-License-Identifier: Apache-2.0
package android.system.cloudmessaging.shim;

import static org.junit.Assert.assertEquals;
import static org.junit.Assert.assertFalse;
import static org.junit.Assert.assertNull;
import static org.junit.Assert.assertTrue;
import static org.robolectric.Shadows.shadowOf;

import android.app.Activity;
import android.content.ContentResolver;
import android.database.DataSetObserver;
import android.net.Uri;
import android.os.Bundle;
import android.os.Looper;
import android.os.Process;
import android.os.UserManager;
import android.preference.PreferenceScreen;
import android.system.cloudmessaging.ConsentState;
import android.system.cloudmessaging.Erasure;
import android.system.cloudmessaging.OffReason;
import android.system.cloudmessaging.Withdrawal;
import android.system.cloudmessaging.settings.CloudMessagingActivity;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.Test;
import org.robolectric.RuntimeEnvironment;
import org.robolectric.android.controller.ActivityController;

/** The page as an owner uses it, with the real cloudmessagingd behind it. */
@SuppressWarnings("deprecation") // The page is made of it.
public final class PageTest extends PageCase {
    @Test
    public void offDisclosureOnAndOff() throws Exception {
        Activity page = page().get();
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
        Screenshots.check("disclosure", question);
        assertEquals("false 0", consent());

        question.findViewById(R_TURN_ON).performClick();
        until(question::isFinishing);
        until(() -> consent().equals("true 1"));
        until(() -> choice(rows(page), "use").isChecked());

        until(() -> rows(page).findPreference("code" + SIM) != null);
        assertEquals("On, waiting for a code by SMS", state(page));
        Screenshots.check("code", page);
        submit(page, SIM, mBed.code());
        until(() -> state(page).equals("On, connected"));
        Screenshots.check("on", page);

        press(rows(page), "use");
        until(() -> state(page).startsWith("Off. Your registration lapses by "));
        assertFalse(choice(rows(page), "use").isChecked());
        assertNull(rows(page).findPreference("allowed"));
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
    public void anErasureThatNobodyConfirmsIsSaidToLapse() throws Exception {
        serve((method, arguments, real) -> {
            Object answer = real.call();
            if (answer instanceof Withdrawal done) {
                assertEquals(true, arguments[0]);
                done.erasure = Erasure.NOT_CONFIRMED;
                done.leaseUntilMillis = System.currentTimeMillis() + 1_000_000;
            }
            return answer;
        });
        Activity page = page().get();
        turnOn(page);
        choice(rows(page), "erase").setChecked(true);
        press(rows(page), "use");
        until(() -> state(page).startsWith("Off. Nobody confirmed that your registration is erased"));
        assertFalse(choice(rows(page), "use").isChecked());
    }

    @Test
    public void offThatIsNotDurableSaysSoAndIsTriedAgainWithATap() throws Exception {
        AtomicBoolean fails = new AtomicBoolean(true);
        AtomicInteger withdrawals = new AtomicInteger();
        serve((method, arguments, real) -> {
            Object answer = real.call();
            if (answer instanceof Withdrawal done) {
                withdrawals.incrementAndGet();
                done.durable = !fails.get();
            } else if (answer instanceof ConsentState state && !state.on && withdrawals.get() > 0) {
                state.durable = !fails.get();
            }
            return answer;
        });
        Activity page = page().get();
        turnOn(page);
        press(rows(page), "use");
        String words = "Off, but that is not stored safely yet: after a restart it could be on again. Tap to try again.";
        until(() -> state(page).equals(words));
        assertFalse(choice(rows(page), "use").isChecked());
        assertTrue(rows(page).findPreference("state").isSelectable());
        Screenshots.check("not-durable", page);
        press(rows(page), "state");
        until(() -> withdrawals.get() == 2 && state(page).equals(words));
        fails.set(false);
        press(rows(page), "state");
        until(() -> state(page).startsWith("Off. Your registration lapses by "));
        assertFalse(rows(page).findPreference("state").isSelectable());
        assertEquals(3, withdrawals.get());
    }

    @Test
    public void whoForbidsItIsNamedAndTheSwitchIsNotEnabled() throws Exception {
        UserManager users = mContext.getSystemService(UserManager.class);
        Bundle restrictions = new Bundle();
        restrictions.putBoolean("cloud_messaging_allowed", false);
        shadowOf(users).setApplicationRestrictions(mContext.getPackageName(), restrictions);
        forbidden("Not allowed by your organisation");
        shadowOf(users).setApplicationRestrictions(mContext.getPackageName(), new Bundle());
        shadowOf(users).setUserRestriction(
                Process.myUserHandle(), UserManager.DISALLOW_SMS, true);
        forbidden("Not allowed: text messages are blocked for this user");
        shadowOf(users).setUserRestriction(
                Process.myUserHandle(), UserManager.DISALLOW_SMS, false);
        Activity page = page().get();
        assertTrue(rows(page).findPreference("use").isEnabled());
        mBed.tell("forbid");
        serve();
        forbidden("Not allowed by the maker of this phone");
    }

    private static void forbidden(String words) throws Exception {
        Activity page = page().get();
        until(() -> state(page).equals(words));
        assertFalse(rows(page).findPreference("use").isEnabled());
        assertFalse(choice(rows(page), "use").isChecked());
        if (words.contains("organisation")) {
            Screenshots.check("forbidden", page);
        }
    }

    @Test
    public void whatIsForbiddenWhileOnCanStillBeTurnedOff() throws Exception {
        ActivityController<CloudMessagingActivity> page = page();
        turnOn(page.get());
        UserManager users = mContext.getSystemService(UserManager.class);
        Bundle restrictions = new Bundle();
        restrictions.putBoolean("cloud_messaging_allowed", false);
        shadowOf(users).setApplicationRestrictions(mContext.getPackageName(), restrictions);
        page.pause().stop().start().resume();
        until(() -> state(page.get()).equals("Not allowed by your organisation"));
        assertTrue(choice(rows(page.get()), "use").isChecked());
        assertEquals("true 0", consent());
        press(rows(page.get()), "use");
        until(() -> !choice(rows(page.get()), "use").isChecked());
        assertEquals("false 0", consent());
    }

    @Test
    public void whatDoesNotCountAnyMoreSaysWhyAndCanBeForgotten() throws Exception {
        AtomicInteger reason = new AtomicInteger();
        AtomicInteger withdrawals = new AtomicInteger();
        serve((method, arguments, real) -> {
            Object answer = real.call();
            if (answer instanceof ConsentState state && withdrawals.get() == 0) {
                state.offReason = reason.get();
            }
            if (answer instanceof Withdrawal) {
                withdrawals.incrementAndGet();
            }
            return answer;
        });
        for (Map.Entry<Integer, String> one : Map.of(
                OffReason.OUTDATED_DISCLOSURE, "Off. What is revealed has changed since you agreed.",
                OffReason.FUTURE_VERSION,
                "Off. You agreed under a newer version of this phone's system.",
                OffReason.UNREADABLE, "Off. What you agreed to cannot be read at this moment.",
                OffReason.DAMAGED,
                "Off. What you agreed to cannot be read any more, so it does not count.")
                .entrySet()) {
            reason.set(one.getKey());
            Activity page = page().get();
            assertEquals(one.getValue(), state(page));
            assertTrue(rows(page).findPreference("forget").isEnabled());
        }
        Activity page = page().get();
        press(rows(page), "forget");
        until(() -> state(page).equals("Off"));
        assertNull(rows(page).findPreference("forget"));
        assertEquals(1, withdrawals.get());
    }

    @Test
    public void whatAnEarlierServiceLeftIsShown() throws Exception {
        mBed.tell("legacy shared-preferences");
        serve();
        Activity page = page().get();
        until(() -> rows(page).findPreference("legacy") != null);
        assertEquals("Acme Chat had registered this phone",
                rows(page).findPreference("legacy").getTitle().toString());
        String erasure = rows(page).findPreference("legacy").getSummary().toString();
        assertTrue(erasure, erasure.endsWith("\nhttps://acme.example/erase"));
        assertEquals("Off", state(page));
    }

    @Test
    public void aRefreshThatFindsNothingNewTouchesNoRow() throws Exception {
        AtomicInteger asked = new AtomicInteger();
        serve((method, arguments, real) -> {
            if (method.getName().equals("state")) {
                asked.incrementAndGet();
            }
            return real.call();
        });
        ActivityController<CloudMessagingActivity> page = page();
        turnOn(page.get());
        shadowOf(Looper.getMainLooper()).idle();
        AtomicInteger touched = new AtomicInteger();
        rows(page.get()).getRootAdapter().registerDataSetObserver(new DataSetObserver() {
            @Override
            public void onChanged() {
                touched.incrementAndGet();
            }
        });
        int before = asked.get();
        page.pause().stop().start().resume();
        until(() -> asked.get() > before);
        // Answered in order: what was asked before is shown by now.
        mBed.tell("consent");
        until(() -> state(page.get()).equals("On, connected"));
        assertEquals(0, touched.get());
    }

    @Test
    public void aServiceThatDoesNotAnswerHoldsUpNeitherThePageNorTurningOff() throws Exception {
        CountDownLatch hangs = new CountDownLatch(1);
        AtomicBoolean silent = new AtomicBoolean();
        serve((method, arguments, real) -> {
            if (silent.get() && !method.getName().equals("withdraw")) {
                hangs.await();
            }
            return real.call();
        });
        ActivityController<CloudMessagingActivity> page = page();
        turnOn(page.get());
        try {
            silent.set(true);
            press(rows(page.get()), "preview");
            page.pause().stop().start().resume();
            shadowOf(Looper.getMainLooper()).idleFor(Duration.ofSeconds(10));
            assertTrue(state(page.get()), state(page.get()).startsWith("The service does not answer"));
            assertTrue(choice(rows(page.get()), "use").isChecked());
            press(rows(page.get()), "use");
            until(() -> consent().equals("false 0"));
            until(() -> state(page.get()).startsWith("Off. Your registration lapses by "));
            assertFalse(choice(rows(page.get()), "use").isChecked());
        } finally {
            hangs.countDown();
        }
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
