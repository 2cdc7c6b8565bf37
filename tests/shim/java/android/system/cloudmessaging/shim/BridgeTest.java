// SPDX-License-Identifier: Apache-2.0
package android.system.cloudmessaging.shim;

import static org.junit.Assert.assertArrayEquals;
import static org.junit.Assert.assertEquals;
import static org.junit.Assert.assertFalse;
import static org.junit.Assert.assertThrows;
import static org.junit.Assert.assertTrue;

import android.os.IBinder;
import android.os.ParcelFileDescriptor;
import android.os.ServiceSpecificException;
import android.system.cloudmessaging.ConsentState;
import android.system.cloudmessaging.DataClass;
import android.system.cloudmessaging.Disclosure;
import android.system.cloudmessaging.Erasure;
import android.system.cloudmessaging.ErrorCode;
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
import android.system.cloudmessaging.OffReason;
import android.system.cloudmessaging.OutgoingMessage;
import android.system.cloudmessaging.Outcome;
import android.system.cloudmessaging.PreviewField;
import android.system.cloudmessaging.Refusal;
import android.system.cloudmessaging.Registration;
import android.system.cloudmessaging.RegistrationPreview;
import android.system.cloudmessaging.ServiceState;
import android.system.cloudmessaging.SmsReason;
import android.system.cloudmessaging.Withdrawal;
import java.io.File;
import java.lang.reflect.Field;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentSkipListSet;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.junit.Test;

/**
 * Java's proxies and the real cloudmessagingd understand each other: every method of the three interfaces, with answers that
 * hold something.
 */
public final class BridgeTest extends BridgeCase {
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
}
