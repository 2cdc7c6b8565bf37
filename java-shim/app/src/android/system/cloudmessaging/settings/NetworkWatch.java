// SPDX-License-Identifier: Apache-2.0
package android.system.cloudmessaging.settings;

import android.content.BroadcastReceiver;
import android.content.Context;
import android.content.Intent;
import android.content.IntentFilter;
import android.net.ConnectivityManager;
import android.net.Network;
import android.net.NetworkCapabilities;
import android.os.PowerManager;
import android.os.RemoteException;
import android.system.cloudmessaging.ICloudMessagingPlatform;
import android.system.cloudmessaging.NetworkReport;

/** Reports the default network, and Data Saver and Battery Saver, at each change that means something to the gate. */
final class NetworkWatch {
    private final Context mContext;
    private final Reports mReports;
    private final ConnectivityManager mConnectivity;
    private final PowerManager mPower;
    /** As it was said last. */
    private Seen mSeen = new Seen(null, null);
    /** What the gate was told last. */
    private NetworkReport mTold;

    private record Seen(Network network, NetworkCapabilities capabilities) {}

    /** Each network that is available is followed by its capabilities. */
    private final ConnectivityManager.NetworkCallback mCallback =
            new ConnectivityManager.NetworkCallback() {
                @Override
                public void onCapabilitiesChanged(Network network, NetworkCapabilities now) {
                    see(new Seen(network, now));
                }

                @Override
                public void onLost(Network network) {
                    see(new Seen(null, null));
                }
            };

    private final BroadcastReceiver mSavers =
            new BroadcastReceiver() {
                @Override
                public void onReceive(Context context, Intent intent) {
                    mReports.tell(gate -> tell(gate, false));
                }
            };

    NetworkWatch(Context context, Reports reports) {
        mContext = context.getApplicationContext();
        mReports = reports;
        mConnectivity = mContext.getSystemService(ConnectivityManager.class);
        mPower = mContext.getSystemService(PowerManager.class);
    }

    void start() {
        IntentFilter savers = new IntentFilter(ConnectivityManager.ACTION_RESTRICT_BACKGROUND_CHANGED);
        savers.addAction(PowerManager.ACTION_POWER_SAVE_MODE_CHANGED);
        mContext.registerReceiver(mSavers, savers, Context.RECEIVER_NOT_EXPORTED);
        // A network whose changes nobody tells is none.
        mConnectivity.registerDefaultNetworkCallback(mCallback);
        setFirst(mConnectivity.getActiveNetwork());
    }

    private synchronized void setFirst(Network network) {
        NetworkCapabilities capabilities = mConnectivity.getNetworkCapabilities(network);
        if (mSeen.network == null && network != null && capabilities != null) {
            mSeen = new Seen(network, capabilities);
        }
    }

    void stop() {
        mContext.unregisterReceiver(mSavers);
        mConnectivity.unregisterNetworkCallback(mCallback);
    }

    /** Reports it, whatever was told before: to another gate, perhaps. */
    void report() {
        mReports.tell(gate -> tell(gate, true));
    }

    private void see(Seen seen) {
        setSeen(seen);
        mReports.tell(gate -> tell(gate, false));
    }

    private synchronized void setSeen(Seen seen) {
        mSeen = seen;
    }

    private synchronized Seen seen() {
        return mSeen;
    }

    /** On the one thread for reports. Most changes of capabilities, such as the bandwidth, change nothing here. */
    private void tell(ICloudMessagingPlatform gate, boolean anew) throws RemoteException {
        NetworkReport report = read(seen());
        if (anew || mTold == null || !same(report, mTold)) {
            gate.reportNetwork(report);
            mTold = report;
        }
    }

    private static boolean same(NetworkReport one, NetworkReport other) {
        return one.handle == other.handle
                && one.connected == other.connected
                && one.metered == other.metered
                && one.roaming == other.roaming
                && one.dataSaver == other.dataSaver
                && one.batterySaver == other.batterySaver;
    }

    private NetworkReport read(Seen seen) {
        NetworkReport report = new NetworkReport();
        // Also where this app is among those that Data Saver leaves alone: what the owner wants is meant.
        report.dataSaver =
                mConnectivity.getRestrictBackgroundStatus()
                        != ConnectivityManager.RESTRICT_BACKGROUND_STATUS_DISABLED;
        report.batterySaver = mPower.isPowerSaveMode();
        if (seen.network != null) {
            NetworkCapabilities now = seen.capabilities;
            report.handle = seen.network.getNetworkHandle();
            report.connected = now.hasCapability(NetworkCapabilities.NET_CAPABILITY_INTERNET);
            report.metered = !now.hasCapability(NetworkCapabilities.NET_CAPABILITY_NOT_METERED);
            report.roaming = !now.hasCapability(NetworkCapabilities.NET_CAPABILITY_NOT_ROAMING);
        }
        return report;
    }
}
