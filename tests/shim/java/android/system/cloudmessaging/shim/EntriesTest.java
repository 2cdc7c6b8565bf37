// SPDX-License-Identifier: Apache-2.0
package android.system.cloudmessaging.shim;

import static org.junit.Assert.assertEquals;
import static org.junit.Assert.assertFalse;
import static org.robolectric.Shadows.shadowOf;

import android.app.Activity;
import android.content.ContextWrapper;
import android.content.Intent;
import android.content.pm.PackageManager;
import android.content.pm.ResolveInfo;
import android.content.res.ApkAssets;
import android.content.res.AssetManager;
import android.content.res.Resources;
import android.database.ContentObserver;
import android.net.Uri;
import android.os.Handler;
import android.os.Looper;
import android.system.cloudmessaging.settings.CloudMessagingActivity;
import android.system.cloudmessaging.settings.R;
import android.system.cloudmessaging.settings.TilePlace;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.Test;

/** The ways to the page: the tile in Settings and its line. */
public final class EntriesTest extends PageCase {
    private static final String SETTINGS = "com.android.settings.";
    private static final String PLACES = SETTINGS + "category.ia.";

    /** As SettingsLib finds tiles. */
    private List<ResolveInfo> tiles() {
        return mContext.getPackageManager().queryIntentActivities(
                new Intent(SETTINGS + "action.IA_SETTINGS"), PackageManager.GET_META_DATA);
    }

    private List<String> places() {
        return tiles().stream()
                .map(tile -> tile.activityInfo.metaData.getString(SETTINGS + "category"))
                .toList();
    }

    /** As SettingsLib asks for a line: by the URI that the tile names. */
    private String line() {
        Uri line = Uri.parse(tiles().get(0).activityInfo.metaData.getString(SETTINGS + "summary_uri"));
        return mContext.getContentResolver()
                .call(line, line.getPathSegments().get(0), line.toString(), null)
                .getString(SETTINGS + "summary");
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

    @SuppressWarnings("deprecation") // Resources of other assets.
    private Resources overlaid() throws Exception {
        String file = Path.of(System.getProperty("shim.work"), "overlaid.apk").toString();
        Resources own = mContext.getResources();
        return new Resources(
                new AssetManager.Builder().addApkAssets(ApkAssets.loadFromPath(file)).build(),
                own.getDisplayMetrics(), own.getConfiguration());
    }

    @SuppressWarnings("deprecation") // Resources of the same assets, but for the one string.
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
        assertEquals(0, told.get());

        Activity page = page().get();
        turnOn(page);
        until(() -> told.get() > 0);
        until(() -> line().equals("On"));
        assertFalse(mBed.tell("write").isEmpty());
        settle(told);

        press(rows(page), "use");
        until(() -> state(page).startsWith("Off."));
        until(() -> told.get() > 0);
        assertEquals("Off", line());
    }

    /** No more news on their way. */
    private void settle(AtomicInteger told) throws Exception {
        until(() -> {
            int before = told.getAndSet(0);
            line();
            shadowOf(Looper.getMainLooper()).idle();
            return before == 0 && told.get() == 0;
        });
    }

    private AtomicInteger watch() {
        AtomicInteger told = new AtomicInteger();
        Uri line = Uri.parse(tiles().get(0).activityInfo.metaData.getString(SETTINGS + "summary_uri"));
        mContext.getContentResolver().registerContentObserver(line, false,
                new ContentObserver(new Handler(Looper.getMainLooper())) {
                    @Override
                    public void onChange(boolean self) {
                        told.incrementAndGet();
                    }
                });
        return told;
    }
}
