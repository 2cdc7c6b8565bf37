// SPDX-License-Identifier: Apache-2.0
package android.system.cloudmessaging.shim;

import static org.junit.Assert.assertArrayEquals;
import static org.junit.Assert.assertEquals;
import static org.junit.Assert.assertFalse;
import static org.junit.Assert.assertTrue;
import static org.robolectric.Shadows.shadowOf;

import android.app.Activity;
import android.app.Application;
import android.app.Notification;
import android.app.NotificationManager;
import android.app.role.RoleManager;
import android.content.ContentResolver;
import android.content.Intent;
import android.content.pm.ApplicationInfo;
import android.content.pm.PackageInfo;
import android.net.ConnectivityManager;
import android.net.Network;
import android.net.NetworkCapabilities;
import android.net.Uri;
import android.os.Bundle;
import android.os.IBinder;
import android.os.PowerManager;
import android.os.Process;
import android.os.RemoteException;
import android.os.UserHandle;
import android.os.UserManager;
import android.provider.Settings;
import android.system.cloudmessaging.ICloudMessagingCallback;
import android.system.cloudmessaging.ICloudMessaging;
import android.system.cloudmessaging.ICloudMessagingConsent;
import android.system.cloudmessaging.ICloudMessagingPlatform;
import android.system.cloudmessaging.Legacy;
import android.system.cloudmessaging.LegacySetting;
import android.system.cloudmessaging.NetworkReport;
import android.system.cloudmessaging.SimIdentity;
import android.system.cloudmessaging.UserReport;
import android.system.cloudmessaging.settings.CloudMessagingActivity;
import android.system.cloudmessaging.settings.ReportReceiver;
import android.telephony.SubscriptionManager;
import android.telephony.TelephonyManager;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.regex.Pattern;
import org.junit.Test;
import org.robolectric.android.controller.ActivityController;
import org.robolectric.shadows.ShadowApplication;
import org.robolectric.shadows.ShadowBinder;
import org.robolectric.shadows.ShadowNetworkCapabilities;
import org.robolectric.shadows.ShadowRoleManager;
import org.robolectric.shadows.ShadowSubscriptionManager.SubscriptionInfoBuilder;
import org.robolectric.shadows.ShadowUserManager;

/** What the app tells the real cloudmessagingd of its own accord, when, and what it leaves alone while off. */
@SuppressWarnings("deprecation") // As in PageCase.
public final class ReportsTest extends PageCase {
    private static final String WAITING = "android.system.cloudmessaging.action.WAITING";
    /** Classes of the app that have no name of their own, as those that listen. */
    private static final Pattern OURS =
            Pattern.compile("android\\.system\\.cloudmessaging\\.settings\\.\\w+\\$\\d+");
    private static final UserHandle SECOND = UserHandle.of(10);

    private final Heard mPlatform = new Heard();
    private final Heard mConsent = new Heard();
    /** What an earlier service left; null: the real answer. */
    private volatile Legacy mLegacy;
    private volatile LegacySetting[] mWanted;

    @Override
    void serve() throws Exception {
        IBinder consent = mBed.consent();
        IBinder platform = mBed.platform();
        RealServices.SERVED.put(SERVICE + "Consent",
                mConsent.before(consent, ICloudMessagingConsent.class,
                        ICloudMessagingConsent.Stub.asInterface(consent),
                        (call, answer) -> mLegacy != null && call.method().equals("legacy")
                                ? mLegacy : answer));
        RealServices.SERVED.put(SERVICE + "Platform",
                mPlatform.before(platform, ICloudMessagingPlatform.class,
                        ICloudMessagingPlatform.Stub.asInterface(platform),
                        (call, answer) -> mWanted != null && call.method().equals("wantsLegacy")
                                ? mWanted : answer));
    }

    private Application app() {
        return (Application) mContext;
    }

    private ConnectivityManager connectivity() {
        return mContext.getSystemService(ConnectivityManager.class);
    }

    private UserManager users() {
        return mContext.getSystemService(UserManager.class);
    }

    /** As at boot; until it has reported. */
    private void boot() throws Exception {
        int before = mPlatform.count("wantsIdentities");
        mContext.sendBroadcast(new Intent(Intent.ACTION_BOOT_COMPLETED));
        until(() -> mPlatform.count("wantsIdentities") > before);
    }

    /** Turned on, with no page open any more. */
    private void on() throws Exception {
        ActivityController<CloudMessagingActivity> page = page();
        turnOn(page.get());
        page.pause().stop().destroy();
        until(() -> sServices.isRunning() && mPlatform.count("reportIdentities") > 0);
    }

