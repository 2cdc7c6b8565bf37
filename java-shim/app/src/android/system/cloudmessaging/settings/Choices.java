// SPDX-License-Identifier: Apache-2.0
package android.system.cloudmessaging.settings;

import android.content.Context;
import android.preference.PreferenceCategory;
import android.preference.PreferenceScreen;
import android.preference.SwitchPreference;
import android.system.cloudmessaging.CaptureMethod;
import android.system.cloudmessaging.ConsentState;
import android.system.cloudmessaging.DataClass;
import android.system.cloudmessaging.Disclosure;
import android.system.cloudmessaging.Grant;
import android.system.cloudmessaging.SimIdentity;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;

/** The rows with which an owner chooses what to agree to: nothing optional, unless the owner wants it. */
@SuppressWarnings("deprecation") // RowsFragment says why.
final class Choices {
    /** What nothing can be sent without, and what the text names. */
    private static final int[] NEEDED = {
        DataClass.PHONE_NUMBER, DataClass.RECIPIENT_NUMBER, DataClass.MESSAGE_CONTENT,
        DataClass.NETWORK_ADDRESS, DataClass.ROUTING_ID, DataClass.RECIPIENT_ROUTING_ID,
        DataClass.DELIVERY_RECEIPT, DataClass.PUBLIC_KEYS,
    };

    private final Context mContext;
    private final Runnable mChanged;
    private final Map<SwitchPreference, SimIdentity> mSims = new LinkedHashMap<>();
    private SwitchPreference mImsi;
    private SwitchPreference mImei;
    private SwitchPreference mRoaming;
    private SwitchPreference mSavers;

    /** Puts them on the page. If it asks about one class only, there is nothing to choose but that: its value is shown. */
    Choices(PreferenceScreen page, int dataClass, Runnable changed) {
        mContext = page.getContext();
        mChanged = changed;
        SimIdentity[] identities = Sims.read(mContext);
        if (dataClass == DataClass.UNSPECIFIED) {
            all(page, identities);
        } else {
            value(page, dataClass, identities);
        }
    }

    private void all(PreferenceScreen page, SimIdentity[] identities) {
        PreferenceCategory sims = category(page, R.string.sims);
        Map<Integer, String> names = Sims.names(mContext);
        for (SimIdentity identity : identities) {
            sims.addPreference(sim(names.get(identity.subscriptionId), identity));
        }
        if (identities.length == 0) {
            text(sims, R.string.no_sim);
        }

        PreferenceCategory optional = category(page, R.string.optional);
        mImsi = choice(optional, "imsi", R.string.imsi, false);
        mImsi.setSummary(each(identities, DataClass.IMSI));
        mImei = choice(optional, "imei", R.string.imei, false);
        mImei.setSummary(each(identities, DataClass.IMEI));

        PreferenceCategory conditions = category(page, R.string.conditions);
        mRoaming = choice(conditions, "roaming", R.string.roaming, false);
        mSavers = choice(conditions, "savers", R.string.savers, true);
    }

    private void value(PreferenceScreen page, int dataClass, SimIdentity[] identities) {
        TextPreference row = new TextPreference(mContext);
        row.setKey("value");
        row.setTitle(dataClass == DataClass.IMSI ? R.string.imsi : R.string.imei);
        row.setSummary(each(identities, dataClass));
        page.addPreference(row);
    }

    private PreferenceCategory category(PreferenceScreen page, int title) {
        PreferenceCategory category = new PreferenceCategory(mContext);
        category.setTitle(title);
        page.addPreference(category);
        return category;
    }

    private void text(PreferenceCategory category, int text) {
        TextPreference row = new TextPreference(mContext);
        row.setSummary(text);
        category.addPreference(row);
    }

    private SwitchPreference choice(
            PreferenceCategory category, String key, int title, boolean checked) {
        SwitchPreference row = new SwitchPreference(mContext);
        row.setKey(key);
        row.setPersistent(false);
        row.setTitle(title);
        row.setChecked(checked);
        category.addPreference(row);
        return row;
    }

    private SwitchPreference sim(String name, SimIdentity identity) {
        SwitchPreference row = new SwitchPreference(mContext);
        boolean known = !identity.number.isEmpty();
        row.setKey("sim" + identity.subscriptionId);
        row.setPersistent(false);
        row.setTitle(name);
        row.setSummary(
                known
                        ? mContext.getString(R.string.sim_reveals, Sims.masked(identity.number))
                        : mContext.getString(R.string.sim_without_number));
        row.setEnabled(known);
        row.setChecked(known);
        row.setOnPreferenceChangeListener(
                (changed, value) -> {
                    row.setChecked((Boolean) value);
                    mChanged.run();
                    return false;
                });
        mSims.put(row, identity);
        return row;
    }

    /** What it is of each SIM, most of it hidden; each once. */
    private static String each(SimIdentity[] identities, int dataClass) {
        List<String> masked =
                Arrays.stream(identities)
                        .map(sim -> dataClass == DataClass.IMSI ? sim.imsi : sim.imei)
                        .filter(identity -> !identity.isEmpty())
                        .map(Sims::masked)
                        .toList();
        return String.join("\n", masked);
    }

    /** What is in force, to begin with. */
    void set(ConsentState state) {
        mSims.forEach(
                (row, sim) ->
                        row.setChecked(
                                row.isEnabled()
                                        && Arrays.stream(state.sims)
                                                .anyMatch(
                                                        one ->
                                                                one.subscriptionId
                                                                        == sim.subscriptionId)));
        mImsi.setChecked(Allowed.allows(state, DataClass.IMSI));
        mImei.setChecked(Allowed.allows(state, DataClass.IMEI));
        mRoaming.setChecked(state.whileRoaming);
        mSavers.setChecked(!state.withDataSaver && !state.withBatterySaver);
    }

    SimIdentity[] sims() {
        List<SimIdentity> chosen = new ArrayList<>();
        mSims.forEach(
                (row, sim) -> {
                    if (row.isChecked()) {
                        chosen.add(sim);
                    }
                });
        return chosen.toArray(new SimIdentity[0]);
    }

    int[] classes() {
        IntStream.Builder optional = IntStream.builder();
        if (mImsi != null && mImsi.isChecked()) {
            optional.add(DataClass.IMSI);
        }
        if (mImei != null && mImei.isChecked()) {
            optional.add(DataClass.IMEI);
        }
        return IntStream.concat(Arrays.stream(NEEDED), optional.build()).toArray();
    }

    /** All of it. */
    Grant grant(Disclosure disclosure) {
        Grant grant = new Grant();
        grant.disclosureSha256 = disclosure.sha256;
        grant.locale = disclosure.locale;
        grant.allowedClasses = classes();
        grant.sims = sims();
        grant.method = CaptureMethod.SETTINGS_PAGE;
        grant.whileRoaming = mRoaming != null && mRoaming.isChecked();
        boolean savers = mSavers != null && !mSavers.isChecked();
        grant.withDataSaver = savers;
        grant.withBatterySaver = savers;
        return grant;
    }
}
