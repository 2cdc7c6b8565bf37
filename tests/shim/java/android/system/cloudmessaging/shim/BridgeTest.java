// SPDX-License-Identifier: Apache-2.0
package android.system.cloudmessaging.shim;

import static org.junit.Assert.assertArrayEquals;
import static org.junit.Assert.assertEquals;
import static org.junit.Assert.assertFalse;
import static org.junit.Assert.assertThrows;
import static org.junit.Assert.assertTrue;

import android.os.DeadObjectException;
import android.os.IBinder;
import android.os.ParcelFileDescriptor;
import android.os.ServiceSpecificException;
import android.system.cloudmessaging.CaptureMethod;
import android.system.cloudmessaging.ConsentState;
import android.system.cloudmessaging.DataClass;
import android.system.cloudmessaging.Disclosure;
import android.system.cloudmessaging.Erasure;
import android.system.cloudmessaging.ErrorCode;
import android.system.cloudmessaging.Grant;
import android.system.cloudmessaging.ICloudMessaging;
import android.system.cloudmessaging.ICloudMessagingCallback;
import android.system.cloudmessaging.ICloudMessagingConsent;
import android.system.cloudmessaging.ICloudMessagingListener;
import android.system.cloudmessaging.ICloudMessagingPlatform;
import android.system.cloudmessaging.InboundMessage;
import android.system.cloudmessaging.LedgerCheckpoint;
import android.system.cloudmessaging.LedgerEntry;
import android.system.cloudmessaging.LedgerTotal;
import android.system.cloudmessaging.Legacy;
import android.system.cloudmessaging.LegacySetting;
import android.system.cloudmessaging.NetworkReport;
import android.system.cloudmessaging.OffReason;
import android.system.cloudmessaging.OutgoingMessage;
import android.system.cloudmessaging.Outcome;
import android.system.cloudmessaging.PreviewField;
import android.system.cloudmessaging.Refusal;
import android.system.cloudmessaging.Registration;
import android.system.cloudmessaging.RegistrationPreview;
import android.system.cloudmessaging.ServiceState;
import android.system.cloudmessaging.SimIdentity;
import android.system.cloudmessaging.SmsReason;
import android.system.cloudmessaging.UserReport;
import android.system.cloudmessaging.Withdrawal;
import java.io.File;
import java.lang.reflect.Field;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.Arrays;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentSkipListSet;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.junit.After;
import org.junit.Before;
import org.junit.Test;
import org.junit.function.ThrowingRunnable;
import org.junit.runner.RunWith;
import org.robolectric.annotation.Config;

/**
 * Java's proxies and the real cloudmessagingd understand each other: every method of the three interfaces, with answers that
 * hold something.
 */
@RunWith(Runner.class)
@Config(manifest = Config.NONE)
public final class BridgeTest {
    private static final int SIM = 1;
    private static final int USER = 0;
    private static final String NOBODY = "+15550199";
    /** What turning on allows unless the owner says more. */
    private static final int[] NEEDED = {
        DataClass.PHONE_NUMBER, DataClass.RECIPIENT_NUMBER, DataClass.MESSAGE_CONTENT,
        DataClass.NETWORK_ADDRESS, DataClass.ROUTING_ID, DataClass.RECIPIENT_ROUTING_ID,
        DataClass.DELIVERY_RECEIPT, DataClass.PUBLIC_KEYS,
    };

    private Bed mBed;
    private IBinder mBinder;
    private ICloudMessagingConsent mConsent;
    private ICloudMessagingPlatform mPlatform;
    private ICloudMessaging mMessaging;

    @Before
    public void start() throws Exception {
        mBed = new Bed();
        connect();
    }

