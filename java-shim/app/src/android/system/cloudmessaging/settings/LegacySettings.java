// SPDX-License-Identifier: Apache-2.0
package android.system.cloudmessaging.settings;

import android.content.ContentResolver;
import android.content.Context;
import android.provider.Settings;
import android.system.cloudmessaging.ICloudMessagingPlatform;
import android.system.cloudmessaging.LegacySetting;

/** What an earlier service left in the phone's settings. Read once, on the gate's question, and nothing but what it names. */
final class LegacySettings {
    private LegacySettings() {}

    /** The same, each with its value. */
    static LegacySetting[] read(Context context, int user, LegacySetting[] wanted) {
        for (LegacySetting setting : wanted) {
            String value = read(context.getContentResolver(), user, setting);
            int most = ICloudMessagingPlatform.MAX_LEGACY_CHARS;
            setting.value =
                    value == null || value.length() <= most ? value : value.substring(0, most);
        }
        return wanted;
    }

    private static String read(ContentResolver resolver, int user, LegacySetting setting) {
        return switch (setting.table) {
            case "global" -> Settings.Global.getString(resolver, setting.key);
            case "secure" -> Settings.Secure.getStringForUser(resolver, setting.key, user);
            case "system" -> Settings.System.getStringForUser(resolver, setting.key, user);
            default -> null;
        };
    }
}