    /** All of ours but what is in the manifest. */
    private List<String> listeners() {
        List<String> found = new ArrayList<>();
        shadowOf(connectivity()).getNetworkCallbacks()
                .forEach(one -> found.add(one.getClass().getName()));
        for (ShadowApplication.Wrapper one : shadowOf(app()).getRegisteredReceivers()) {
            String name = one.getBroadcastReceiver().getClass().getName();
            if (OURS.matcher(name).matches()) {
                found.add(name);
            }
        }
        return found;
    }

    private UserReport user(int id) {
        UserReport[] last = (UserReport[]) mPlatform.last("reportUsers", 0);
        return Arrays.stream(last).filter(user -> user.user == id).findFirst().orElse(null);
    }

    private NetworkReport network() {
        return (NetworkReport) mPlatform.last("reportNetwork", 0);
    }

    private void say(String action) {
        mContext.sendBroadcast(new Intent(action));
    }

    private static NetworkCapabilities capable(int... capabilities) {
        NetworkCapabilities network = ShadowNetworkCapabilities.newInstance();
        shadowOf(network).clearCapabilities();
        for (int one : capabilities) {
            shadowOf(network).addCapability(one);
        }
        return network;
    }

    private void changeNetwork(NetworkCapabilities now) {
        Network network = connectivity().getActiveNetwork();
        for (ConnectivityManager.NetworkCallback one
                : shadowOf(connectivity()).getNetworkCallbacks()) {
            one.onCapabilitiesChanged(network, now);
        }
    }

    @Test
    public void whileOffNothingIsListenedToAndNoIdentityIsRead() throws Exception {
        int reads = CountedSims.READS.get();
        boot();
        ActivityController<CloudMessagingActivity> page = page();
        page.pause().stop().destroy();
        boot();
        sServices.turn();
        assertEquals("false 0", consent());
        assertFalse(sServices.isEnabled());
        assertFalse(sServices.isRunning());
        assertEquals(List.of(), listeners());
        assertEquals(0, mPlatform.count("reportNetwork"));
        assertEquals(0, mPlatform.count("reportIdentities"));
        assertEquals(reads, CountedSims.READS.get());
    }

    @Test
    public void theOpenDisclosureAloneReadsIdentitiesWhileOff() throws Exception {
        int reads = CountedSims.READS.get();
        Activity page = page().get();
        assertEquals(reads, CountedSims.READS.get());
        Activity question = disclosure(page);
        assertTrue(CountedSims.READS.get() > reads);
        question.findViewById(R_NOT_NOW).performClick();
        assertTrue(question.isFinishing());
        boot();
        assertEquals(0, mPlatform.count("reportIdentities"));
        assertFalse(sServices.isEnabled());
        assertEquals("false 0", consent());
    }

    @Test
    public void whileOnItListensAndWhenTurnedOffNoLonger() throws Exception {
        Activity page = page().get();
        turnOn(page);
        assertTrue(sServices.isEnabled());
        assertEquals(1, shadowOf(connectivity()).getNetworkCallbacks().size());
        assertEquals(listeners().toString(), 4, listeners().size());
        SimIdentity[] sims = (SimIdentity[]) mPlatform.last("reportIdentities", 1);
        assertEquals(Bed.NUMBER, sims[0].number);

        press(rows(page), "use");
        until(() -> state(page).startsWith("Off."));
        until(() -> !sServices.isRunning());
        assertFalse(sServices.isEnabled());
        assertEquals(List.of(), listeners());
        int reads = CountedSims.READS.get();
        mPlatform.forget();
        boot();
        assertEquals(reads, CountedSims.READS.get());
        assertEquals(0, mPlatform.count("reportNetwork") + mPlatform.count("reportIdentities"));
    }

