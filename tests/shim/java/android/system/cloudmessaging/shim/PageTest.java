// SPDX-License-Identifier: Apache-2.0
package android.system.cloudmessaging.shim;

import static org.junit.Assert.assertEquals;
import static org.junit.Assert.assertFalse;
import static org.junit.Assert.assertTrue;
import static org.robolectric.Shadows.shadowOf;

import android.app.Activity;
import android.app.KeyguardManager;
import android.app.role.RoleManager;
import android.content.ContentResolver;
import android.content.Context;
import android.content.Intent;
import android.content.pm.PackageInfo;
import android.net.ConnectivityManager;
import android.net.NetworkCapabilities;
import android.net.Uri;
import android.os.Binder;
import android.os.IBinder;
import android.os.Looper;
import android.os.Process;
import android.preference.EditTextPreference;
import android.preference.Preference;
import android.preference.PreferenceFragment;
import android.preference.PreferenceScreen;
import android.preference.SwitchPreference;
import android.system.cloudmessaging.ICloudMessagingConsent;
import android.system.cloudmessaging.RegistrationPreview;
import android.system.cloudmessaging.settings.CloudMessagingActivity;
import android.system.cloudmessaging.settings.DisclosureActivity;
import android.system.cloudmessaging.settings.PreviewActivity;
import android.system.cloudmessaging.settings.SentActivity;
import android.telephony.SubscriptionManager;
import android.telephony.TelephonyManager;
import android.view.MotionEvent;
import android.view.View;
import java.lang.reflect.Proxy;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import org.junit.After;
import org.junit.Before;
import org.junit.Test;
import org.junit.runner.RunWith;
import org.robolectric.Robolectric;
import org.robolectric.RuntimeEnvironment;
import org.robolectric.android.controller.ActivityController;
import org.robolectric.shadows.ShadowNetworkCapabilities;
import org.robolectric.shadows.ShadowRoleManager;
import org.robolectric.shadows.ShadowSubscriptionManager.SubscriptionInfoBuilder;
import org.robolectric.shadows.ShadowUserManager;

/** The page as an owner uses it, with the real cloudmessagingd behind it. */
@RunWith(Runner.class)
@SuppressWarnings("deprecation") // The page is made of it.
public final class PageTest {
    private static final int SIM = 1;
    private static final String IMSI = "001010123456789";
    private static final String IMEI = "350000000000011";
    private static final String NAME = "android.system.cloudmessaging.ICloudMessaging";

    private Bed mBed;
    private Context mContext;

    @Before
    public void start() throws Exception {
        mBed = new Bed();
        serve();
        mContext = RuntimeEnvironment.getApplication();
        RuntimeEnvironment.setQualifiers("en-rUS-w411dp-h731dp-port-notnight-420dpi");
        SubscriptionManager subscriptions = mContext.getSystemService(SubscriptionManager.class);
        shadowOf(subscriptions).setActiveSubscriptionInfos(
                SubscriptionInfoBuilder.newBuilder().setId(SIM).setSimSlotIndex(0)
                        .setDisplayName("Example").buildSubscriptionInfo());
        shadowOf(subscriptions).setPhoneNumber(SIM, Bed.NUMBER);
        TelephonyManager telephony = mContext.getSystemService(TelephonyManager.class);
        shadowOf(telephony).setTelephonyManagerForSubscriptionId(SIM, telephony);
        shadowOf(telephony).setSubscriberId(IMSI);
        shadowOf(telephony).setImei(0, IMEI);
        shadowOf(mContext.getSystemService(android.os.UserManager.class)).setUserState(
                Process.myUserHandle(), ShadowUserManager.UserState.STATE_RUNNING_UNLOCKED);
        ConnectivityManager connectivity = mContext.getSystemService(ConnectivityManager.class);
        NetworkCapabilities network = ShadowNetworkCapabilities.newInstance();
        for (int one : new int[] {NetworkCapabilities.NET_CAPABILITY_INTERNET,
            NetworkCapabilities.NET_CAPABILITY_NOT_METERED,
            NetworkCapabilities.NET_CAPABILITY_NOT_ROAMING}) {
            shadowOf(network).addCapability(one);
        }
        shadowOf(connectivity).setNetworkCapabilities(connectivity.getActiveNetwork(), network);
        // The installer grants it without asking.
        shadowOf((android.app.Application) mContext)
                .grantPermissions(android.Manifest.permission.HIDE_OVERLAY_WINDOWS);
        // On a host all are one uid: who runs the tests.
        PackageInfo app = new PackageInfo();
        app.packageName = "org.example.messaging";
        app.applicationInfo = new android.content.pm.ApplicationInfo();
        app.applicationInfo.uid = Process.myUid();
        app.applicationInfo.packageName = app.packageName;
        shadowOf(mContext.getPackageManager()).installPackage(app);
        ShadowRoleManager.addRoleHolder(RoleManager.ROLE_SMS, app.packageName, Process.myUserHandle());
    }

    private void serve() throws Exception {
        RealServices.SERVED.put(NAME + "Consent", mBed.consent());
        RealServices.SERVED.put(NAME + "Platform", mBed.platform());
    }

    @After
    public void end() throws Exception {
        RealServices.SERVED.clear();
        mBed.close();
    }

