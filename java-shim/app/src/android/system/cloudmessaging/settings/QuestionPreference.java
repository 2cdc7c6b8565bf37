// SPDX-License-Identifier: Apache-2.0
package android.system.cloudmessaging.settings;

import android.content.Context;
import android.preference.DialogPreference;

/** A row that asks before it does something, also when the phone is turned meanwhile. */
@SuppressWarnings("deprecation") // What took its place is not part of the platform.
final class QuestionPreference extends DialogPreference {
    private final Runnable mAction;

    QuestionPreference(Context context, int question, int text, int yes, Runnable action) {
        super(context);
        mAction = action;
        setPersistent(false);
        setDialogTitle(question);
        setDialogMessage(text);
        setPositiveButtonText(yes);
        setNegativeButtonText(android.R.string.cancel);
    }

    @Override
    protected void onDialogClosed(boolean yes) {
        if (yes) {
            mAction.run();
        }
    }
}
