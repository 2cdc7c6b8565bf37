// SPDX-License-Identifier: Apache-2.0
package android.system.cloudmessaging.shim;

import static org.junit.Assert.assertArrayEquals;
import static org.junit.Assert.assertEquals;
import static org.junit.Assert.assertFalse;
import static org.junit.Assert.assertTrue;
import static org.robolectric.Shadows.shadowOf;

import android.app.Notification;
import android.app.NotificationManager;
import android.content.ContentResolver;
import android.content.Intent;
import android.content.pm.ApplicationInfo;
import android.content.pm.PackageInfo;
import android.net.Uri;
import android.os.Bundle;
import android.os.PowerManager;
import android.os.Process;
import android.os.RemoteException;
import android.os.UserHandle;
import android.provider.Settings;
import android.system.cloudmessaging.ICloudMessagingCallback;
import android.system.cloudmessaging.ICloudMessaging;
import android.system.cloudmessaging.ICloudMessagingPlatform;
import android.system.cloudmessaging.Legacy;
import android.system.cloudmessaging.LegacySetting;
import android.system.cloudmessaging.SimIdentity;
import android.system.cloudmessaging.settings.CloudMessagingActivity;
import android.system.cloudmessaging.settings.ReportReceiver;
import android.telephony.SubscriptionManager;
import android.telephony.TelephonyManager;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.Test;
import org.robolectric.android.controller.ActivityController;
import org.robolectric.shadows.ShadowBinder;
import org.robolectric.shadows.ShadowUserManager;

/** What is around the page: crashes, other users, Messaging apps that do not run, and what an earlier service left. */
@SuppressWarnings("deprecation") // As in PageCase.
public final class AroundTest extends ReportsCase {
    private static final String WAITING = "android.system.cloudmessaging.action.WAITING";

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
        assertArrayEquals(key, (byte[]) keysOfSecond().get(0).arguments().get(1));

        shadowOf(users()).setUserState(SECOND, ShadowUserManager.UserState.STATE_RUNNING_LOCKED);
        boot();
        until(() -> !user(10).unlocked);
        int keys = keysOfSecond().size();
        shadowOf(users()).setUserState(SECOND, ShadowUserManager.UserState.STATE_RUNNING_UNLOCKED);
        boot();
        until(() -> user(10).unlocked);
        assertTrue("it was kept while locked", user(10).forbiddenByOrganisation);
        assertEquals(keys, keysOfSecond().size());
    }

    private List<Heard.Call> keysOfSecond() {
        return mPlatform.all("provideStorageKey").stream()
                .filter(call -> call.arguments().get(0).equals(10))
                .toList();
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

        // And once more if it still waits after a crash.
        mBed.tell("kill");
        shadowOf(app()).clearBroadcastIntents();
        mBed.tell("start");
        serve();
        until(() -> !woken().isEmpty());
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

    /** A phone that had an earlier service: tests/legacy/fixtures. */
    private void had(String earlier) throws Exception {
        mBed.tell("legacy " + earlier);
        serve();
    }

    private NotificationManager notices() {
        return mContext.getSystemService(NotificationManager.class);
    }

    private String said() {
        Notification notice = shadowOf(notices()).getAllNotifications().get(0);
        assertEquals("Acme Chat is off",
                notice.extras.getCharSequence(Notification.EXTRA_TITLE).toString());
        assertEquals(CloudMessagingActivity.class.getName(),
                shadowOf(notice.contentIntent).getSavedIntent().getComponent().getClassName());
        return notice.extras.getCharSequence(Notification.EXTRA_TEXT).toString();
    }

    @Test
    public void thatAnEarlierServiceWasOnIsSaidOnce() throws Exception {
        had("on-by-default");
        boot();
        until(() -> shadowOf(notices()).size() == 1);
        assertTrue(said(), said().startsWith("It was on without asking you."));
        until(() -> mConsent.count("legacyTold") == 1);
        assertEquals("false 0", consent());
        // Its owner has seen it.
        notices().cancelAll();
        mBed.tell("kill");
        mBed.tell("start");
        serve();
        mConsent.forget();
        boot();
        until(() -> mConsent.count("legacy") > 0);
        boot();
        until(() -> mConsent.count("legacy") > 1);
        assertEquals(0, mConsent.count("legacyTold"));
        assertEquals(0, shadowOf(notices()).size());
    }

    @Test
    public void whatAnEarlierServiceLeftInTheSettingsIsReported() throws Exception {
        had("settings");
        Settings.Secure.putString(mContext.getContentResolver(), "acme_chat_enabled", "1");
        Settings.Global.putString(mContext.getContentResolver(), "acme_chat_registered", "1");
        boot();
        until(() -> shadowOf(notices()).size() == 1);
        assertTrue(said(), said().startsWith("It had registered your phone"));
        assertEquals(1, mPlatform.count("reportLegacy"));
        boot();
        until(() -> mConsent.count("legacy") > 1);
        assertEquals(1, mPlatform.count("reportLegacy"));
    }

    @Test
    public void aNoticeThatTheServiceCannotNoteIsNotRepeated() throws Exception {
        Legacy legacy = new Legacy();
        legacy.found = true;
        legacy.wasOn = true;
        legacy.toTell = true;
        legacy.name = "Acme Chat";
        legacy.erasure = "";
        legacy.address = "";
        mLegacy = legacy;
        boot();
        until(() -> mConsent.count("legacyTold") > 0);
        assertEquals(1, shadowOf(notices()).size());
        notices().cancelAll();
        mConsent.forget();
        boot();
        until(() -> mConsent.count("legacyTold") > 0);
        assertEquals(0, shadowOf(notices()).size());
    }
}
