// SPDX-License-Identifier: Apache-2.0
package android.system.cloudmessaging.settings;

import android.content.BroadcastReceiver;
import android.content.ComponentName;
import android.content.Context;
import android.content.Intent;
import android.content.pm.ActivityInfo;
import android.content.pm.PackageManager;
import android.util.Log;
import java.util.List;

/**
 * Where Settings shows the tile. The manifest has one for each place, and the product's overlay chooses. That is done here and at
 * each boot: what a manifest names is read from the app's own resources, overlays not counted, when it is installed.
 */
public final class TilePlace extends BroadcastReceiver {
    /** By this Settings finds tiles, and by that it places them. */
    private static final String TILE = "com.android.settings.action.IA_SETTINGS";
    private static final String CATEGORY = "com.android.settings.category";
    private static final String TAG = "CloudMessaging";

    @Override
    public void onReceive(Context context, Intent intent) {
        choose(context, context.getString(R.string.settings_category));
    }

    private static void choose(Context context, String category) {
        PackageManager packages = context.getPackageManager();
        List<ActivityInfo> tiles =
                packages
                        .queryIntentActivities(
                                new Intent(TILE).setPackage(context.getPackageName()),
                                PackageManager.GET_META_DATA
                                        | PackageManager.MATCH_DISABLED_COMPONENTS)
                        .stream()
                        .map(tile -> tile.activityInfo)
                        .toList();
        if (tiles.stream().noneMatch(tile -> category.equals(place(tile)))) {
            Log.e(TAG, "Settings has no place for us at " + category + ": the tile stays where it is");
            return;
        }
        for (ActivityInfo tile : tiles) {
            packages.setComponentEnabledSetting(
                    new ComponentName(tile.packageName, tile.name),
                    category.equals(place(tile))
                            ? PackageManager.COMPONENT_ENABLED_STATE_ENABLED
                            : PackageManager.COMPONENT_ENABLED_STATE_DISABLED,
                    PackageManager.DONT_KILL_APP);
        }
    }

    private static String place(ActivityInfo tile) {
        return tile.metaData.getString(CATEGORY);
    }
}
