// SPDX-License-Identifier: Apache-2.0
package android.system.cloudmessaging.shim;

import static org.junit.Assert.assertTrue;

import android.app.Activity;
import android.app.AlertDialog;
import android.content.DialogInterface;
import android.os.Binder;
import android.os.IBinder;
import android.os.Looper;
import android.os.ParcelFileDescriptor;
import android.os.ServiceSpecificException;
import android.system.cloudmessaging.ErrorCode;
import android.system.cloudmessaging.ICloudMessagingConsent;
import android.system.cloudmessaging.settings.PageClock;
import android.system.cloudmessaging.settings.SentActivity;
import java.io.FileOutputStream;
import java.io.IOException;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneId;
import java.util.TimeZone;
import org.junit.After;
import org.junit.Before;
import org.robolectric.Robolectric;
import org.robolectric.Shadows;
import org.robolectric.android.controller.ActivityController;
import org.robolectric.shadows.ShadowAlertDialog;

/**
 * The page on what was sent, on the evening of 21 November 2026 in Berlin. Where a test needs a ledger of some weeks, it serves
 * one that is kept, as the real service's export: tests/ledger/src/month.rs makes it, and a test there holds it to that.
 */
public abstract class SentCase extends PageCase {
    static final Path MONTH =
            Path.of(System.getProperty("shim.source"), "kept", "month.ledger");

    /** Does what exportLedger does; null is what the real service does. */
    interface Export {
        long write(ParcelFileDescriptor to) throws Throwable;
    }

    private TimeZone mZone;

    @Before
    public void setClock() {
        mZone = TimeZone.getDefault();
        TimeZone.setDefault(TimeZone.getTimeZone("Europe/Berlin"));
        PageClock.set(Clock.fixed(Instant.parse("2026-11-21T17:00:00Z"), ZoneId.of("UTC")));
    }

    @After
    public void resetClock() {
        TimeZone.setDefault(mZone);
        PageClock.set(Clock.systemUTC());
    }

    /** The real service, but for that method of it. */
    void serveInstead(String name, Export instead) throws IOException {
        ICloudMessagingConsent real = ICloudMessagingConsent.Stub.asInterface(mBed.consent());
        Binder binder = new Binder();
        ICloudMessagingConsent served = (ICloudMessagingConsent) Proxy.newProxyInstance(
                SentCase.class.getClassLoader(), new Class<?>[] {ICloudMessagingConsent.class},
                (self, method, arguments) -> {
                    if (method.getName().equals(name)) {
                        return instead.write(
                                arguments == null ? null : (ParcelFileDescriptor) arguments[0]);
                    }
                    try {
                        Object answer = method.invoke(real, arguments);
                        return answer instanceof IBinder ? binder : answer;
                    } catch (InvocationTargetException e) {
                        throw e.getCause();
                    }
                });
        binder.attachInterface(served, SERVICE + "Consent");
        RealServices.SERVED.put(SERVICE + "Consent", binder);
    }

    /** An export that is these bytes. */
    static Export bytes(byte[] export) {
        return to -> {
            try (FileOutputStream out = new FileOutputStream(to.getFileDescriptor())) {
                out.write(export);
                return 0;
            } catch (IOException e) {
                throw new ServiceSpecificException(ErrorCode.UNWRITABLE, e.getMessage());
            }
        };
    }

    void serveMonth() throws IOException {
        serveInstead("exportLedger", bytes(Files.readAllBytes(MONTH)));
    }

    /** Opened, and not waited for. */
    static ActivityController<SentActivity> opened() {
        return Robolectric.buildActivity(SentActivity.class).setup();
    }

    /** Opened, and read. */
    static ActivityController<SentActivity> read() throws Exception {
        ActivityController<SentActivity> page = opened();
        untilRead(page.get());
        return page;
    }

    static void untilRead(Activity page) throws Exception {
        until(() -> !texts(rows(page)).contains("Reading and checking"));
        Shadows.shadowOf(Looper.getMainLooper()).idle();
    }

    /** The question that is asked. */
    static AlertDialog asked() {
        AlertDialog question = ShadowAlertDialog.getLatestAlertDialog();
        assertTrue("nothing is asked", question != null && question.isShowing());
        return question;
    }

    static String text(AlertDialog question) {
        return Shadows.shadowOf(question).getMessage().toString();
    }

    static void answer(AlertDialog question, boolean yes) {
        question.getButton(yes ? DialogInterface.BUTTON_POSITIVE : DialogInterface.BUTTON_NEGATIVE)
                .performClick();
        Shadows.shadowOf(Looper.getMainLooper()).idle();
    }
}
