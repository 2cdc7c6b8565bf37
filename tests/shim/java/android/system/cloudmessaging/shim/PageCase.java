// SPDX-License-Identifier: Apache-2.0
package android.system.cloudmessaging.shim;

import static org.junit.Assert.assertEquals;
import static org.junit.Assert.assertFalse;
import static org.junit.Assert.assertTrue;
import static org.robolectric.Shadows.shadowOf;

import android.app.Activity;
import android.app.role.RoleManager;
import android.content.Context;
import android.content.Intent;
import android.content.pm.PackageInfo;
import android.net.ConnectivityManager;
import android.net.NetworkCapabilities;
import android.os.Binder;
import android.os.Bundle;
import android.os.Looper;
import android.os.Parcel;
import android.os.Process;
import android.preference.EditTextPreference;
import android.preference.Preference;
import android.preference.PreferenceFragment;
import android.preference.PreferenceScreen;
import android.preference.SwitchPreference;
import android.system.cloudmessaging.ICloudMessagingConsent;
import android.system.cloudmessaging.settings.CloudMessagingActivity;
import android.system.cloudmessaging.settings.DisclosureActivity;
import android.telephony.SubscriptionManager;
import android.telephony.TelephonyManager;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import org.junit.After;
import org.junit.Before;
import org.junit.runner.RunWith;
import org.robolectric.Robolectric;
import org.robolectric.RuntimeEnvironment;
import org.robolectric.android.controller.ActivityController;
import org.robolectric.shadows.ShadowNetworkCapabilities;
import org.robolectric.shadows.ShadowRoleManager;
import org.robolectric.shadows.ShadowSubscriptionManager.SubscriptionInfoBuilder;
import org.robolectric.shadows.ShadowUserManager;

/** A phone with the real cloudmessagingd behind it, and how its owner goes about the pages. */
@RunWith(Runner.class)
@SuppressWarnings("deprecation") // The pages are made of it.
public abstract class PageCase {
    static final int SIM = 1;
    static final String IMSI = "001010123456789";
    static final String IMEI = "350000000000011";
    static final String SERVICE = "android.system.cloudmessaging.ICloudMessaging";

    /** The one of the test that runs. */
    static RunningServices sServices;

    Bed mBed;
    Context mContext;

    @Before
    public void start() throws Exception {
        mBed = new Bed();
        serve();
        mContext = RuntimeEnvironment.getApplication();
        sServices = new RunningServices(mContext);
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
        app.applicationInfo.uid = (Integer) Files.getAttribute(Path.of("/proc/self"), "unix:uid");
        app.applicationInfo.packageName = app.packageName;
        shadowOf(mContext.getPackageManager()).installPackage(app);
        ShadowRoleManager.addRoleHolder(RoleManager.ROLE_SMS, app.packageName, Process.myUserHandle());
    }

    void serve() throws Exception {
        RealServices.SERVED.put(SERVICE + "Consent", mBed.consent());
        RealServices.SERVED.put(SERVICE + "Platform", mBed.platform());
    }

    /** What happens instead of a call; the real gate can be asked all the same. */
    interface Instead {
        Object of(Method method, Object[] arguments, Callable<Object> real) throws Exception;
    }

    /** Serves the real gate, but for what it cannot be brought to here. */
    void serve(Instead instead) throws Exception {
        ICloudMessagingConsent real = ICloudMessagingConsent.Stub.asInterface(mBed.consent());
        Binder binder = new Binder();
        ICloudMessagingConsent gate = (ICloudMessagingConsent) Proxy.newProxyInstance(
                PageCase.class.getClassLoader(), new Class<?>[] {ICloudMessagingConsent.class},
                (self, method, arguments) -> {
                    if (method.getName().equals("asBinder")) {
                        return binder;
                    }
                    return instead.of(method, arguments, () -> {
                        try {
                            return method.invoke(real, arguments);
                        } catch (InvocationTargetException e) {
                            throw (Exception) e.getCause();
                        }
                    });
                });
        binder.attachInterface(gate, SERVICE + "Consent");
        RealServices.SERVED.put(SERVICE + "Consent", binder);
    }

    @After
    public void end() throws Exception {
        sServices.end();
        RealServices.SERVED.clear();
        mBed.close();
    }

    /** What the threads of page and bridge do, the platform, and then the main thread; until it is so. */
    static void until(Callable<Boolean> condition) throws Exception {
        long begun = System.nanoTime();
        while (!condition.call()) {
            assertTrue("waited in vain", System.nanoTime() - begun < TimeUnit.SECONDS.toNanos(120));
            Thread.sleep(10);
            sServices.turn();
            shadowOf(Looper.getMainLooper()).idle();
        }
    }

