// SPDX-License-Identifier: Apache-2.0
package android.system.cloudmessaging.settings;

import android.content.Context;
import android.os.Bundle;
import android.os.Parcelable;
import android.preference.Preference;
import android.preference.PreferenceCategory;
import android.preference.PreferenceGroup;
import android.preference.PreferenceScreen;
import android.system.cloudmessaging.ErrorCode;
import android.view.View;
import android.widget.ListView;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.Set;

/**
 * The ledger, as many entries at a time as fit in a small memory; above the newest of them, whether it was changed, how
 * much was sent, and what was refused. Of one that was changed nothing is shown but that.
 */
@SuppressWarnings("deprecation") // RowsFragment says why.
public final class SentFragment extends RowsFragment {
    private static final String BEFORE = "before";
    private static final String PLACE = "place";
    private static final String WHOLE = "whole";
    private static final long NEWEST = -1;

    private Preference mShare;
    private Preference mErase;
    /** Only entries at a lower position are shown. */
    private long mBefore = NEWEST;
    /** Where the list stood when the page was left; null if nowhere yet. */
    private Parcelable mPlace;
    /** Keys of the totals that are shown whole. */
    private final Set<String> mWhole = new HashSet<>();
    /** The one reading whose answer is wanted. */
    private int mReading;

    @Override
    public void onCreate(Bundle saved) {
        super.onCreate(saved);
        mShare = new QuestionPreference(
                getContext(), R.string.share_question, R.string.share_text, R.string.share,
                () -> startActivity(SentExport.share(getContext())));
        mShare.setKey("share");
        mShare.setTitle(R.string.share);
        mShare.setSummary(R.string.share_summary);
        mErase = new QuestionPreference(
                getContext(), R.string.erase_history_question, R.string.erase_history_text,
                R.string.erase_history_yes, this::erase);
        mErase.setKey("erase");
        mErase.setTitle(R.string.erase_history);
        mErase.setSummary(R.string.erase_history_summary);
        if (saved != null) {
            mBefore = saved.getLong(BEFORE);
            mPlace = saved.getParcelable(PLACE, Parcelable.class);
            mWhole.addAll(saved.getStringArrayList(WHOLE));
        }
        // Here already, so that a question that is open when the phone is turned is open afterwards.
        addText(getPreferenceScreen(), null, getString(R.string.sent_reading));
        add(getPreferenceScreen(), mShare);
        add(getPreferenceScreen(), mErase);
    }

    @Override
    public void onStop() {
        // It is read again when it is shown again.
        mReading++;
        super.onStop();
    }

    @Override
    public void onSaveInstanceState(Bundle saved) {
        super.onSaveInstanceState(saved);
        saved.putLong(BEFORE, mBefore);
        saved.putStringArrayList(WHOLE, new ArrayList<>(mWhole));
        ListView list = list();
        saved.putParcelable(PLACE, list == null ? mPlace : list.onSaveInstanceState());
    }

    private ListView list() {
        return getView() == null ? null : getView().findViewById(android.R.id.list);
    }

    @Override
    void refresh() {
        Context context = getContext().getApplicationContext();
        int reading = ++mReading;
        ask(
                gate -> gate,
                gate -> SentReading.start(
                        context, gate, mBefore, getContext().getMainExecutor(),
                        sent -> {
                            if (reading == mReading) {
                                show(sent);
                            }
                        },
                        code -> {
                            if (reading == mReading) {
                                failed(code);
                            }
                        }),
                this::failed);
    }

    private void failed(int code) {
        say(code == Gate.UNAVAILABLE ? R.string.unavailable : R.string.sent_not_now);
    }

    private void show(Sent sent) {
        PreferenceScreen screen = getPreferenceScreen();
        screen.removeAll();
        Verdict.Said verdict = Verdict.of(getContext(), sent);
        addText(screen, verdict.title(), verdict.text());
        if (sent.statement() == null) {
            if (sent.damage() != null) {
                // As it is, for somebody to look at.
                add(screen, mShare);
            }
            return;
        }
        if (mBefore == NEWEST) {
            totals(sent);
            add(screen, mShare);
            add(screen, mErase);
            refused(sent.statement());
        } else {
            long newer = mBefore + Sent.SHOWN;
            add(screen, page("newer", R.string.newer,
                    newer < sent.statement().getLedger().getSize() ? newer : NEWEST));
        }
        long oldest = new SentRows(getContext(), this::addText).show(screen, sent.statement());
        if (oldest > 0) {
            add(screen, page("older", R.string.older, oldest));
        }
        if (mPlace != null && list() != null) {
            // The rows are in the list when what was posted before this is done.
            Parcelable place = mPlace;
            list().post(() -> list().onRestoreInstanceState(place));
        }
        mPlace = null;
    }

    private void totals(Sent sent) {
        SentTotals totals = new SentTotals(getContext(), sent);
        PreferenceCategory category = category(R.string.totals);
        add(category, new ChartPreference(getContext(), totals.chart(), totals.chartWords()));
        total(category, "today", R.string.totals_today, totals, 1);
        total(category, "week", R.string.totals_week, totals, 7);
        total(category, "month", R.string.totals_month, totals, Sent.DAYS);
    }

    /** A row that says more when it is pressed. */
    private void total(
            PreferenceGroup group, String key, int title, SentTotals totals, int days) {
        TextPreference row = new TextPreference(getContext());
        row.setKey(key);
        row.setTitle(title);
        row.setSummary(totals.words(days, mWhole.contains(key)));
        row.setSelectable(true);
        row.setOnPreferenceClickListener(
                pressed -> {
                    if (!mWhole.remove(key)) {
                        mWhole.add(key);
                    }
                    row.setSummary(totals.words(days, mWhole.contains(key)));
                    return true;
                });
        add(group, row);
    }

    private void refused(LedgerStatement statement) {
        PreferenceCategory category = category(R.string.refused_attempts);
        for (Refusals.Said refused : Refusals.of(getContext(), statement)) {
            addText(category, refused.title(), refused.text());
        }
        if (category.getPreferenceCount() == 0) {
            addText(category, getString(R.string.refused_nothing), null);
        }
    }

    private PreferenceCategory category(int title) {
        PreferenceCategory category = new PreferenceCategory(getContext());
        category.setTitle(title);
        add(getPreferenceScreen(), category);
        return category;
    }

    /** A row that shows other entries in place of these. */
    private Preference page(String key, int title, long before) {
        Preference row = new Preference(getContext());
        row.setKey(key);
        row.setPersistent(false);
        row.setTitle(title);
        row.setOnPreferenceClickListener(
                clicked -> {
                    mBefore = before;
                    mPlace = null;
                    list().setSelection(0);
                    say(R.string.sent_reading);
                    refresh();
                    return true;
                });
        return row;
    }

    private void erase() {
        mErase.setEnabled(false);
        ask(
                gate -> {
                    gate.eraseLedger();
                    return true;
                },
                done -> erased(R.string.erase_history_summary),
                code -> erased(switch (code) {
                    case Gate.UNAVAILABLE -> R.string.unavailable;
                    case ErrorCode.NOT_READY -> R.string.erase_history_not_ready;
                    case ErrorCode.LEDGER -> R.string.erase_history_later;
                    default -> R.string.erase_history_failed;
                }));
    }

    private void erased(int summary) {
        mErase.setEnabled(true);
        mErase.setSummary(summary);
        refresh();
    }
}
