// SPDX-License-Identifier: Apache-2.0
package android.system.cloudmessaging.settings;

import android.database.Cursor;
import android.database.MatrixCursor;
import android.provider.SearchIndexablesContract;
import android.provider.SearchIndexablesContract.NonIndexableKey;
import android.provider.SearchIndexablesContract.RawData;
import android.provider.SearchIndexablesProvider;

/** What the search in Settings finds of us: the page, and rows of it. It asks nobody, and so it starts nothing. */
public final class SearchProvider extends SearchIndexablesProvider {
    /** One that can be found. Its key is that of the row on the page. */
    private record Row(String key, int title, int summary, int keywords) {}

    private static final Row[] ROWS = {
        new Row("page", R.string.title, R.string.use_summary, R.string.search_keywords),
        new Row("use", R.string.use, R.string.use_summary, R.string.search_keywords),
        new Row("sent", R.string.sent, R.string.sent_summary, R.string.search_sent_keywords),
        new Row("erase", R.string.erase, R.string.erase_summary, R.string.search_keywords),
        new Row("imsi", R.string.imsi, R.string.allowed, R.string.search_keywords),
        new Row("imei", R.string.imei, R.string.allowed, R.string.search_keywords),
        new Row("preview", R.string.preview, R.string.allowed, R.string.search_sent_keywords),
        new Row("receipt", R.string.receipt, R.string.receipt_summary, R.string.search_keywords),
    };

    @Override
    public boolean onCreate() {
        return true;
    }

    @Override
    public Cursor queryXmlResources(String[] columns) {
        return new MatrixCursor(SearchIndexablesContract.INDEXABLES_XML_RES_COLUMNS);
    }

    @Override
    public Cursor queryRawData(String[] columns) {
        MatrixCursor found = new MatrixCursor(SearchIndexablesContract.INDEXABLES_RAW_COLUMNS);
        for (Row row : ROWS) {
            found.newRow()
                    .add(RawData.COLUMN_KEY, row.key)
                    .add(RawData.COLUMN_TITLE, getContext().getString(row.title))
                    .add(RawData.COLUMN_SUMMARY_ON, getContext().getString(row.summary))
                    .add(RawData.COLUMN_KEYWORDS, getContext().getString(row.keywords))
                    .add(RawData.COLUMN_SCREEN_TITLE, getContext().getString(R.string.title))
                    .add(RawData.COLUMN_ICON_RESID, R.drawable.ic_cloud_messaging)
                    .add(RawData.COLUMN_CLASS_NAME, CloudMessagingActivity.class.getName())
                    .add(RawData.COLUMN_INTENT_ACTION, CloudMessagingActivity.ACTION)
                    .add(RawData.COLUMN_INTENT_TARGET_PACKAGE, getContext().getPackageName())
                    .add(RawData.COLUMN_INTENT_TARGET_CLASS, CloudMessagingActivity.class.getName());
        }
        return found;
    }

    private static final String[] ONLY_WHILE_ON = {"erase", "imsi", "imei", "preview", "receipt"};

    /** Rows that the page does not show as it is now. */
    @Override
    public Cursor queryNonIndexableKeys(String[] columns) {
        MatrixCursor hidden = new MatrixCursor(SearchIndexablesContract.NON_INDEXABLES_KEYS_COLUMNS);
        Known.Kind kind = Known.kind();
        if (kind == Known.Kind.UNAVAILABLE) {
            hidden.newRow().add(NonIndexableKey.COLUMN_KEY_VALUE, "sent");
        }
        if (kind != Known.Kind.ON) {
            for (String key : ONLY_WHILE_ON) {
                hidden.newRow().add(NonIndexableKey.COLUMN_KEY_VALUE, key);
            }
        }
        return hidden;
    }
}
