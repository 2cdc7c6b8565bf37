// SPDX-License-Identifier: Apache-2.0
package android.system.cloudmessaging.settings;

import android.os.Bundle;
import android.preference.Preference;
import android.preference.PreferenceFragment;
import android.preference.PreferenceGroup;
import android.system.cloudmessaging.Withdrawal;
import android.view.View;
import android.widget.ListView;
import java.util.function.Consumer;
import java.util.function.IntConsumer;

/** What the pages share: rows that are made of what the gate answers, and the gate itself while they are shown. */
@SuppressWarnings("deprecation") // What took the place of android.preference is not part of the platform.
abstract class RowsFragment extends PreferenceFragment {
    /** After that, a service that was found and has not answered is said to be silent. */
    private static final long PATIENCE_MILLIS = 8000;

    private Gate mGate;
    private UserWatch mUsers;

    /** Asks the gate for what is shown. */
    abstract void refresh();

    /** There may be another state. */
    void changed() {}

    /** The gate has not answered for a long time; it still may. */
    void silent() {}

    @Override
    public void onCreate(Bundle saved) {
        super.onCreate(saved);
        setPreferenceScreen(getPreferenceManager().createPreferenceScreen(getContext()));
    }

    @Override
    public void onViewCreated(View view, Bundle saved) {
        super.onViewCreated(view, saved);
        // As Settings itself.
        ((ListView) view.findViewById(android.R.id.list)).setDivider(null);
        // There is now a list to keep clear.
        view.requestApplyInsets();
    }

    @Override
    public void onStart() {
        super.onStart();
        mGate = new Gate(getContext(), getContext().getMainExecutor(), this::changed);
        // Who forbids it while the page is open is told to the gate, and so to the page.
        mUsers = new UserWatch(getContext(), Reports.of(getContext())::doubt);
        mUsers.start();
        refresh();
    }

    @Override
    public void onStop() {
        mUsers.stop();
        mGate.close();
        super.onStop();
    }

    /** As Gate, but for answers that come when the page is gone. */
    final <T> void ask(Gate.Question<T> question, Consumer<T> answered, IntConsumer failed) {
        Runnable answer = waiting();
        mGate.ask(question, here(answer, answered), code -> here(answer, failed::accept).accept(code));
    }

    /** Turns off: at once, whatever else was asked before and is not answered. */
    final void withdraw(boolean erase, Consumer<Withdrawal> answered, IntConsumer failed) {
        Runnable answer = waiting();
        mGate.withdraw(
                erase, here(answer, answered), code -> here(answer, failed::accept).accept(code));
    }

    /** Says so if it takes too long. What it gives back ends the waiting. */
    private Runnable waiting() {
        Runnable tooLong =
                () -> {
                    if (isAdded()) {
                        silent();
                    }
                };
        getContext().getMainThreadHandler().postDelayed(tooLong, PATIENCE_MILLIS);
        return () -> getContext().getMainThreadHandler().removeCallbacks(tooLong);
    }

    private <T> Consumer<T> here(Runnable answer, Consumer<T> then) {
        return value -> {
            if (isAdded()) {
                answer.run();
                then.accept(value);
            }
        };
    }

    /** Adds a row behind the others, wherever it may have been before. */
    final void add(PreferenceGroup group, Preference row) {
        row.setOrder(Preference.DEFAULT_ORDER);
        group.addPreference(row);
    }

    final void addText(PreferenceGroup group, String title, String text) {
        TextPreference row = new TextPreference(getContext());
        row.setTitle(title);
        row.setSummary(text);
        row.setSingleLineTitle(false);
        add(group, row);
    }

    /**
     * Has that row in the group, at the place that its order says, or has not. What stays is not touched: it keeps the focus,
     * and a dialog of it stays open.
     */
    static void keep(PreferenceGroup group, Preference row, boolean there) {
        for (int i = 0; i < group.getPreferenceCount(); i++) {
            if (group.getPreference(i) == row) {
                if (!there) {
                    group.removePreference(row);
                }
                return;
            }
        }
        if (there) {
            group.addPreference(row);
        }
    }

    /** Shows that line, and nothing else. */
    final void say(int text) {
        getPreferenceScreen().removeAll();
        addText(getPreferenceScreen(), null, getString(text));
    }
}
