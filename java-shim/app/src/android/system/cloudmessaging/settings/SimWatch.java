// SPDX-License-Identifier: Apache-2.0
package android.system.cloudmessaging.settings;

import android.content.BroadcastReceiver;
import android.content.Context;
import android.content.Intent;
import android.content.IntentFilter;
import android.content.pm.UserInfo;
import android.os.RemoteException;
import android.os.UserManager;
import android.system.cloudmessaging.ICloudMessagingPlatform;
import android.system.cloudmessaging.SimIdentity;
import android.telephony.CarrierConfigManager;
import android.telephony.SubscriptionManager;
import android.telephony.TelephonyManager;
import java.util.concurrent.atomic.AtomicBoolean;

/** Reports the SIMs in the phone, at each change, for whoever is on. */
final class SimWatch {
    private final Context mContext;
    private final Reports mReports;
    /** A phone without telephony has none. */
    private final SubscriptionManager mSubscriptions;
    private final AtomicBoolean mToReport = new AtomicBoolean();

    private final SubscriptionManager.OnSubscriptionsChangedListener mListener =
            new SubscriptionManager.OnSubscriptionsChangedListener() {
                @Override
                public void onSubscriptionsChanged() {
                    report();
                }
            };

    private final BroadcastReceiver mReceiver =
            new BroadcastReceiver() {
                @Override
                public void onReceive(Context context, Intent intent) {
                    report();
                }
            };

    SimWatch(Context context, Reports reports) {
        mContext = context.getApplicationContext();
        mReports = reports;
        mSubscriptions = mContext.getSystemService(SubscriptionManager.class);
    }

    void start() {
        IntentFilter filter = new IntentFilter(TelephonyManager.ACTION_SIM_CARD_STATE_CHANGED);
        filter.addAction(TelephonyManager.ACTION_SIM_APPLICATION_STATE_CHANGED);
        filter.addAction(CarrierConfigManager.ACTION_CARRIER_CONFIG_CHANGED);
        // They come from the phone's process, and nobody but the system may send them.
        mContext.registerReceiver(mReceiver, filter, Context.RECEIVER_EXPORTED);
        if (mSubscriptions != null) {
            mSubscriptions.addOnSubscriptionsChangedListener(mContext.getMainExecutor(), mListener);
        }
    }

    void stop() {
        mContext.unregisterReceiver(mReceiver);
        if (mSubscriptions != null) {
            mSubscriptions.removeOnSubscriptionsChangedListener(mListener);
        }
    }

    /** One change is said several times. */
    void report() {
        if (!mToReport.getAndSet(true)) {
            mReports.tell(this::tell);
        }
    }

    /** They are read if the gate wants them, and only then. */
    private void tell(ICloudMessagingPlatform gate) throws RemoteException {
        mToReport.set(false);
        SimIdentity[] sims = null;
        for (UserInfo user : mContext.getSystemService(UserManager.class).getUsers()) {
            if (gate.wantsIdentities(user.id)) {
                sims = sims == null ? Sims.read(mContext) : sims;
                gate.reportIdentities(user.id, sims);
            }
        }
    }
}
