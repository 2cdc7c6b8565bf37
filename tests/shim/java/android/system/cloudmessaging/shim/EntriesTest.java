// SPDX-License-Identifier: Apache-2.0
package android.system.cloudmessaging.shim;

import static org.junit.Assert.assertEquals;

import android.app.Activity;
import android.content.ContextWrapper;
import android.content.Intent;
import android.content.res.ApkAssets;
import android.content.res.AssetManager;
import android.content.res.Resources;
import android.database.ContentObserver;
import android.os.Handler;
import android.os.Looper;
import android.preference.EditTextPreference;
import android.system.cloudmessaging.ConsentState;
import android.system.cloudmessaging.DataClass;
import android.system.cloudmessaging.ICloudMessaging;
import android.system.cloudmessaging.LedgerTotal;
import android.system.cloudmessaging.OutgoingMessage;
import android.system.cloudmessaging.Refusal;
import android.system.cloudmessaging.settings.CloudMessagingActivity;
import android.system.cloudmessaging.settings.R;
import android.system.cloudmessaging.settings.TilePlace;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.LocalDate;
import java.time.ZoneId;
import java.util.Arrays;
import java.util.List;
import java.util.TimeZone;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.Test;

/** The tile in Settings, and its line. */
@SuppressWarnings("deprecation") // The page is made of it.
public final class EntriesTest extends EntryCase {
    private static final String PLACES = SETTINGS + "category.ia.";

    private List<String> places() {
        return tiles().stream()
                .map(tile -> tile.activityInfo.metaData.getString(SETTINGS + "category"))
                .toList();
    }

    @Test
    public void theProductsOverlayChoosesWhereTheTileIs() throws Exception {
        assertEquals(List.of(PLACES + "homepage"), places());
        // What a phone's overlay does to the app's resources, aapt2 has done to these.
        boot(overlaid());
        assertEquals(List.of(PLACES + "privacy"), places());
        boot(mContext.getResources());
        assertEquals(List.of(PLACES + "homepage"), places());
        for (String place : new String[] {"wireless", "privacy", "homepage"}) {
            boot(saying(PLACES + place));
            assertEquals(List.of(PLACES + place), places());
            assertEquals(CloudMessagingActivity.class.getName(), tiles().get(0).activityInfo.targetActivity);
        }
    }

    @Test
    public void aPlaceThatIsNotThereHidesNothing() throws Exception {
        boot(saying(PLACES + "wireless"));
        boot(saying(PLACES + "nowhere"));
        assertEquals(List.of(PLACES + "wireless"), places());
    }

    /** The app with these resources gets the broadcast. */
    private void boot(Resources resources) {
        new TilePlace().onReceive(new ContextWrapper(mContext) {
            @Override
            public Resources getResources() {
                return resources;
            }
        }, new Intent(Intent.ACTION_LOCKED_BOOT_COMPLETED));
    }

    private Resources overlaid() throws Exception {
        String file = Path.of(System.getProperty("shim.work"), "overlaid.apk").toString();
        Resources own = mContext.getResources();
        return new Resources(
                new AssetManager.Builder().addApkAssets(ApkAssets.loadFromPath(file)).build(),
                own.getDisplayMetrics(), own.getConfiguration());
    }

    private Resources saying(String place) {
        Resources own = mContext.getResources();
        return new Resources(own.getAssets(), own.getDisplayMetrics(), own.getConfiguration()) {
            @Override
            public CharSequence getText(int id) {
                return id == R.string.settings_category ? place : super.getText(id);
            }
        };
    }

    @Test
    public void theLineSaysHowItStandsAndTellsOfEachChange() throws Exception {
        AtomicInteger told = watch();
        assertEquals("Off", line());
        Activity page = page().get();
        settle(told);

        Activity question = disclosure(page);
        question.findViewById(R_TURN_ON).performClick();
        until(() -> told.get() > 0);
        until(() -> line().equals("On, waiting for a code by SMS"));
        until(() -> rows(page).findPreference("code" + SIM) != null);
        settle(told);

        EditTextPreference code = (EditTextPreference) rows(page).findPreference("code" + SIM);
        code.getOnPreferenceChangeListener().onPreferenceChange(code, mBed.code());
        until(() -> told.get() > 0);
        until(() -> line().equals("On"));
        settle(told);

        press(rows(page), "use");
        until(() -> told.get() > 0);
        // The registration lapses later: that is for the page to say.
        assertEquals("Off", line());
        assertEquals("false 0", consent());
    }

