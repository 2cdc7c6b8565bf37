// SPDX-License-Identifier: Apache-2.0
package android.system.cloudmessaging.settings;

import android.content.Context;
import android.preference.PreferenceCategory;
import android.preference.PreferenceGroup;
import android.preference.PreferenceScreen;
import android.text.format.DateFormat;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneId;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.time.format.FormatStyle;
import java.util.HashSet;
import java.util.Set;

/** The entries of a page, newest first, by day. */
@SuppressWarnings("deprecation") // RowsFragment says why.
final class SentRows {
    /** Adds a row of text. */
    interface Adding {
        void add(PreferenceGroup group, String title, String text);
    }

    private final Context mContext;
    private final Adding mRows;
    private final EntryWords mWords;
    private PreferenceGroup mGroup;
    private LocalDate mDay;

    SentRows(Context context, Adding rows) {
        mContext = context;
        mRows = rows;
        mWords = new EntryWords(context);
    }

    /** That instant, where the owner is. */
    static ZonedDateTime at(long millis) {
        return Instant.ofEpochMilli(millis).atZone(ZoneId.systemDefault());
    }

    /** That instant's time, in 24 or 12 hours as the owner has it. */
    static String time(Context context, long millis) {
        return DateFormat.getTimeFormat(context).format(millis);
    }

    /** Adds all of them. Gives back the position of the oldest. */
    long show(PreferenceScreen screen, LedgerStatement statement) {
        long oldest = 0;
        int erased = 0;
        Set<String> told = messages(statement);
        for (LedgerStatement.Entry entry : statement.getEntries()) {
            oldest = entry.getPosition();
            if (entry.getEvent().equals("erased")) {
                erased++;
                continue;
            }
            erased(screen, erased);
            erased = 0;
            // What the message's own row says already.
            if (!(entry.getEvent().equals("outcome") && told.contains(entry.getMessage()))) {
                row(screen, entry);
            }
        }
        erased(screen, erased);
        return oldest;
    }

    /** The messages whose rows are on this page. */
    private static Set<String> messages(LedgerStatement statement) {
        Set<String> messages = new HashSet<>();
        for (LedgerStatement.Entry entry : statement.getEntries()) {
            if (entry.getEvent().equals("intent") && entry.getEnding() != 0) {
                messages.add(entry.getMessage());
            }
        }
        return messages;
    }

    private void row(PreferenceScreen screen, LedgerStatement.Entry entry) {
        String title = mWords.title(entry);
        if (entry.getWallMillis() == 0) {
            mRows.add(group(screen), title, mWords.details(entry));
            return;
        }
        ZonedDateTime at = at(entry.getWallMillis());
        if (!at.toLocalDate().equals(mDay)) {
            mDay = at.toLocalDate();
            mGroup = category(
                    screen, DateTimeFormatter.ofLocalizedDate(FormatStyle.FULL).format(mDay));
        }
        mRows.add(mGroup,
                mContext.getString(R.string.row, time(mContext, entry.getWallMillis()), title),
                mWords.details(entry));
    }

    /** Erased entries say nothing of themselves, not even when they were written. */
    private void erased(PreferenceScreen screen, int count) {
        if (count > 0) {
            mRows.add(group(screen),
                    mContext.getResources().getQuantityString(R.plurals.event_erased, count, count),
                    mContext.getString(R.string.event_erased_summary));
        }
    }

    /** For what has no date: below that of what came after it. */
    private PreferenceGroup group(PreferenceScreen screen) {
        if (mGroup == null) {
            mGroup = category(screen, mContext.getString(R.string.undated));
        }
        return mGroup;
    }

    private PreferenceCategory category(PreferenceScreen screen, String title) {
        PreferenceCategory category = new PreferenceCategory(mContext);
        category.setTitle(title);
        screen.addPreference(category);
        return category;
    }
}
