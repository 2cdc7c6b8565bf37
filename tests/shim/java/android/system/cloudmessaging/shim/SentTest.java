// SPDX-License-Identifier: Apache-2.0
package android.system.cloudmessaging.shim;

import static org.junit.Assert.assertEquals;
import static org.junit.Assert.assertFalse;
import static org.junit.Assert.assertThrows;
import static org.junit.Assert.assertTrue;
import static org.robolectric.Shadows.shadowOf;

import android.app.Activity;
import android.content.Intent;
import android.database.Cursor;
import android.net.Uri;
import android.os.DeadObjectException;
import android.os.ParcelFileDescriptor;
import android.os.ServiceSpecificException;
import android.provider.OpenableColumns;
import android.system.cloudmessaging.ErrorCode;
import android.system.cloudmessaging.settings.PageClock;
import android.system.cloudmessaging.settings.SentActivity;
import android.system.cloudmessaging.settings.VerifiedLedger;
import java.io.FileNotFoundException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.Test;
import org.robolectric.android.controller.ActivityController;

/** What was sent, as an owner reads it, by the real service's ledger. */
@SuppressWarnings("deprecation") // The pages are made of it.
public final class SentTest extends SentCase {
    private static final String SINCE =
            "Nothing has been changed or taken out since you looked the last time.";

    @Test
    public void whatWasSentIsVerifiedOnThisPage() throws Exception {
        PageClock.set(Clock.systemUTC());
        Activity page = page().get();
        turnOn(page);
        Activity sent = started(page, "sent", SentActivity.class);
        untilRead(sent);
        String shown = texts(rows(sent));
        assertTrue(shown, shown.startsWith("Verified: All "));
        assertFalse(shown, shown.contains(SINCE));
        assertTrue(shown, shown.contains("Registration of your number: To localhost, "));
        assertTrue(shown, shown.contains("Reveals: your number"));
        assertTrue(shown, shown.contains("Turned on: May reveal: your number"));
        assertTrue(shown, shown.contains("Refused attempts in 30 days: null\nNone: null\n"));
        press(rows(sent), "today");
        assertTrue(rows(sent).findPreference("today").getSummary().toString()
                .contains("\nyour network address: "));
        for (String identity : new String[] {Bed.NUMBER, IMSI, IMEI}) {
            assertFalse(shown, shown.contains(identity));
        }
    }

    @Test
    public void anotherLedgerThanTheOneThatWasKeptIsDamaged() throws Exception {
        Activity page = page().get();
        turnOn(page);
        assertTrue(texts(rows(read().get())).startsWith("Verified: "));
        // Once more, against what was kept.
        assertTrue(texts(rows(read().get())).contains(SINCE));
        Bed first = mBed;
        mBed = new Bed();
        serve();
        turnOn(page().get());
        String shown = texts(rows(read().get()));
        assertTrue(shown, shown.startsWith("Damaged: This is signed by another key than "));
        assertFalse(shown, shown.contains("To localhost"));
        assertFalse(shown, shown.contains("How much was sent"));
        // What was kept is still what was kept.
        mBed.close();
        mBed = first;
        serve();
        assertTrue(texts(rows(read().get())).contains(SINCE));
    }

    @Test
    public void anErasedHistoryIsErasedForGoodAndStillVerified() throws Exception {
        Activity page = page().get();
        turnOn(page);
        Activity sent = read().get();
        press(rows(sent), "erase");
        String question = text(asked());
        assertTrue(question, question.contains("cannot be brought back"));
        answer(asked(), false);
        assertTrue(texts(rows(sent)).contains("To localhost"));
        press(rows(sent), "erase");
        answer(asked(), true);
        until(() -> texts(rows(sent)).contains("You erased the history before this"));
        String shown = texts(rows(sent));
        assertTrue(shown, shown.startsWith("Verified: "));
        assertTrue(shown, shown.contains(SINCE));
        assertTrue(shown, shown.contains(" erased entries: What it said is gone; "));
        assertFalse(shown, shown.contains("Registration of your number"));
        assertEquals("true 1", consent());
    }

    @Test
    public void whatCannotBeErasedIsSaid() throws Exception {
        turnOn(page().get());
        for (int error : new int[] {
            ErrorCode.NOT_READY, ErrorCode.LEDGER, ErrorCode.INTERNAL, 0}) {
            serveInstead("eraseLedger", to -> {
                if (error == 0) {
                    throw new DeadObjectException();
                }
                throw new ServiceSpecificException(error, "");
            });
            Activity sent = read().get();
            press(rows(sent), "erase");
            answer(asked(), true);
            String expected = switch (error) {
                case ErrorCode.NOT_READY -> "That does not work yet. Unlock the phone, ";
                case ErrorCode.LEDGER -> "Not all could be erased now. ";
                case 0 -> "Unavailable; nothing is sent";
                default -> "That did not work. Nothing was erased.";
            };
            until(() -> String.valueOf(rows(sent).findPreference("erase").getSummary())
                    .startsWith(expected));
        }
    }