    /** What the threads of page and bridge do, and then the main thread; until it is so. */
    private static void until(Callable<Boolean> condition) throws Exception {
        long begun = System.nanoTime();
        while (!condition.call()) {
            assertTrue("waited in vain", System.nanoTime() - begun < TimeUnit.SECONDS.toNanos(30));
            Thread.sleep(10);
            shadowOf(Looper.getMainLooper()).idle();
        }
    }

    private static PreferenceScreen rows(Activity page, int container) {
        page.getFragmentManager().executePendingTransactions();
        return ((PreferenceFragment) page.getFragmentManager().findFragmentById(container))
                .getPreferenceScreen();
    }

    private static PreferenceScreen rows(Activity page) {
        return rows(page, android.R.id.content);
    }

    private static SwitchPreference choice(PreferenceScreen rows, String key) {
        return (SwitchPreference) rows.findPreference(key);
    }

    private static String state(Activity page) {
        return String.valueOf(rows(page).findPreference("state").getSummary());
    }

    private static void press(PreferenceScreen rows, String key) {
        Preference row = rows.findPreference(key);
        assertTrue(key, row.isEnabled());
        for (int place = 0; place < rows.getRootAdapter().getCount(); place++) {
            if (rows.getRootAdapter().getItem(place) == row) {
                rows.onItemClick(null, null, place, 0);
                return;
            }
        }
        throw new AssertionError("there is no row " + key);
    }

    private static Activity started(Activity from, Class<? extends Activity> kind) {
        Intent intent = shadowOf(from).getNextStartedActivity();
        assertEquals(kind.getName(), intent.getComponent().getClassName());
        return Robolectric.buildActivity(kind, intent).setup().get();
    }

    private static ActivityController<CloudMessagingActivity> page() throws Exception {
        ActivityController<CloudMessagingActivity> page =
                Robolectric.buildActivity(CloudMessagingActivity.class).setup();
        until(() -> rows(page.get()).getPreferenceCount() > 0);
        return page;
    }

    private String consent() throws Exception {
        return mBed.tell("consent") + " " + mBed.tell("uplinks");
    }

    private Activity disclosure(Activity page) throws Exception {
        press(rows(page), "use");
        assertFalse("the switch is on before the owner was asked", choice(rows(page), "use").isChecked());
        Activity question = started(page, DisclosureActivity.class);
        until(() -> question.findViewById(R_TURN_ON).isEnabled());
        return question;
    }

    private static final int R_TURN_ON = android.system.cloudmessaging.settings.R.id.turn_on;
    private static final int R_NOT_NOW = android.system.cloudmessaging.settings.R.id.not_now;
    private static final int R_ROWS = android.system.cloudmessaging.settings.R.id.rows;

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

    /** Turns on by way of the disclosure, and proves the number. */
    private void turnOn(Activity page) throws Exception {
        Activity question = disclosure(page);
        question.findViewById(R_TURN_ON).performClick();
        until(question::isFinishing);
        until(() -> rows(page).findPreference("code" + SIM) != null);
        EditTextPreference code = (EditTextPreference) rows(page).findPreference("code" + SIM);
        until(() -> {
            code.getOnPreferenceChangeListener().onPreferenceChange(code, mBed.code());
            return state(page).equals("On, connected");
        });
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
        binder.attachInterface(liar, NAME + "Consent");
        RealServices.SERVED.put(NAME + "Consent", binder);
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

    private static String texts(android.preference.PreferenceGroup rows) {
        StringBuilder texts = new StringBuilder();
        for (int i = 0; i < rows.getPreferenceCount(); i++) {
            Preference row = rows.getPreference(i);
            texts.append(row.getTitle()).append(": ").append(row.getSummary()).append('\n');
            if (row instanceof android.preference.PreferenceGroup group) {
                texts.append(texts(group));
            }
        }
        return texts.toString();
    }

    @Test
    public void whatWasSentIsVerifiedOnThisPage() throws Exception {
        Activity page = page().get();
        turnOn(page);
        Activity sent = started(page, "sent", SentActivity.class);
        String shown = texts(rows(sent));
        assertTrue(shown, shown.startsWith("Verified: All "));
        assertTrue(shown, shown.contains("to localhost"));
        assertTrue(shown, shown.contains("your number"));
        for (String identity : new String[] {Bed.NUMBER, IMSI, IMEI}) {
            assertFalse(shown, shown.contains(identity));
        }
        // Once more, against the checkpoint that was kept; and against one of another ledger.
        assertTrue(texts(rows(started(page, "sent", SentActivity.class))).startsWith("Verified: "));
        mBed.close();
        mBed = new Bed();
        serve();
        turnOn(page().get());
        shown = texts(rows(started(page, "sent", SentActivity.class)));
        assertTrue(shown, shown.startsWith("Damaged: "));
    }

    private static Activity started(Activity page, String row, Class<? extends Activity> kind)
            throws Exception {
        press(rows(page), row);
        Activity started = started(page, kind);
        until(() -> rows(started).getPreferenceCount() > 0);
        return started;
    }

    @Test
    public void withoutTheServiceNothingIsSentAndNothingCrashes() throws Exception {
        ActivityController<CloudMessagingActivity> page = page();
        turnOn(page.get());
        assertEquals("On, connected", summary());
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
