// SPDX-License-Identifier: Apache-2.0
package android.system.cloudmessaging.settings;

import android.content.Context;
import android.os.Bundle;
import android.os.RemoteException;
import android.preference.Preference;
import android.preference.PreferenceScreen;
import android.system.cloudmessaging.ConsentState;
import android.system.cloudmessaging.Disclosure;
import android.system.cloudmessaging.ErrorCode;
import android.system.cloudmessaging.Grant;
import android.system.cloudmessaging.ICloudMessagingConsent;
import android.system.cloudmessaging.Policy;
import android.view.View;
import android.widget.ListView;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.stream.IntStream;

/** What the owner is told, and what the owner chooses. The identities of the SIMs are read for it, and go with it. */
@SuppressWarnings("deprecation") // RowsFragment says why.
public final class DisclosureFragment extends RowsFragment {
    private static final String PRESSED = "pressed";

    private record Answer(Disclosure disclosure, ConsentState state) {}

    private TextPreference mNews;
    private TextPreference mText;
    private Choices mChoices;
    private Answer mAnswer;
    /** Whether the choices are those of an owner who was asked already. */
    private boolean mChosen;
    /** SHA-256 of the text that was shown when the owner pressed. */
    private byte[] mPressed;
    /** The owner has shown to be the owner, after having pressed; and the text is not here yet. */
    private boolean mConfirmed;

    @Override
    public void onCreate(Bundle saved) {
        super.onCreate(saved);
        PreferenceScreen screen = getPreferenceScreen();
        mNews = new TextPreference(getContext());
        mNews.setKey("news");
        mNews.setTitle(R.string.new_title);
        mNews.setOrder(-1); // Above all else.
        mText = new TextPreference(getContext());
        mText.setKey("text");
        screen.addPreference(mText);
        mChoices = new Choices(screen, page().dataClass(), this::setReady);
        Preference preview = new Preference(getContext());
        preview.setKey("preview");
        preview.setPersistent(false);
        preview.setTitle(R.string.preview);
        preview.setOnPreferenceClickListener(row -> preview());
        screen.addPreference(preview);
        if (saved != null) {
            mChosen = true;
            mPressed = saved.getByteArray(PRESSED);
        }
    }

    @Override
    public void onSaveInstanceState(Bundle saved) {
        super.onSaveInstanceState(saved);
        saved.putByteArray(PRESSED, mPressed);
    }

    private DisclosureActivity page() {
        return (DisclosureActivity) getActivity();
    }

    @Override
    void refresh() {
        String locale = Locale.getDefault().toLanguageTag();
        ask(gate -> new Answer(gate.disclosure(locale), gate.state()), this::show,
                code -> unavailable(R.string.unavailable));
    }

    @Override
    void changed() {
        refresh();
    }

    @Override
    void silent() {
        if (mAnswer == null) {
            unavailable(R.string.grant_silent);
        } else {
            page().failed(R.string.grant_silent);
        }
    }

    private void show(Answer answer) {
        mAnswer = answer;
        List<String> news = news(answer.disclosure);
        mNews.setSummary(String.join("\n", news));
        keep(getPreferenceScreen(), mNews, !news.isEmpty());
        mText.setSummary(answer.disclosure.text);
        if (page().changes() && !mChosen) {
            mChoices.set(answer.state);
        }
        mChosen = true;
        setReady();
        if (mConfirmed) {
            mConfirmed = false;
            confirmed();
        }
    }

    /** What an owner who had agreed has not agreed to yet; nothing for anybody else. */
    private List<String> news(Disclosure disclosure) {
        List<String> news = new ArrayList<>(Arrays.asList(disclosure.news));
        if (!disclosure.controllerBefore.isEmpty()) {
            news.add(getString(
                    R.string.new_controller, disclosure.controller, disclosure.controllerBefore));
        }
        if (!disclosure.brokerBefore.isEmpty()) {
            news.add(getString(
                    R.string.new_broker,
                    Words.leftToRight(disclosure.broker),
                    Words.leftToRight(disclosure.brokerBefore)));
        }
        if (disclosure.registrarChanged) {
            news.add(getString(R.string.new_registrar));
        }
        return news;
    }

    private void unavailable(int why) {
        mAnswer = null;
        mText.setSummary(why);
        setReady();
    }

    /** Whether there is something to agree to, and somebody who may. */
    void setReady() {
        page().setReady(
                mAnswer != null
                        && (page().asksForAll()
                                ? mAnswer.state.policy == Policy.NONE && mChoices.sims().length > 0
                                : mAnswer.state.on));
    }

    /** No identity goes along: the other page reads them itself. */
    private boolean preview() {
        boolean whole = page().asksForAll() || mAnswer == null;
        int[] sims =
                whole
                        ? Arrays.stream(mChoices.sims()).mapToInt(s -> s.subscriptionId).toArray()
                        : Arrays.stream(mAnswer.state.sims)
                                .mapToInt(s -> s.subscriptionId)
                                .toArray();
        int[] classes =
                whole
                        ? mChoices.classes()
                        : IntStream.concat(
                                        IntStream.of(mAnswer.state.allowedClasses),
                                        IntStream.of(page().dataClass()))
                                .distinct()
                                .toArray();
        startActivity(PreviewActivity.of(getContext(), sims, classes));
        return true;
    }

    /** The owner has agreed to what is shown now. */
    void pressed() {
        mPressed = mAnswer.disclosure.sha256;
    }

    /** Called once the owner has agreed, and has shown to be the owner. The page may have been made anew meanwhile. */
    void confirmed() {
        if (mAnswer == null) {
            mConfirmed = true;
        } else if (Arrays.equals(mPressed, mAnswer.disclosure.sha256)) {
            order();
        } else {
            failed(ErrorCode.UNKNOWN_DISCLOSURE);
        }
    }

    private interface Order {
        void give(ICloudMessagingConsent gate) throws RemoteException;
    }

    private void order() {
        Context context = getContext().getApplicationContext();
        int dataClass = page().dataClass();
        Grant grant = mChoices.grant(mAnswer.disclosure);
        boolean whole = page().asksForAll();
        Order order =
                whole
                        ? gate -> gate.grant(grant)
                        : gate -> gate.setClassAllowed(dataClass, true);
        ask(
                gate -> {
                    // What forbids may have changed since the page was opened.
                    Reports.send(context);
                    order.give(gate);
                    Reports.send(context);
                    return true;
                },
                done -> getActivity().finish(),
                this::failed);
    }

    private void failed(int code) {
        page().failed(page().asksForAll() ? Failures.grant(code) : Failures.allow(code));
        if (code == ErrorCode.UNKNOWN_DISCLOSURE) {
            View view = getView();
            ((ListView) view.findViewById(android.R.id.list)).setSelection(0);
        }
        refresh();
    }
}
