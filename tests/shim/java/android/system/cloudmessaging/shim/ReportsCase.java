// SPDX-License-Identifier: Apache-2.0
package android.system.cloudmessaging.shim;

import android.app.Application;
import android.content.Intent;
import android.net.ConnectivityManager;
import android.os.IBinder;
import android.os.UserHandle;
import android.os.UserManager;
import android.system.cloudmessaging.ICloudMessagingConsent;
import android.system.cloudmessaging.ICloudMessagingPlatform;
import android.system.cloudmessaging.Legacy;
import android.system.cloudmessaging.LegacySetting;
import android.system.cloudmessaging.UserReport;
import android.system.cloudmessaging.settings.CloudMessagingActivity;
import java.util.Arrays;
import org.robolectric.android.controller.ActivityController;

/** What the app tells the real cloudmessagingd, noted on its way, and how the phone makes it tell. */
@SuppressWarnings("deprecation") // As in PageCase.
public abstract class ReportsCase extends PageCase {
    static final UserHandle SECOND = UserHandle.of(10);

    final Heard mPlatform = new Heard();
    final Heard mConsent = new Heard();
    /** What an earlier service left; null: the real answer. */
    volatile Legacy mLegacy;
    volatile LegacySetting[] mWanted;

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

    Application app() {
        return (Application) mContext;
    }

    ConnectivityManager connectivity() {
        return mContext.getSystemService(ConnectivityManager.class);
    }

    UserManager users() {
        return mContext.getSystemService(UserManager.class);
    }

    /** As at boot; until it has reported. */
    void boot() throws Exception {
        int before = mPlatform.count("wantsIdentities");
        mContext.sendBroadcast(new Intent(Intent.ACTION_BOOT_COMPLETED));
        until(() -> mPlatform.count("wantsIdentities") > before);
    }

    /** Turned on, with no page open any more. */
    void on() throws Exception {
        ActivityController<CloudMessagingActivity> page = page();
        turnOn(page.get());
        page.pause().stop().destroy();
        until(() -> sServices.isRunning() && mPlatform.count("reportIdentities") > 0);
    }

    UserReport user(int id) {
        UserReport[] last = (UserReport[]) mPlatform.last("reportUsers", 0);
        return Arrays.stream(last).filter(user -> user.user == id).findFirst().orElse(null);
    }

    void say(String action) {
        mContext.sendBroadcast(new Intent(action));
    }
}
