// SPDX-License-Identifier: Apache-2.0
package android.system.cloudmessaging.settings;

import android.os.Bundle;
import android.preference.Preference;
import android.preference.PreferenceFragment;
import android.preference.PreferenceGroup;
import android.view.View;
import android.widget.ListView;
import java.util.function.Consumer;
import java.util.function.IntConsumer;

/** What the pages share: rows that are made of what the gate answers, and the gate itself while they are shown. */
@SuppressWarnings("deprecation") // What took the place of android.preference is not part of the platform.
abstract class RowsFragment extends PreferenceFragment {
    private Gate mGate;
    private UserWatch mUsers;

    /** Asks the gate for what is shown. */
    abstract void refresh();

    /** There may be another state. */
    void changed() {}

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
        mGate.ask(
                question,
                answer -> {
                    if (isAdded()) {
                        answered.accept(answer);
                    }
                },
                code -> {
                    if (isAdded()) {
                        failed.accept(code);
                    }
                });
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

    /** Shows that line, and nothing else. */
    final void say(int text) {
        getPreferenceScreen().removeAll();
        addText(getPreferenceScreen(), null, getString(text));
    }
}