    private AtomicInteger watch() {
        AtomicInteger told = new AtomicInteger();
        mContext.getContentResolver().registerContentObserver(uri(), false,
                new ContentObserver(new Handler(Looper.getMainLooper())) {
                    @Override
                    public void onChange(boolean self) {
                        told.incrementAndGet();
                    }
                });
        return told;
    }

    /** Until asking again brings no news. */
    private void settle(AtomicInteger told) throws Exception {
        until(() -> {
            told.set(0);
            line();
            Thread.sleep(200);
            org.robolectric.Shadows.shadowOf(Looper.getMainLooper()).idle();
            return told.get() == 0;
        });
    }

    @Test
    public void theLineCountsWhatTheOwnerSentToday() throws Exception {
        turnOn(page().get());
        assertEquals("On", line());
        // The other phone is registered from now on.
        assertEquals("0", mBed.tell("write"));
        assertEquals(Refusal.NONE, send("first"));
        until(() -> line().equals("On, 1 sent today"));
        assertEquals(Refusal.NONE, send("second"));
        until(() -> line().equals("On, 2 sent today"));
    }

    private int send(String text) throws Exception {
        OutgoingMessage message = new OutgoingMessage();
        message.id = Arrays.copyOf(text.getBytes(StandardCharsets.US_ASCII), ICloudMessaging.ID_BYTES);
        message.subscriptionId = SIM;
        message.recipient = "+15550101";
        message.body = text;
        message.smsDeadlineMillis = System.currentTimeMillis() + 600_000;
        return ICloudMessaging.Stub.asInterface(mBed.messaging()).send(message);
    }

    @Test
    public void todayBeginsAtTheOwnersMidnight() throws Exception {
        turnOn(page().get());
        AtomicInteger from = new AtomicInteger();
        AtomicInteger to = new AtomicInteger();
        AtomicInteger offset = new AtomicInteger();
        serve((method, arguments, real) -> {
            if (!method.getName().equals("ledgerTotals")) {
                return real.call();
            }
            from.set((Integer) arguments[0]);
            to.set((Integer) arguments[1]);
            offset.set((Integer) arguments[2]);
            return new LedgerTotal[] {total(DataClass.UNSPECIFIED, 9), total(DataClass.PHONE_NUMBER, 4),
                total(DataClass.MESSAGE_CONTENT, 3)};
        });
        TimeZone before = TimeZone.getDefault();
        try {
            for (String zone : new String[] {"Pacific/Kiritimati", "Pacific/Pago_Pago", "Asia/Kolkata"}) {
                TimeZone.setDefault(TimeZone.getTimeZone(zone));
                int today;
                do {
                    today = (int) LocalDate.now(ZoneId.of(zone)).toEpochDay();
                    assertEquals("On, 3 sent today", line());
                } while (today != (int) LocalDate.now(ZoneId.of(zone)).toEpochDay());
                assertEquals(today, from.get());
                assertEquals(today + 1, to.get());
                assertEquals(TimeZone.getDefault().getRawOffset() / 60_000, offset.get());
            }
        } finally {
            TimeZone.setDefault(before);
        }
    }

    private static LedgerTotal total(int dataClass, long count) {
        LedgerTotal total = new LedgerTotal();
        total.dataClass = dataClass;
        total.count = count;
        return total;
    }

    @Test
    public void whatHoldsItOffIsInTheLine() throws Exception {
        forbid(true);
        until(() -> line().equals("Not allowed by your organisation"));
        serve((method, arguments, real) -> {
            Object answer = real.call();
            if (answer instanceof ConsentState state) {
                state.durable = false;
            }
            return answer;
        });
        assertEquals("Off, but that is not stored safely yet: after a restart it could be on again. "
                + "Tap to try again.", line());
        RealServices.SERVED.clear();
        assertEquals("Unavailable; nothing is sent", line());
    }

    @Test
    public void whileOffTheLineStartsTheServiceOnce() throws Exception {
        assertEquals("Off", line());
        // It has ended by now: nobody is on.
        RealServices.WAITED.clear();
        assertEquals("Off", line());
        assertEquals("Off", line());
        assertEquals(java.util.Map.of(), RealServices.WAITED);
    }

    @Test
    public void aServiceThatDoesNotAnswerHoldsNobodyUpAndIsNotSaidToSendNothing() throws Exception {
        CountDownLatch hangs = new CountDownLatch(1);
        serve((method, arguments, real) -> {
            if (method.getName().equals("state")) {
                hangs.await();
            }
            return real.call();
        });
        AtomicInteger told = watch();
        assertEquals("Checking…", line());
        hangs.countDown();
        until(() -> told.get() > 0);
        assertEquals("Off", line());
    }
}
