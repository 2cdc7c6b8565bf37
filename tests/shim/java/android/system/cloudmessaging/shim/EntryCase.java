// SPDX-License-Identifier: Apache-2.0
package android.system.cloudmessaging.shim;

import android.content.Intent;
import android.content.pm.PackageManager;
import android.content.pm.ResolveInfo;
import android.net.Uri;
import android.os.Bundle;
import android.os.UserManager;
import java.util.List;
import org.robolectric.Shadows;

/** What leads to the page, as the platform's own apps go about it. */
public abstract class EntryCase extends PageCase {
    static final String SETTINGS = "com.android.settings.";

    /** As SettingsLib finds tiles. */
    List<ResolveInfo> tiles() {
        return mContext.getPackageManager().queryIntentActivities(
                new Intent(SETTINGS + "action.IA_SETTINGS"), PackageManager.GET_META_DATA);
    }

    Uri uri() {
        return Uri.parse(tiles().get(0).activityInfo.metaData.getString(SETTINGS + "summary_uri"));
    }

    /** As SettingsLib asks for a line: by the URI that the tile names. */
    String line() {
        Uri uri = uri();
        return mContext.getContentResolver()
                .call(uri, uri.getPathSegments().get(0), uri.toString(), null)
                .getString(SETTINGS + "summary");
    }

    void forbid(boolean forbidden) {
        Bundle restrictions = new Bundle();
        restrictions.putBoolean("cloud_messaging_allowed", !forbidden);
        Shadows.shadowOf(mContext.getSystemService(UserManager.class))
                .setApplicationRestrictions(mContext.getPackageName(), restrictions);
    }
}