    private void connect() throws Exception {
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

    private static void fails(int code, ThrowingRunnable call) {
        assertEquals(code, assertThrows(ServiceSpecificException.class, call).errorCode);
    }

    private static void until(Callable<Boolean> condition) throws Exception {
        long begun = System.nanoTime();
        while (!condition.call()) {
            assertTrue("waited in vain", System.nanoTime() - begun < TimeUnit.SECONDS.toNanos(60));
            Thread.sleep(20);
        }
    }

    private static SimIdentity[] sims() {
        SimIdentity sim = new SimIdentity();
        sim.subscriptionId = SIM;
        sim.number = Bed.NUMBER;
        sim.imsi = "001010123456789";
        sim.imei = "350000000000011";
        return new SimIdentity[] {sim};
    }

    private void report() throws Exception {
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

    private void grant() throws Exception {
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

    /** What each method is called by in the generated code, as far as a bed reaches it. */
    private static Set<String> methods(Class<?>... stubs) throws Exception {
        Set<String> names = new TreeSet<>();
        for (Class<?> stub : stubs) {
            for (Field field : stub.getDeclaredFields()) {
                if (field.getName().startsWith("TRANSACTION_")) {
                    field.setAccessible(true);
                    names.add(stub.getDeclaringClass().getSimpleName() + " " + field.getInt(null));
                }
            }
        }
        return names;
    }

    /** The interface's name in a call, which is a string of 16-bit units after the three words of the header. */
    private static String interfaceOf(byte[] call) {
        int units = call[12] & 0xff;
        String name = new String(call, 16, 2 * units, StandardCharsets.UTF_16LE);
        return name.substring(name.lastIndexOf('.') + 1);
    }

    @Test
    public void everyMethodPassesAndAnswers() throws Exception {
        Set<String> called = new ConcurrentSkipListSet<>();
        HostBinder.sWitness = (code, written, sent, objects) -> {
            if (code <= IBinder.LAST_CALL_TRANSACTION) {
                called.add(interfaceOf(written) + " " + code);
            }
        };
        assertEquals("android.system.cloudmessaging.ICloudMessagingConsent",
                mBinder.getInterfaceDescriptor());
        off();
        preview();
        Semaphore changes = new Semaphore(0);
        ICloudMessagingListener listener = new ICloudMessagingListener.Stub() {
            @Override
            public void onStateChanged() {
                changes.release();
            }

            @Override
            public void onWaiting(int user) {}
        };
        mConsent.addListener(listener);
        mPlatform.addListener(listener);
        report();
        changes.drainPermits();
        legacy();
        grant();
        assertTrue(changes.tryAcquire(60, TimeUnit.SECONDS));
        mConsent.removeListener(listener);
        on();
        register();
        messages();
        ledger();
        withdraw();
        assertEquals(
                methods(ICloudMessagingConsent.Stub.class, ICloudMessagingPlatform.Stub.class,
                        ICloudMessaging.Stub.class),
                called);
    }

    private void off() throws Exception {
        ConsentState state = mConsent.state();
        assertFalse(state.on);
        assertEquals(0, state.sims.length);
        assertEquals(0, state.grantedAtMillis);
        // Nothing was reported yet: nobody is known to be the Messaging app.
        assertThrows(SecurityException.class, () -> mMessaging.state());
        fails(ErrorCode.OFF, () -> mConsent.receipt());
        Disclosure disclosure = mConsent.disclosure("hi-IN");
        assertEquals("hi", disclosure.locale);
        assertTrue(disclosure.version >= 1);
        byte[] text = disclosure.text.getBytes(StandardCharsets.UTF_8);
        assertArrayEquals(MessageDigest.getInstance("SHA-256").digest(text), disclosure.sha256);
    }

    private void legacy() throws Exception {
        // This bed's phones had no earlier service.
        assertEquals(0, mPlatform.wantsLegacy(USER).length);
        LegacySetting setting = new LegacySetting();
        setting.table = "secure";
        setting.key = "acme_messaging";
        mPlatform.reportLegacy(USER, new LegacySetting[] {setting});
        setting.table = "nowhere";
        fails(ErrorCode.INVALID_ARGUMENT,
                () -> mPlatform.reportLegacy(USER, new LegacySetting[] {setting}));
        Legacy legacy = mConsent.legacy("hi-IN");
        assertFalse(legacy.found || legacy.wasOn || legacy.wasRegistered || legacy.toTell);
        assertEquals("", legacy.name + legacy.erasure + legacy.address);
        mConsent.legacyTold();
    }

    private void preview() throws Exception {
        RegistrationPreview[] previews = mConsent.preview(sims(), NEEDED);
        assertEquals(1, previews.length);
        assertEquals(SIM, previews[0].subscriptionId);
        for (PreviewField field : previews[0].fields) {
            if (field.dataClass == DataClass.PHONE_NUMBER) {
                assertEquals(Bed.NUMBER, field.value);
                assertEquals(Bed.NUMBER, new String(previews[0].plaintext, field.offset,
                        field.length, StandardCharsets.UTF_8));
            }
            assertTrue(field.dataClass != DataClass.IMSI && field.dataClass != DataClass.IMEI);
        }
    }

    private void on() throws Exception {
        until(() -> mConsent.state().sims.length == 1);
        ConsentState state = mConsent.state();
        assertTrue(state.on && state.durable);
        assertEquals(OffReason.NONE, state.offReason);
        assertArrayEquals(NEEDED, state.allowedClasses);
        assertEquals(SIM, state.sims[0].subscriptionId);
        assertTrue(Math.abs(System.currentTimeMillis() - state.grantedAtMillis) < 60_000);
        assertTrue(mConsent.receipt().replace(" ", "").contains("\"lawful_basis\":\"consent\""));
        mConsent.setClassAllowed(DataClass.DELIVERY_RECEIPT, false);
        assertEquals(NEEDED.length - 1, mConsent.state().allowedClasses.length);
        mConsent.setClassAllowed(DataClass.DELIVERY_RECEIPT, true);
        fails(ErrorCode.INVALID_ARGUMENT, () -> mConsent.setClassAllowed(99, true));
    }

    private void register() throws Exception {
        until(() -> mConsent.state().sims[0].registration == Registration.CODE_NEEDED);
        assertTrue(mConsent.state().sims[0].codeUntilMillis > System.currentTimeMillis());
        mConsent.requestCode(SIM);
        // Another may or may not have come by now: whichever is the last one opens, in the end.
        fails(ErrorCode.INVALID_ARGUMENT, () -> mMessaging.submitCode(SIM, "short"));
        until(() -> {
            try {
                mConsent.submitCode(SIM, mBed.code());
            } catch (ServiceSpecificException e) {
                assertEquals(ErrorCode.NO_CODE_EXPECTED, e.errorCode);
            }
            return mConsent.state().sims[0].registration == Registration.DONE;
        });
        until(() -> mConsent.state().sims[0].connected);
        ServiceState state = mMessaging.state();
        assertTrue(state.on);
        assertEquals(Refusal.NONE, state.refusal);
        assertArrayEquals(new int[] {SIM}, state.subscriptionIds);
    }

    private void messages() throws Exception {
        CountDownLatch ended = new CountDownLatch(1);
        CountDownLatch came = new CountDownLatch(1);
        mMessaging.setCallback(new ICloudMessagingCallback.Stub() {
            @Override
            public void onOutcomes() {
                ended.countDown();
            }

            @Override
            public void onInbound() {
                came.countDown();
            }

            @Override
            public void onKeyChanged() {}

            @Override
            public void onStateChanged() {}
        });
        OutgoingMessage message = new OutgoingMessage();
        message.id = "0123456789abcdef".getBytes(StandardCharsets.US_ASCII);
        message.subscriptionId = SIM;
        message.recipient = NOBODY;
        message.body = "नमस्ते 👋";
        message.smsDeadlineMillis = System.currentTimeMillis() + 600_000;
        assertEquals(Refusal.NONE, mMessaging.send(message));
        assertTrue(ended.await(60, TimeUnit.SECONDS));
        Outcome[] outcomes = mMessaging.outcomes(0, ICloudMessaging.MAX_PAGE);
        assertEquals(1, outcomes.length);
        assertArrayEquals(message.id, outcomes[0].id);
        assertFalse(outcomes[0].delivered);
        assertEquals(SmsReason.NOT_REGISTERED, outcomes[0].reason);
        mMessaging.acknowledgeOutcomes(outcomes[0].cursor);
        assertEquals(0, mMessaging.outcomes(0, 1).length);

        assertEquals("0", mBed.tell("write"));
        assertTrue(came.await(60, TimeUnit.SECONDS));
        InboundMessage[] inbound = mMessaging.inbound(0, ICloudMessaging.MAX_PAGE);
        assertEquals(1, inbound.length);
        assertEquals("Hello Anna!", inbound[0].body);
        assertEquals(SIM, inbound[0].subscriptionId);
        assertEquals(ICloudMessaging.ID_BYTES, inbound[0].id.length);
        assertEquals(60, mMessaging.fingerprint(SIM, inbound[0].sender).replace(" ", "").length());
        fails(ErrorCode.NOT_FOUND, () -> mMessaging.fingerprint(SIM, NOBODY));
        assertArrayEquals(inbound[0].id, mMessaging.checkSms(SIM, inbound[0].sender,
                inbound[0].body, inbound[0].receivedAtMillis));
        mMessaging.acknowledgeInbound(inbound[0].cursor);
        assertEquals(0, mMessaging.inbound(0, 1).length);
        assertEquals(0, mMessaging.keyChanged().length);
        mMessaging.acknowledgeKeyChanges(0);
        mMessaging.setCallback(null);
    }

    private void ledger() throws Exception {
        int[] all = {};
        LedgerEntry[] entries = mConsent.ledger(-1, ICloudMessagingConsent.MAX_LEDGER_PAGE,
                new String[] {"intent"}, new int[] {DataClass.MESSAGE_CONTENT, DataClass.PHONE_NUMBER});
        assertTrue(entries.length > 0);
        assertEquals("intent", entries[0].event);
        assertEquals("localhost", entries[0].host);
        assertTrue(entries[0].bytes > 0 && entries[0].entry.length > 0);
        assertTrue(entries[0].revealed.length > 0);
        fails(ErrorCode.INVALID_ARGUMENT, () -> mConsent.ledger(-1, 0, new String[0], all));
        int today = (int) TimeUnit.MILLISECONDS.toDays(System.currentTimeMillis());
        LedgerTotal[] totals = mConsent.ledgerTotals(today - 1, today, 0);
        assertEquals(DataClass.UNSPECIFIED, totals[0].dataClass);
        assertTrue(totals[0].count > 0 && totals[0].bytes > 0);
        LedgerCheckpoint checkpoint = mConsent.ledgerCheckpoint();
        assertTrue(checkpoint.note.startsWith("cloudmessaging.example/ledger\n"));

        File export = File.createTempFile("ledger", null);
        try (ParcelFileDescriptor file = ParcelFileDescriptor.open(export,
                ParcelFileDescriptor.MODE_WRITE_ONLY)) {
            long exported = mConsent.exportLedger(file);
            assertTrue(exported > 0 && export.length() > exported);
        } finally {
            assertTrue(export.delete());
        }
        mConsent.eraseLedger();
        assertEquals(0, mConsent.ledgerTotals(today - 1, today, 0).length);
    }

    private void withdraw() throws Exception {
        Withdrawal withdrawal = mConsent.withdraw(true);
        assertTrue(withdrawal.durable);
        assertEquals(Erasure.CONFIRMED, withdrawal.erasure);
        assertEquals(0, withdrawal.leaseUntilMillis);
        assertFalse(mConsent.state().on);
        assertEquals(OffReason.NO_RECORD, mConsent.state().offReason);
        assertEquals("false", mBed.tell("consent"));
        assertEquals("0", mBed.tell("uplinks"));
    }

    /** All that the bridge makes of a parcel; there is nothing more. */
    private enum Translation {
        /** A call begins with three words that only the kernel's driver has. */
        HEADER,
        /** A binder is a number in the parcel, and an object of the socket's session. */
        BINDER,
        /** A descriptor is a number in the parcel, and passes beside the bytes. */
        DESCRIPTOR,
    }

    @Test
    public void translations() throws Exception {
        Set<Translation> seen = new ConcurrentSkipListSet<>();
        HostBinder.sWitness = (code, written, sent, objects) -> {
            byte[] rest = Arrays.copyOfRange(written, 12, written.length);
            // To the byte, in every call.
            assertArrayEquals(rest, sent);
            seen.add(Translation.HEADER);
            for (Object object : objects) {
                seen.add(object instanceof IBinder ? Translation.BINDER : Translation.DESCRIPTOR);
            }
        };
        mConsent.state();
        mConsent.addListener(new ICloudMessagingListener.Stub() {
            @Override
            public void onStateChanged() {}

            @Override
            public void onWaiting(int user) {}
        });
        try (ParcelFileDescriptor file = ParcelFileDescriptor.open(new File("/dev/null"),
                ParcelFileDescriptor.MODE_WRITE_ONLY)) {
            // Neither a file nor a pipe: the service has looked at the descriptor itself.
            fails(ErrorCode.INVALID_ARGUMENT, () -> mConsent.exportLedger(file));
        }
        assertEquals(Set.of(Translation.values()), seen);
    }

    @Test
    public void aCrashOfTheServiceIsADeadObject() throws Exception {
        report();
        grant();
        CountDownLatch died = new CountDownLatch(1);
        mBinder.linkToDeath(died::countDown, 0);
        mBed.tell("kill");
        assertTrue(died.await(60, TimeUnit.SECONDS));
        assertFalse(mBinder.isBinderAlive());
        assertThrows(DeadObjectException.class, () -> mConsent.state());
        mBed.tell("start");
        connect();
        report();
        assertTrue(mConsent.state().on);
    }
}
