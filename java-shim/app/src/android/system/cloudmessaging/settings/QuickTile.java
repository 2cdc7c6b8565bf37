// SPDX-License-Identifier: Apache-2.0
package android.system.cloudmessaging.settings;

import android.app.PendingIntent;
import android.content.Intent;
import android.service.quicksettings.Tile;
import android.service.quicksettings.TileService;
import android.system.cloudmessaging.ConsentState;

/**
 * Turns off from Quick Settings, and never on (P7): while off, it leads to the page, which asks. Turning off needs no unlocked
 * phone. It reveals nothing, what is under way goes by SMS, and a stranger with the phone in hand could as well switch it
 * off altogether; but an owner in a hurry must not be held up.
 */
public final class QuickTile extends TileService implements Known.Watcher {
    /** While Quick Settings are open. */
    private Gate mGate;

    @Override
    public void onStartListening() {
        mGate = new Gate(this, getMainExecutor(), this::look);
        Known.watch(this);
        if (Known.kind() == Known.Kind.OFF && !Gate.isRunning()) {
            show(Tile.STATE_INACTIVE, getString(R.string.off));
        } else {
            look();
        }
    }

    @Override
    public void onStopListening() {
        Known.unwatch(this);
        if (mGate != null) {
            mGate.close();
            mGate = null;
        }
    }

    @Override
    public void seen(ConsentState state) {
        getMainExecutor().execute(() -> show(state));
    }

    @Override
    public void onClick() {
        if (getQsTile().getState() == Tile.STATE_ACTIVE && mGate != null) {
            boolean erase = PageFragment.erases(this);
            mGate.withdraw(erase, withdrawal -> look(), code -> look());
        } else {
            startActivityAndCollapse(
                    PendingIntent.getActivity(
                            this,
                            0,
                            new Intent(this, CloudMessagingActivity.class)
                                    .addFlags(Intent.FLAG_ACTIVITY_NEW_TASK),
                            PendingIntent.FLAG_IMMUTABLE));
        }
    }

    private void look() {
        if (mGate != null) {
            // The answer comes by way of what is seen.
            mGate.ask(Gate.STATE, state -> {}, code -> {});
        }
    }

    private void show(ConsentState state) {
        // While a policy forbids it, it can still be turned off for good.
        boolean forbidden = state != null && !state.on && Words.forbidden(state);
        show(
                state == null || forbidden
                        ? Tile.STATE_UNAVAILABLE
                        : state.on ? Tile.STATE_ACTIVE : Tile.STATE_INACTIVE,
                Summary.of(this, state));
    }

    private void show(int state, String summary) {
        Tile tile = getQsTile();
        if (tile != null) {
            tile.setState(state);
            tile.setLabel(getString(R.string.title));
            tile.setSubtitle(summary);
            tile.updateTile();
        }
    }
}
