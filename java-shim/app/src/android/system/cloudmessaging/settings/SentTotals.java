// SPDX-License-Identifier: Apache-2.0
package android.system.cloudmessaging.settings;

import android.content.Context;
import android.text.format.Formatter;
import java.time.LocalDate;
import java.time.format.DateTimeFormatter;
import java.time.format.FormatStyle;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** How much was sent: what the verifier counted for each day, put together, and in words. */
final class SentTotals {
    private static final int ALL = 0;

    private final Context mContext;
    private final Sent mSent;

    SentTotals(Context context, Sent sent) {
        mContext = context;
        mSent = sent;
    }

    private record Sum(long count, long connections, long bytes) {
        Sum and(Sum other) {
            return new Sum(
                    count + other.count, connections + other.connections, bytes + other.bytes);
        }
    }

    /** In the last so many days, today among them; `whole`: line by line, of which classes. */
    String words(int days, boolean whole) {
        Map<Integer, Sum> sums = new TreeMap<>();
        for (LedgerStatement.Total total : mSent.statement().getTotals()) {
            if (total.getDay() >= Sent.DAYS - days) {
                sums.merge(total.getDataClass(),
                        new Sum(total.getCount(), total.getConnections(), total.getBytes()),
                        Sum::and);
            }
        }
        Sum all = sums.remove(ALL);
        if (all == null) {
            return mContext.getString(R.string.totals_nothing);
        }
        List<String> lines = new ArrayList<>();
        lines.add(mContext.getString(R.string.totals_bytes,
                many(R.plurals.totals_transmissions, all.count() - all.connections()),
                bytes(all.bytes()),
                many(R.plurals.totals_connections, all.connections())));
        if (whole) {
            sums.forEach((dataClass, sum) -> lines.add(words(dataClass, sum)));
        } else {
            lines.add(mContext.getString(R.string.totals_more));
        }
        return String.join("\n", lines);
    }

    private String words(int dataClass, Sum sum) {
        String name = mContext.getString(EntryWords.dataClass(dataClass));
        String times = Refusals.times(mContext, sum.count());
        return sum.bytes() == 0
                ? mContext.getString(R.string.totals_class_times, name, times)
                : mContext.getString(R.string.totals_class, name, times, bytes(sum.bytes()));
    }

    /** Day by day, oldest first. */
    BytesChart.Days chart() {
        long[] bytes = new long[Sent.DAYS];
        for (LedgerStatement.Total total : mSent.statement().getTotals()) {
            if (total.getDataClass() == ALL) {
                bytes[total.getDay()] = total.getBytes();
            }
        }
        DateTimeFormatter date = DateTimeFormatter.ofLocalizedDate(FormatStyle.MEDIUM);
        return new BytesChart.Days(bytes, mSent.statement().getDaysOn(),
                date.format(mSent.first()), date.format(day(Sent.DAYS - 1)));
    }

    /** The same, for who hears it. */
    String chartWords() {
        BytesChart.Days days = chart();
        List<String> said = new ArrayList<>();
        said.add(mContext.getString(R.string.chart, days.mFirst, days.mLast) + ".");
        DateTimeFormatter date = DateTimeFormatter.ofLocalizedDate(FormatStyle.LONG);
        int on = 0;
        for (int day = 0; day < Sent.DAYS; day++) {
            on += days.mOn[day] ? 1 : 0;
            if (days.mBytes[day] > 0) {
                said.add(mContext.getString(R.string.chart_day, date.format(day(day)),
                        bytes(days.mBytes[day])));
            }
        }
        if (said.size() <= Sent.DAYS) {
            said.add(mContext.getString(
                    said.size() == 1 ? R.string.chart_nothing : R.string.chart_rest));
        }
        said.add(on == 0 ? mContext.getString(R.string.chart_off) : many(R.plurals.chart_on, on));
        return String.join(" ", said);
    }

    private LocalDate day(int day) {
        return mSent.first().plusDays(day);
    }

    private String bytes(long bytes) {
        return Formatter.formatShortFileSize(mContext, bytes);
    }

    private String many(int plural, long count) {
        return mContext.getResources().getQuantityString(
                plural, (int) Math.min(count, Integer.MAX_VALUE), count);
    }
}