    @Test
    public void eachChangeOfTheNetworkIsReported() throws Exception {
        Activity page = page().get();
        turnOn(page);
        int all = mPlatform.count("reportNetwork");
        NetworkCapabilities home = capable(NetworkCapabilities.NET_CAPABILITY_INTERNET,
                NetworkCapabilities.NET_CAPABILITY_NOT_ROAMING);
        changeNetwork(home);
        until(() -> network().metered);
        // What changes all the time and means nothing.
        shadowOf(home).setLinkDownstreamBandwidthKbps(4711);
        changeNetwork(home);
        changeNetwork(capable(NetworkCapabilities.NET_CAPABILITY_INTERNET));
        until(() -> network().roaming);
        assertEquals(all + 2, mPlatform.count("reportNetwork"));
        until(() -> state(page).equals("On, paused while roaming"));
        changeNetwork(home);
        until(() -> state(page).equals("On, connected"));

        shadowOf(connectivity()).setRestrictBackgroundStatus(
                ConnectivityManager.RESTRICT_BACKGROUND_STATUS_WHITELISTED);
        say(ConnectivityManager.ACTION_RESTRICT_BACKGROUND_CHANGED);
        until(() -> state(page).equals("On, paused by Data Saver"));
        shadowOf(connectivity()).setRestrictBackgroundStatus(
                ConnectivityManager.RESTRICT_BACKGROUND_STATUS_DISABLED);
        shadowOf(mContext.getSystemService(PowerManager.class)).setIsPowerSaveMode(true);
        say(PowerManager.ACTION_POWER_SAVE_MODE_CHANGED);
        until(() -> state(page).equals("On, paused by Battery Saver"));
        shadowOf(mContext.getSystemService(PowerManager.class)).setIsPowerSaveMode(false);
        say(PowerManager.ACTION_POWER_SAVE_MODE_CHANGED);
        until(() -> state(page).equals("On, connected"));

        for (ConnectivityManager.NetworkCallback one
                : shadowOf(connectivity()).getNetworkCallbacks()) {
            one.onLost(connectivity().getActiveNetwork());
        }
        until(() -> state(page).equals("On, waiting for a network"));
        assertFalse(network().connected);
    }

    @Test
    public void eachChangeOfASimIsReported() throws Exception {
        Activity page = page().get();
        turnOn(page);
        SubscriptionManager subscriptions = mContext.getSystemService(SubscriptionManager.class);
        shadowOf(subscriptions).setPhoneNumber(SIM, "+15550177");
        mPlatform.forget();
        say(TelephonyManager.ACTION_SIM_APPLICATION_STATE_CHANGED);
        until(() -> state(page).equals("On, but the SIM is not the one you agreed to"));
        assertEquals("+15550177",
                ((SimIdentity[]) mPlatform.last("reportIdentities", 1))[0].number);
        // The listener for subscriptions hears of the other way.
        shadowOf(subscriptions).setPhoneNumber(SIM, Bed.NUMBER);
        shadowOf(subscriptions).setActiveSubscriptionInfos(SubscriptionInfoBuilder.newBuilder()
                .setId(SIM).setSimSlotIndex(0).setDisplayName("Again").buildSubscriptionInfo());
        until(() -> state(page).equals("On, connected"));
    }

    @Test
    public void eachChangeOfTheUsersIsReported() throws Exception {
        on();
        shadowOf(users()).setUserRestriction(
                Process.myUserHandle(), UserManager.DISALLOW_SMS, true);
        say(UserManager.ACTION_USER_RESTRICTIONS_CHANGED);
        until(() -> user(0).smsForbidden && consent().equals("true 0"));
        shadowOf(users()).clearUserRestrictions(Process.myUserHandle());
        say(UserManager.ACTION_USER_RESTRICTIONS_CHANGED);
        until(() -> !user(0).smsForbidden && consent().equals("true 1"));

        Bundle configuration = new Bundle();
        configuration.putBoolean("cloud_messaging_allowed", false);
        shadowOf(users()).setApplicationRestrictions(mContext.getPackageName(), configuration);
        say(Intent.ACTION_APPLICATION_RESTRICTIONS_CHANGED);
        until(() -> user(0).forbiddenByOrganisation && consent().equals("true 0"));
        shadowOf(users()).setApplicationRestrictions(mContext.getPackageName(), Bundle.EMPTY);
        say(Intent.ACTION_APPLICATION_RESTRICTIONS_CHANGED);
        until(() -> !user(0).forbiddenByOrganisation && consent().equals("true 1"));

        assertEquals(Process.myUid(), user(0).defaultSmsUid);
        ShadowRoleManager.removeRoleHolder(
                RoleManager.ROLE_SMS, "org.example.messaging", Process.myUserHandle());
        until(() -> user(0).defaultSmsUid == -1);

        shadowOf(users()).addUser(10, "Second", 0);
        say(Intent.ACTION_USER_ADDED);
        until(() -> user(10) != null);
        assertFalse(user(10).unlocked);
        shadowOf(users()).setUserState(SECOND, ShadowUserManager.UserState.STATE_RUNNING_UNLOCKED);
        say(Intent.ACTION_USER_UNLOCKED);
        until(() -> user(10).unlocked);
        shadowOf(users()).setUserState(SECOND, ShadowUserManager.UserState.STATE_SHUTDOWN);
        say(Intent.ACTION_USER_STOPPED);
        until(() -> !user(10).unlocked);
        users().removeUser(10);
        say(Intent.ACTION_USER_REMOVED);
        until(() -> user(10) == null);
    }

