// SPDX-License-Identifier: Apache-2.0
package android.system.cloudmessaging.settings;

import android.content.Context;
import android.content.Intent;
import android.os.Bundle;
import android.preference.Preference;
import android.preference.PreferenceCategory;
import android.preference.PreferenceScreen;
import android.preference.SwitchPreference;
import android.system.cloudmessaging.CaptureMethod;
import android.system.cloudmessaging.DataClass;
import android.system.cloudmessaging.Disclosure;
import android.system.cloudmessaging.Grant;
import android.system.cloudmessaging.SimIdentity;
import android.widget.Toast;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.IntStream;

/** What the owner is told, and what the owner chooses. The identities of the SIMs are read for it, and go with it. */
@SuppressWarnings("deprecation") // RowsFragment says why.
public final class DisclosureFragment extends RowsFragment {
    /** What nothing can be sent without, and what the text names. */
    private static final int[] NEEDED = {
        DataClass.PHONE_NUMBER, DataClass.RECIPIENT_NUMBER, DataClass.MESSAGE_CONTENT,
        DataClass.NETWORK_ADDRESS, DataClass.ROUTING_ID, DataClass.RECIPIENT_ROUTING_ID,
        DataClass.DELIVERY_RECEIPT, DataClass.PUBLIC_KEYS,
    };

    private Disclosure mDisclosure;
    private final Map<SwitchPreference, SimIdentity> mSims = new LinkedHashMap<>();
    private TextPreference mText;
    private SwitchPreference mImsi;
    private SwitchPreference mImei;
    private SwitchPreference mRoaming;
    private SwitchPreference mSavers;

    @Override
    public void onCreate(Bundle saved) {
        super.onCreate(saved);
        PreferenceScreen screen = getPreferenceScreen();
        mText = new TextPreference(getContext());
        mText.setKey("text");
        screen.addPreference(mText);

        PreferenceCategory sims = category(R.string.sims);
        SimIdentity[] identities = Sims.read(getContext());
        for (int i = 0; i < identities.length; i++) {
            sims.addPreference(sim(i + 1, identities[i]));
        }
        if (identities.length == 0) {
            addText(sims, null, getString(R.string.no_sim));
        }

        PreferenceCategory optional = category(R.string.optional);
        mImsi = choice(optional, "imsi", R.string.imsi, false);
        mImsi.setSummary(each(Arrays.stream(identities).map(sim -> sim.imsi).toList()));
        mImei = choice(optional, "imei", R.string.imei, false);
        mImei.setSummary(each(Arrays.stream(identities).map(sim -> sim.imei).toList()));

        PreferenceCategory conditions = category(R.string.conditions);
        mRoaming = choice(conditions, "roaming", R.string.roaming, false);
        mSavers = choice(conditions, "savers", R.string.savers, true);

        Preference preview = new Preference(getContext());
        preview.setKey("preview");
        preview.setPersistent(false);
        preview.setTitle(R.string.preview);
        preview.setOnPreferenceClickListener(row -> preview());
        screen.addPreference(preview);
    }

    @Override
    void refresh() {
        String locale = Locale.getDefault().toLanguageTag();
        ask(gate -> gate.disclosure(locale), this::show, code -> unavailable());
    }

    private PreferenceCategory category(int title) {
        PreferenceCategory category = new PreferenceCategory(getContext());
        category.setTitle(title);
        getPreferenceScreen().addPreference(category);
        return category;
    }

    private SwitchPreference choice(
            PreferenceCategory category, String key, int title, boolean checked) {
        SwitchPreference row = new SwitchPreference(getContext());
        row.setKey(key);
        row.setPersistent(false);
        row.setTitle(title);
        row.setChecked(checked);
        category.addPreference(row);
        return row;
    }

    private SwitchPreference sim(int place, SimIdentity identity) {
        SwitchPreference row = new SwitchPreference(getContext());
        boolean known = !identity.number.isEmpty();
        row.setKey("sim" + identity.subscriptionId);
        row.setPersistent(false);
        row.setTitle(getString(R.string.sim, place));
        row.setSummary(
                known
                        ? getString(R.string.sim_reveals, Sims.masked(identity.number))
                        : getString(R.string.sim_without_number));
        row.setEnabled(known);
        row.setChecked(known);
        row.setOnPreferenceChangeListener(
                (changed, value) -> {
                    row.setChecked((Boolean) value);
                    setReady();
                    return false;
                });
        mSims.put(row, identity);
        return row;
    }

    private static String each(List<String> identities) {
        return String.join("\n", identities.stream().map(Sims::masked).toList());
    }

    private void show(Disclosure disclosure) {
        mDisclosure = disclosure;
        mText.setSummary(disclosure.text);
        setReady();
    }

    private void unavailable() {
        mDisclosure = null;
        mText.setSummary(R.string.unavailable);
        setReady();
    }

    private void setReady() {
        ((DisclosureActivity) getActivity()).setReady(mDisclosure != null && chosen().length > 0);
    }

    private SimIdentity[] chosen() {
        List<SimIdentity> chosen = new ArrayList<>();
        mSims.forEach(
                (row, sim) -> {
                    if (row.isChecked()) {
                        chosen.add(sim);
                    }
                });
        return chosen.toArray(new SimIdentity[0]);
    }

    private int[] classes() {
        IntStream.Builder optional = IntStream.builder();
        if (mImsi.isChecked()) {
            optional.add(DataClass.IMSI);
        }
        if (mImei.isChecked()) {
            optional.add(DataClass.IMEI);
        }
        return IntStream.concat(Arrays.stream(NEEDED), optional.build()).toArray();
    }

    /** No identity goes along: the other page reads them itself. */
    private boolean preview() {
        int[] sims = Arrays.stream(chosen()).mapToInt(sim -> sim.subscriptionId).toArray();
        startActivity(
                new Intent(getContext(), PreviewActivity.class)
                        .putExtra(PreviewActivity.SIMS, sims)
                        .putExtra(PreviewActivity.CLASSES, classes()));
        return true;
    }

    /** Called once the owner has decided, and has shown to be the owner. */
    void grant() {
        Grant grant = new Grant();
        grant.disclosureSha256 = mDisclosure.sha256;
        grant.locale = mDisclosure.locale;
        grant.allowedClasses = classes();
        grant.sims = chosen();
        grant.method = CaptureMethod.SETTINGS_PAGE;
        grant.whileRoaming = mRoaming.isChecked();
        grant.withDataSaver = !mSavers.isChecked();
        grant.withBatterySaver = !mSavers.isChecked();
        Context context = getContext().getApplicationContext();
        ask(
                gate -> {
                    // What forbids may have changed since the page was opened.
                    Reports.send(context);
                    gate.grant(grant);
                    Reports.send(context);
                    return true;
                },
                on -> getActivity().finish(),
                code -> {
                    Toast.makeText(context, R.string.failed, Toast.LENGTH_LONG).show();
                    setReady();
                });
    }
}