    static PreferenceScreen rows(Activity page, int container) {
        page.getFragmentManager().executePendingTransactions();
        return ((PreferenceFragment) page.getFragmentManager().findFragmentById(container))
                .getPreferenceScreen();
    }

    static PreferenceScreen rows(Activity page) {
        return rows(page, R_ROWS);
    }

    static SwitchPreference choice(PreferenceScreen rows, String key) {
        return (SwitchPreference) rows.findPreference(key);
    }

    static String state(Activity page) {
        return String.valueOf(rows(page).findPreference("state").getSummary());
    }

    static void press(PreferenceScreen rows, String key) {
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

    static Activity started(Activity from, Class<? extends Activity> kind) {
        Intent intent = shadowOf(from).getNextStartedActivity();
        assertEquals(kind.getName(), intent.getComponent().getClassName());
        return inFront(Robolectric.buildActivity(kind, intent).setup()).get();
    }

    /** As the window that the owner touches. */
    static <T extends Activity> ActivityController<T> inFront(ActivityController<T> page) {
        return page.windowFocusChanged(true);
    }

    private static boolean sStarted;

    static ActivityController<CloudMessagingActivity> page() throws Exception {
        long begun = System.nanoTime();
        ActivityController<CloudMessagingActivity> page =
                Robolectric.buildActivity(CloudMessagingActivity.class).setup();
        until(() -> rows(page.get()).getPreferenceCount() > 0);
        if (!sStarted) {
            sStarted = true;
            // A figure to look at: machines differ, so that nothing is asserted.
            System.out.printf("cold start of the page: %d ms%n",
                    TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - begun));
        }
        return page;
    }

    String consent() throws Exception {
        return mBed.tell("consent") + " " + mBed.tell("uplinks");
    }

    Activity disclosure(Activity page) throws Exception {
        press(rows(page), "use");
        assertFalse("the switch is on before the owner was asked", choice(rows(page), "use").isChecked());
        Activity question = started(page, DisclosureActivity.class);
        until(() -> question.findViewById(R_TURN_ON).isEnabled());
        return question;
    }

    static final int R_TURN_ON = android.system.cloudmessaging.settings.R.id.turn_on;
    static final int R_NOT_NOW = android.system.cloudmessaging.settings.R.id.not_now;
    static final int R_PROBLEM = android.system.cloudmessaging.settings.R.id.problem;
    static final int R_ROWS = android.system.cloudmessaging.settings.R.id.rows;

    /** Turns on by way of the disclosure, and proves the number. */
    void turnOn(Activity page) throws Exception {
        Activity question = disclosure(page);
        question.findViewById(R_TURN_ON).performClick();
        until(question::isFinishing);
        prove(page);
    }

    /** Enters the code that came. */
    void prove(Activity page) throws Exception {
        until(() -> rows(page).findPreference("code" + SIM) != null);
        // The last one may be of an earlier time.
        String[] entered = {"null"};
        until(() -> {
            String code = mBed.code();
            if (!code.equals(entered[0]) && rows(page).findPreference("code" + SIM) != null) {
                entered[0] = code;
                submit(page, SIM, code);
            }
            return state(page).equals("On, connected");
        });
    }

    /** The row of the page that takes the code of a SIM. */
    static void submit(Activity page, int sim, String code) {
        EditTextPreference row = (EditTextPreference) rows(page).findPreference("code" + sim);
        assertFalse(row.getOnPreferenceChangeListener().onPreferenceChange(row, code));
    }

    /** What the page says that did not work; empty if it says nothing. */
    static String problem(Activity page) {
        Preference row = rows(page).findPreference("problem");
        return row == null ? "" : row.getSummary().toString();
    }

    /** Whether a text is in what is kept of a page while it is away. */
    static boolean holds(Bundle saved, String text) {
        Parcel parcel = Parcel.obtain();
        saved.writeToParcel(parcel, 0);
        byte[] bytes = RealParcel.bytes(parcel).from(0);
        parcel.recycle();
        return new String(bytes, StandardCharsets.ISO_8859_1).contains(text)
                || new String(bytes, StandardCharsets.UTF_16LE).contains(text);
    }

    static String texts(android.preference.PreferenceGroup rows) {
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

    static Activity started(Activity page, String row, Class<? extends Activity> kind)
            throws Exception {
        press(rows(page), row);
        Activity started = started(page, kind);
        until(() -> rows(started).getPreferenceCount() > 0);
        return started;
    }
}