    @Test
    public void whatOnlyAnotherUsersProcessCanReadItTells() throws Exception {
        shadowOf(users()).addUser(10, "Second", 0);
        shadowOf(users()).setUserState(SECOND, ShadowUserManager.UserState.STATE_RUNNING_UNLOCKED);
        boot();
        assertTrue("nothing was told", user(10).forbiddenByOrganisation);
        Intent asked = shadowOf(app()).getBroadcastIntentsForUser(SECOND).get(0);
        assertEquals(ReportReceiver.class.getName(), asked.getComponent().getClassName());

        byte[] key = new byte[ICloudMessagingPlatform.STORAGE_KEY_BYTES];
        Arrays.fill(key, (byte) 7);
        Bundle facts = new Bundle();
        facts.putBoolean("allowed", true);
        facts.putByteArray("key", key);
        ContentResolver told = mContext.getContentResolver();
        ShadowBinder.setCallingUid(UserHandle.getUid(10, Process.myUid()));
        try {
            told.call(Uri.parse("content://android.system.cloudmessaging.settings.told"),
                    "key", null, facts);
        } finally {
            ShadowBinder.reset();
        }
        assertFalse(user(10).forbiddenByOrganisation);
        assertEquals(10, mPlatform.last("provideStorageKey", 0));
        assertArrayEquals(key, (byte[]) mPlatform.last("provideStorageKey", 1));

        shadowOf(users()).setUserState(SECOND, ShadowUserManager.UserState.STATE_RUNNING_LOCKED);
        boot();
        until(() -> !user(10).unlocked);
        shadowOf(users()).setUserState(SECOND, ShadowUserManager.UserState.STATE_RUNNING_UNLOCKED);
        boot();
        until(() -> user(10).unlocked);
        assertTrue("it was kept while locked", user(10).forbiddenByOrganisation);
        assertEquals(1, mPlatform.all("provideStorageKey").stream()
                .filter(call -> call.arguments().get(0).equals(10)).count());
    }

    @Test
    public void theStorageKeyIsMadeOnce() throws Exception {
        boot();
        byte[] first = (byte[]) mPlatform.last("provideStorageKey", 1);
        boot();
        assertArrayEquals(first, (byte[]) mPlatform.last("provideStorageKey", 1));
        assertFalse(Arrays.equals(first, new byte[first.length]));
    }

    @Test
    public void afterACrashOfTheGateEverythingIsReportedAgain() throws Exception {
        on();
        mBed.tell("kill");
        mPlatform.forget();
        mBed.tell("start");
        assertEquals("true 0", consent());
        serve();
        until(() -> consent().equals("true 1"));
        for (String report : List.of("reportUsers", "provideStorageKey", "reportNetwork",
                "reportIdentities", "addListener")) {
            assertTrue(report, mPlatform.count(report) > 0);
        }
    }

    @Test
    public void whereThisProcessHadDiedItIsStartedAgainAndReports() throws Exception {
        on();
        mPlatform.forget();
        sServices.startAgain();
        until(() -> mPlatform.count("reportUsers") > 0 && mPlatform.count("reportNetwork") > 0
                && mPlatform.count("reportIdentities") > 0);
        assertEquals(1, shadowOf(connectivity()).getNetworkCallbacks().size());
    }

    @Test
    public void aMessagingAppThatIsNotRunningIsWoken() throws Exception {
        on();
        shadowOf(app()).clearBroadcastIntents();
        mBed.tell("write");
        until(() -> !woken().isEmpty());
        Intent waiting = woken().get(0);
        assertEquals("org.example.messaging", waiting.getPackage());
        assertTrue(waiting.getExtras() == null || waiting.getExtras().isEmpty());
        assertEquals(0, waiting.getFlags() & Intent.FLAG_INCLUDE_STOPPED_PACKAGES);
    }

    private List<Intent> woken() {
        return shadowOf(app()).getBroadcastIntentsForUser(Process.myUserHandle()).stream()
                .filter(intent -> WAITING.equals(intent.getAction()))
                .toList();
    }

    @Test
    public void aMessagingAppThatListensIsNotWoken() throws Exception {
        on();
        AtomicInteger told = new AtomicInteger();
        ICloudMessagingCallback callback = new ICloudMessagingCallback.Stub() {
            @Override
            public void onOutcomes() {}

            @Override
            public void onInbound() {
                told.incrementAndGet();
            }

            @Override
            public void onKeyChanged() {}

            @Override
            public void onStateChanged() {}
        };
        // On a host all are one uid: who runs the tests.
        setSmsUid((Integer) Files.getAttribute(Path.of("/proc/self"), "unix:uid"));
        say(Intent.ACTION_USER_ADDED);
        ICloudMessaging messaging = ICloudMessaging.Stub.asInterface(mBed.messaging());
        until(() -> isSet(messaging, callback));
        shadowOf(app()).clearBroadcastIntents();
        mBed.tell("write");
        until(() -> told.get() > 0);
        assertEquals(List.of(), woken());
    }

