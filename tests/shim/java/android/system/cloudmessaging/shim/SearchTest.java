// SPDX-License-Identifier: Apache-2.0
package android.system.cloudmessaging.shim;

import static org.junit.Assert.assertEquals;
import static org.junit.Assert.assertTrue;

import android.app.Activity;
import android.content.ComponentName;
import android.content.Intent;
import android.content.pm.PackageManager;
import android.content.pm.ProviderInfo;
import android.content.pm.ResolveInfo;
import android.database.Cursor;
import android.net.Uri;
import android.provider.SearchIndexablesContract;
import android.provider.SearchIndexablesContract.NonIndexableKey;
import android.provider.SearchIndexablesContract.RawData;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.junit.Test;

/** The search in Settings finds the page and its rows: asked as SettingsIntelligence asks. */
@SuppressWarnings("deprecation") // The page is made of it.
public final class SearchTest extends EntryCase {
    private Cursor ask(String path) {
        List<ResolveInfo> providers = mContext.getPackageManager().queryIntentContentProviders(
                new Intent(SearchIndexablesContract.PROVIDER_INTERFACE), PackageManager.GET_META_DATA);
        assertEquals(1, providers.size());
        ProviderInfo provider = providers.get(0).providerInfo;
        assertEquals("android.permission.READ_SEARCH_INDEXABLES", provider.readPermission);
        return mContext.getContentResolver().query(
                Uri.parse("content://" + provider.authority + "/" + path), null, null, null, null);
    }

    private static String at(Cursor row, String column) {
        return row.getString(row.getColumnIndexOrThrow(column));
    }

    /** Keys and titles of what is found. */
    private Map<String, String> found() {
        Map<String, String> titles = new TreeMap<>();
        try (Cursor row = ask(SearchIndexablesContract.INDEXABLES_RAW_PATH)) {
            while (row.moveToNext()) {
                titles.put(at(row, RawData.COLUMN_KEY), at(row, RawData.COLUMN_TITLE));
            }
        }
        try (Cursor row = ask(SearchIndexablesContract.NON_INDEXABLES_KEYS_PATH)) {
            while (row.moveToNext()) {
                titles.remove(at(row, NonIndexableKey.COLUMN_KEY_VALUE));
            }
        }
        return titles;
    }

    /** What is found are rows that the page shows, under the titles that they have there. */
    private void isShown(Activity page, String... keys) {
        Map<String, String> titles = found();
        assertEquals("Cloud Messaging", titles.remove("page"));
        assertEquals(Set.of(keys), titles.keySet());
        titles.forEach((key, title) ->
                assertEquals(title, String.valueOf(rows(page).findPreference(key).getTitle())));
    }

    @Test
    public void whatIsFoundIsWhatThePageShows() throws Exception {
        Activity page = page().get();
        isShown(page, "use", "sent");
        turnOn(page);
        isShown(page, "use", "sent", "erase", "imsi", "imei", "preview", "receipt");
        mBed.tell("kill");
        until(() -> state(page).equals("Unavailable; nothing is sent"));
        isShown(page, "use");
    }

    @Test
    public void eachIsFoundByTheWordsOfWhoLooksForItAndOpensThePage() throws Exception {
        try (Cursor row = ask(SearchIndexablesContract.INDEXABLES_RAW_PATH)) {
            assertTrue(row.getCount() > 0);
            while (row.moveToNext()) {
                Set<String> words = new TreeSet<>(
                        List.of(at(row, RawData.COLUMN_KEYWORDS).split(", ")));
                assertTrue(words.toString(), words.containsAll(Set.of("SMS", "text messages", "privacy")));
                assertTrue(at(row, RawData.COLUMN_SUMMARY_ON).length() > 0);
                assertEquals("Cloud Messaging", at(row, RawData.COLUMN_SCREEN_TITLE));
                Intent intent = new Intent(at(row, RawData.COLUMN_INTENT_ACTION));
                ResolveInfo opened = mContext.getPackageManager().resolveActivity(
                        new Intent(intent).setPackage(mContext.getPackageName())
                                .addCategory(Intent.CATEGORY_DEFAULT), 0);
                assertEquals(new ComponentName(at(row, RawData.COLUMN_INTENT_TARGET_PACKAGE),
                                at(row, RawData.COLUMN_INTENT_TARGET_CLASS)),
                        opened.getComponentInfo().getComponentName());
            }
        }
        // By way of the tile, Settings would find it a second time.
        assertEquals(false, tiles().get(0).activityInfo.metaData
                .getBoolean("com.android.settings.searchable", true));
    }

    @Test
    public void searchingStartsNothing() throws Exception {
        RealServices.WAITED.clear();
        found();
        assertEquals(Map.of(), RealServices.WAITED);
    }
}
