// SPDX-License-Identifier: Apache-2.0
package android.system.cloudmessaging.shim;

import static org.junit.Assert.assertArrayEquals;
import static org.junit.Assert.assertEquals;
import static org.junit.Assert.assertFalse;
import static org.junit.Assert.assertTrue;
import static org.robolectric.Shadows.shadowOf;

import android.app.Activity;
import android.app.role.RoleManager;
import android.content.Intent;
import android.net.ConnectivityManager;
import android.net.Network;
import android.net.NetworkCapabilities;
import android.os.Bundle;
import android.os.PowerManager;
import android.os.Process;
import android.os.UserManager;
import android.system.cloudmessaging.NetworkReport;
import android.system.cloudmessaging.SimIdentity;
import android.system.cloudmessaging.settings.CloudMessagingActivity;
import android.telephony.SubscriptionManager;
import android.telephony.TelephonyManager;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.regex.Pattern;
import org.junit.Test;
import org.robolectric.android.controller.ActivityController;
import org.robolectric.shadows.ShadowApplication;
import org.robolectric.shadows.ShadowNetworkCapabilities;
import org.robolectric.shadows.ShadowRoleManager;
import org.robolectric.shadows.ShadowSubscriptionManager.SubscriptionInfoBuilder;
import org.robolectric.shadows.ShadowUserManager;

/** What the app tells the real cloudmessagingd of its own accord, when, and what it leaves alone while off. */
@SuppressWarnings("deprecation") // As in PageCase.
public final class ReportsTest extends ReportsCase {
    /** Classes of the app that have no name of their own, as those that listen. */
    private static final Pattern OURS =
            Pattern.compile("android\\.system\\.cloudmessaging\\.settings\\.\\w+\\$\\d+");

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

    private NetworkReport network() {
        return (NetworkReport) mPlatform.last("reportNetwork", 0);
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
        ActivityController<CloudMessagingActivity> controller = page();
        Activity page = controller.get();
        turnOn(page);
        assertTrue(sServices.isEnabled());
        assertEquals(1, shadowOf(connectivity()).getNetworkCallbacks().size());
        // Pages listen to what concerns users, too.
        long users = listeners().stream().filter(name -> name.contains("UserWatch")).count();
        assertEquals(users + 3, listeners().size());
        SimIdentity[] sims = (SimIdentity[]) mPlatform.last("reportIdentities", 1);
        assertEquals(Bed.NUMBER, sims[0].number);

        press(rows(page), "use");
        until(() -> state(page).startsWith("Off."));
        until(() -> !sServices.isRunning());
        assertFalse(sServices.isEnabled());
        controller.pause().stop().destroy();
        assertTrue(listeners().stream().allMatch(name -> name.contains("UserWatch")));
        assertEquals(users - 2, listeners().size());
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

        assertEquals(
                mContext.getPackageManager().getPackageUid("org.example.messaging", 0),
                user(0).defaultSmsUid);
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
    public void whileThePageIsOpenWhoForbidsIsReportedAlsoWhileOff() throws Exception {
        ActivityController<CloudMessagingActivity> page = page();
        until(() -> mPlatform.count("reportUsers") > 0);
        assertFalse(user(0).smsForbidden);
        shadowOf(users()).setUserRestriction(
                Process.myUserHandle(), UserManager.DISALLOW_SMS, true);
        say(UserManager.ACTION_USER_RESTRICTIONS_CHANGED);
        until(() -> user(0).smsForbidden);
        page.pause().stop().destroy();
        assertEquals(List.of(), listeners());
        assertEquals("false 0", consent());
    }

    @Test
    public void theStorageKeyIsMadeOnce() throws Exception {
        boot();
        byte[] first = (byte[]) mPlatform.last("provideStorageKey", 1);
        boot();
        assertArrayEquals(first, (byte[]) mPlatform.last("provideStorageKey", 1));
        assertFalse(Arrays.equals(first, new byte[first.length]));
    }
}
