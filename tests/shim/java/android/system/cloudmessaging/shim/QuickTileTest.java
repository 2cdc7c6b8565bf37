// SPDX-License-Identifier: Apache-2.0
package android.system.cloudmessaging.shim;

import static org.junit.Assert.assertEquals;
import static org.junit.Assert.assertNull;
import static org.junit.Assert.assertTrue;
import static org.robolectric.Shadows.shadowOf;

import android.app.Activity;
import android.app.KeyguardManager;
import android.app.PendingIntent;
import android.os.Looper;
import android.service.quicksettings.IQSService;
import android.service.quicksettings.Tile;
import android.service.quicksettings.TileService;
import android.system.cloudmessaging.settings.CloudMessagingActivity;
import android.system.cloudmessaging.settings.QuickTile;
import java.lang.reflect.Field;
import java.lang.reflect.Proxy;
import java.util.Map;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.Test;
import org.robolectric.Robolectric;

/** The tile in Quick Settings, which can only turn off. */
@SuppressWarnings("deprecation") // The page is made of it.
public final class QuickTileTest extends EntryCase {
    private final AtomicReference<PendingIntent> mOpened = new AtomicReference<>();

    /** A tile with SystemUI behind it, of which only one thing is asked: to open something. */
    private QuickTile tile() throws Exception {
        QuickTile tile = Robolectric.buildService(QuickTile.class).create().get();
        Field systemUi = TileService.class.getDeclaredField("mService");
        systemUi.setAccessible(true);
        systemUi.set(tile, Proxy.newProxyInstance(QuickTileTest.class.getClassLoader(),
                new Class<?>[] {IQSService.class}, (self, method, arguments) -> {
                    assertEquals("startActivity", method.getName());
                    mOpened.set((PendingIntent) arguments[1]);
                    return null;
                }));
        return tile;
    }

    private static void shows(QuickTile tile, int state, String line) throws Exception {
        until(() -> tile.getQsTile().getState() == state
                && line.contentEquals(String.valueOf(tile.getQsTile().getSubtitle())));
        assertEquals("Cloud Messaging", String.valueOf(tile.getQsTile().getLabel()));
    }

    private static void locked(KeyguardManager keyguard, boolean locked) {
        shadowOf(keyguard).setIsDeviceSecure(locked);
        shadowOf(keyguard).setKeyguardLocked(locked);
        shadowOf(keyguard).setIsDeviceLocked(locked);
    }

    @Test
    public void whileOffATapOpensThePageAndTurnsNothingOn() throws Exception {
        QuickTile tile = tile();
        tile.onStartListening();
        shows(tile, Tile.STATE_INACTIVE, "Off");
        tile.onClick();
        assertEquals(CloudMessagingActivity.class.getName(),
                shadowOf(mOpened.get()).getSavedIntent().getComponent().getClassName());
        assertTrue(mOpened.get().isImmutable());
        // What the tap may have begun has ended when this is answered.
        Activity page = page().get();
        assertEquals("Off", state(page));
        assertEquals("false 0", consent());
    }

    @Test
    public void whileOnATapTurnsOffAtOnceAlsoOnTheLockScreen() throws Exception {
        turnOn(page().get());
        QuickTile tile = tile();
        tile.onStartListening();
        shows(tile, Tile.STATE_ACTIVE, "On");
        locked(mContext.getSystemService(KeyguardManager.class), true);
        tile.onClick();
        until(() -> consent().equals("false 0"));
        until(() -> tile.getQsTile().getState() == Tile.STATE_INACTIVE);
        assertNull("something was opened", mOpened.get());
    }

    @Test
    public void itErasesTooIfTheOwnerHasChosenThat() throws Exception {
        Activity page = page().get();
        turnOn(page);
        choice(rows(page), "erase").setChecked(true);
        AtomicReference<Object> erase = new AtomicReference<>();
        serve((method, arguments, real) -> {
            if (method.getName().equals("withdraw")) {
                erase.set(arguments[0]);
            }
            return real.call();
        });
        QuickTile tile = tile();
        tile.onStartListening();
        shows(tile, Tile.STATE_ACTIVE, "On");
        tile.onClick();
        until(() -> consent().equals("false 0"));
        assertEquals(true, erase.get());
    }

    @Test
    public void whatHoldsItBackIsSaid() throws Exception {
        forbid(true);
        QuickTile tile = tile();
        tile.onStartListening();
        shows(tile, Tile.STATE_UNAVAILABLE, "Not allowed by your organisation");
        tile.onStopListening();
        RealServices.SERVED.clear();
        tile.onStartListening();
        shows(tile, Tile.STATE_UNAVAILABLE, "Unavailable; nothing is sent");
        tile.onStopListening();
    }

    @Test
    public void itDoesNothingUnlessItIsLookedAtAndStartsNoServiceToSeeItOff() throws Exception {
        QuickTile tile = tile();
        tile.onStartListening();
        shows(tile, Tile.STATE_INACTIVE, "Off");
        tile.onStopListening();
        RealServices.WAITED.clear();
        tile.onStartListening();
        shows(tile, Tile.STATE_INACTIVE, "Off");
        tile.onStopListening();
        assertEquals(Map.of(), RealServices.WAITED);
        turnOn(page().get());
        shadowOf(Looper.getMainLooper()).idle();
        assertEquals(Tile.STATE_INACTIVE, tile.getQsTile().getState());
        tile.onStartListening();
        shows(tile, Tile.STATE_ACTIVE, "On");
    }
}
