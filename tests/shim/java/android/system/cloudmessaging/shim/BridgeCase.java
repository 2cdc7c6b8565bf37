// SPDX-License-Identifier: Apache-2.0
package android.system.cloudmessaging.shim;

import static org.junit.Assert.assertEquals;
import static org.junit.Assert.assertThrows;
import static org.junit.Assert.assertTrue;

import android.os.IBinder;
import android.os.ServiceSpecificException;
import android.system.cloudmessaging.CaptureMethod;
import android.system.cloudmessaging.DataClass;
import android.system.cloudmessaging.Disclosure;
import android.system.cloudmessaging.Grant;
import android.system.cloudmessaging.ICloudMessaging;
import android.system.cloudmessaging.ICloudMessagingConsent;
import android.system.cloudmessaging.ICloudMessagingPlatform;
import android.system.cloudmessaging.NetworkReport;
import android.system.cloudmessaging.SimIdentity;
import android.system.cloudmessaging.UserReport;
import java.io.File;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import org.junit.After;
import org.junit.Before;
import org.junit.function.ThrowingRunnable;
import org.junit.runner.RunWith;
import org.robolectric.annotation.Config;

/** A bed with Java's proxies to its three interfaces, and what the platform and the owner say to them. */
@RunWith(Runner.class)
@Config(manifest = Config.NONE)
public abstract class BridgeCase {
    static final int SIM = 1;
    static final int USER = 0;
    static final String NOBODY = "+15550199";
    /** What turning on allows unless the owner says more. */
    static final int[] NEEDED = {
        DataClass.PHONE_NUMBER, DataClass.RECIPIENT_NUMBER, DataClass.MESSAGE_CONTENT,
        DataClass.NETWORK_ADDRESS, DataClass.ROUTING_ID, DataClass.RECIPIENT_ROUTING_ID,
        DataClass.DELIVERY_RECEIPT, DataClass.PUBLIC_KEYS,
    };

    Bed mBed;
    IBinder mBinder;
    ICloudMessagingConsent mConsent;
    ICloudMessagingPlatform mPlatform;
    ICloudMessaging mMessaging;

    @Before
    public void start() throws Exception {
        mBed = new Bed();
        connect();
    }

    void connect() throws Exception {
        mBinder = mBed.consent();
        mConsent = ICloudMessagingConsent.Stub.asInterface(mBinder);
        mPlatform = ICloudMessagingPlatform.Stub.asInterface(mBed.platform());
        mMessaging = ICloudMessaging.Stub.asInterface(mBed.messaging());
    }

    @After
    public void end() throws Exception {
        HostBinder.sWitness = (code, written, sent, objects) -> {};
        mBed.close();
    }

    static void fails(int code, ThrowingRunnable call) {
        assertEquals(code, assertThrows(ServiceSpecificException.class, call).errorCode);
    }

    static void until(Callable<Boolean> condition) throws Exception {
        long begun = System.nanoTime();
        while (!condition.call()) {
            assertTrue("waited in vain", System.nanoTime() - begun < TimeUnit.SECONDS.toNanos(120));
            Thread.sleep(20);
        }
    }

    static SimIdentity[] sims() {
        SimIdentity sim = new SimIdentity();
        sim.subscriptionId = SIM;
        sim.number = Bed.NUMBER;
        sim.imsi = "001010123456789";
        sim.imei = "350000000000011";
        return new SimIdentity[] {sim};
    }

    void report() throws Exception {
        UserReport user = new UserReport();
        user.user = USER;
        user.serial = 1;
        user.unlocked = true;
        // On a host all three are one uid: who runs the tests.
        user.defaultSmsUid = (Integer) java.nio.file.Files.getAttribute(
                new File("/proc/self").toPath(), "unix:uid");
        mPlatform.reportUsers(new UserReport[] {user});
        mPlatform.provideStorageKey(USER, new byte[ICloudMessagingPlatform.STORAGE_KEY_BYTES]);
        NetworkReport network = new NetworkReport();
        network.connected = true;
        mPlatform.reportNetwork(network);
    }

    void grant() throws Exception {
        Disclosure disclosure = mConsent.disclosure("en");
        Grant grant = new Grant();
        grant.disclosureSha256 = disclosure.sha256;
        grant.locale = disclosure.locale;
        grant.allowedClasses = NEEDED;
        grant.sims = sims();
        grant.method = CaptureMethod.SETTINGS_PAGE;
        mConsent.grant(grant);
        assertTrue(mPlatform.wantsIdentities(USER));
        mPlatform.reportIdentities(USER, sims());
    }
}