    private void setSmsUid(int uid) {
        PackageInfo app = new PackageInfo();
        app.packageName = "org.example.messaging";
        app.applicationInfo = new ApplicationInfo();
        app.applicationInfo.packageName = app.packageName;
        app.applicationInfo.uid = uid;
        shadowOf(mContext.getPackageManager()).installPackage(app);
    }

    /** Not before the report that it is the default SMS app. */
    private static boolean isSet(ICloudMessaging messaging, ICloudMessagingCallback callback)
            throws RemoteException {
        try {
            messaging.setCallback(callback);
            return true;
        } catch (SecurityException e) {
            return false;
        }
    }

    @Test
    public void withoutTheServiceOrWithoutTelephonyNothingCrashes() throws Exception {
        on();
        shadowOf(mContext.getSystemService(TelephonyManager.class))
                .setReadPhoneStatePermission(false);
        shadowOf(mContext.getSystemService(SubscriptionManager.class))
                .setReadPhoneStatePermission(false);
        mPlatform.forget();
        say(TelephonyManager.ACTION_SIM_CARD_STATE_CHANGED);
        until(() -> mPlatform.count("reportIdentities") > 0);
        assertEquals(0, ((SimIdentity[]) mPlatform.last("reportIdentities", 1)).length);
        mBed.tell("kill");
        RealServices.SERVED.clear();
        say(Intent.ACTION_USER_ADDED);
        say(PowerManager.ACTION_POWER_SAVE_MODE_CHANGED);
        AtomicInteger crashes = new AtomicInteger();
        Thread.setDefaultUncaughtExceptionHandler((thread, why) -> crashes.incrementAndGet());
        try {
            say(Intent.ACTION_BOOT_COMPLETED);
            ActivityController<CloudMessagingActivity> page = page();
            until(() -> state(page.get()).equals("Unavailable; nothing is sent"));
        } finally {
            Thread.setDefaultUncaughtExceptionHandler(null);
        }
        assertEquals(0, crashes.get());
    }

    @Test
    public void anEarlierServicesSettingsAreReadIfTheGateAsksAndNoOthers() throws Exception {
        ContentResolver settings = mContext.getContentResolver();
        Settings.Global.putString(settings, "earlier_on", "1");
        Settings.Secure.putString(settings, "earlier_id", "x".repeat(300));
        mWanted = new LegacySetting[] {
            setting("global", "earlier_on"), setting("secure", "earlier_id"),
            setting("system", "earlier_missing"),
        };
        boot();
        LegacySetting[] told = (LegacySetting[]) mPlatform.last("reportLegacy", 1);
        assertEquals("1", told[0].value);
        assertEquals("x".repeat(ICloudMessagingPlatform.MAX_LEGACY_CHARS), told[1].value);
        assertEquals(null, told[2].value);
        mWanted = null;
        mPlatform.forget();
        boot();
        assertEquals(0, mPlatform.count("reportLegacy"));
    }

    private static LegacySetting setting(String table, String key) {
        LegacySetting setting = new LegacySetting();
        setting.table = table;
        setting.key = key;
        return setting;
    }

    @Test
    public void thatAnEarlierServiceWasOnIsSaidOnce() throws Exception {
        NotificationManager notices = mContext.getSystemService(NotificationManager.class);
        boot();
        until(() -> mConsent.count("legacy") > 0);
        assertEquals(0, shadowOf(notices).size());
        Legacy legacy = new Legacy();
        legacy.found = true;
        legacy.wasOn = true;
        legacy.toTell = true;
        legacy.name = "Acme Chat";
        mLegacy = legacy;
        boot();
        until(() -> mConsent.count("legacyTold") > 0);
        Notification notice = shadowOf(notices).getAllNotifications().get(0);
        assertEquals("Acme Chat is off",
                notice.extras.getCharSequence(Notification.EXTRA_TITLE).toString());
        assertEquals(CloudMessagingActivity.class.getName(),
                shadowOf(notice.contentIntent).getSavedIntent().getComponent().getClassName());
        // Its owner has seen it, and the service could not note that.
        notices.cancelAll();
        mConsent.forget();
        boot();
        until(() -> mConsent.count("legacyTold") > 0);
        assertEquals(0, shadowOf(notices).size());
    }
}