    @Test
    public void whatIsSharedIsTheExportForWhomItIsSharedWithAlone() throws Exception {
        turnOn(page().get());
        Activity sent = read().get();
        press(rows(sent), "share");
        String question = text(asked());
        assertTrue(question, question.contains("when, to which host"));
        assertTrue(question, question.contains("which model of phone"));
        answer(asked(), true);
        Intent chooser = shadowOf(sent).getNextStartedActivity();
        assertEquals(Intent.ACTION_CHOOSER, chooser.getAction());
        Intent send = chooser.getParcelableExtra(Intent.EXTRA_INTENT, Intent.class);
        assertEquals(Intent.ACTION_SEND, send.getAction());
        assertEquals("application/octet-stream", send.getType());
        assertEquals(Intent.FLAG_GRANT_READ_URI_PERMISSION,
                send.getFlags() & (Intent.FLAG_GRANT_READ_URI_PERMISSION
                        | Intent.FLAG_GRANT_WRITE_URI_PERMISSION
                        | Intent.FLAG_GRANT_PERSISTABLE_URI_PERMISSION));
        Uri file = send.getParcelableExtra(Intent.EXTRA_STREAM, Uri.class);
        assertEquals(file, send.getClipData().getItemAt(0).getUri());
        assertEquals(send.getType(), mContext.getContentResolver().getType(file));
        try (Cursor named = mContext.getContentResolver().query(file, null, null, null)) {
            assertTrue(named.moveToFirst());
            int column = named.getColumnIndexOrThrow(OpenableColumns.DISPLAY_NAME);
            assertEquals("cloud-messaging-2026-11-21.ledger", named.getString(column));
        }
        Path read = Files.createTempFile("shared", ".ledger");
        try (InputStream shared = mContext.getContentResolver().openInputStream(file);
                OutputStream kept = Files.newOutputStream(read)) {
            shared.transferTo(kept);
        }
        try (ParcelFileDescriptor export =
                ParcelFileDescriptor.open(read.toFile(), ParcelFileDescriptor.MODE_READ_ONLY)) {
            assertTrue(VerifiedLedger.verify(export.getFd(), null, null).getSize() > 5);
        }
        byte[] bytes = Files.readAllBytes(read);
        String text = new String(bytes, java.nio.charset.StandardCharsets.ISO_8859_1);
        for (String identity : new String[] {Bed.NUMBER, IMSI, IMEI}) {
            assertFalse(text.contains(identity));
        }
        Files.delete(read);
        assertThrows(FileNotFoundException.class,
                () -> mContext.getContentResolver().openFileDescriptor(file, "w"));
    }

    @Test
    public void withoutTheServiceThePageSaysSo() throws Exception {
        turnOn(page().get());
        mBed.tell("kill");
        assertEquals("null: Unavailable; nothing is sent\n", texts(rows(read().get())));
        mBed.tell("start");
        serve();
        // It may also end while it writes.
        serveInstead("exportLedger", to -> {
            bytes(new byte[] {1}).write(to);
            throw new DeadObjectException();
        });
        assertEquals("null: Unavailable; nothing is sent\n", texts(rows(read().get())));
        for (int error : new int[] {ErrorCode.NOT_READY, ErrorCode.STORAGE}) {
            serveInstead("exportLedger", to -> {
                bytes(new byte[] {1}).write(to);
                throw new ServiceSpecificException(error, "");
            });
            assertEquals("null: This cannot be read at this moment\n", texts(rows(read().get())));
        }
    }

    @Test
    public void aServiceThatHangsHoldsUpNothing() throws Exception {
        CountDownLatch hangs = new CountDownLatch(1);
        AtomicInteger begun = new AtomicInteger();
        serveInstead("exportLedger", to -> {
            begun.incrementAndGet();
            hangs.await();
            return 0;
        });
        try {
            ActivityController<SentActivity> first = opened();
            ActivityController<SentActivity> second = opened();
            until(() -> texts(rows(second.get())).contains("Reading and checking"));
            // The page itself answers, and back works.
            assertEquals("Off", state(page().get()));
            first.pause().stop().destroy();
            // They do not pile up: as long as these two hang, no other is begun.
            ActivityController<SentActivity> third = opened();
            assertEquals("Off", state(page().get()));
            assertTrue(texts(rows(third.get())).contains("Reading and checking"));
            assertEquals(2, begun.get());
            hangs.countDown();
            until(() -> texts(rows(third.get())).startsWith("Damaged: "));
        } finally {
            hangs.countDown();
        }
    }
}
