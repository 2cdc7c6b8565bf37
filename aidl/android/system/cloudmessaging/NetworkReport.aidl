// SPDX-License-Identifier: Apache-2.0
package android.system.cloudmessaging;

/** The default network, as it is now. */
parcelable NetworkReport {
    /** android.net.Network.getNetworkHandle(); 0 on a host. */
    long handle = 0;
    boolean connected = false;
    boolean metered = false;
    boolean roaming = false;
    boolean dataSaver = false;
    boolean batterySaver = false;
}
