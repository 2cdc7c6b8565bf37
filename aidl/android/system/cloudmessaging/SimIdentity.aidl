// SPDX-License-Identifier: Apache-2.0
package android.system.cloudmessaging;

/** One SIM and what identifies it. Personal data: held in memory only, never logged. */
parcelable SimIdentity {
    /** Subscription id on this phone. */
    int subscriptionId = -1;
    /** E.164, with the leading plus; 4 to 16 characters. */
    String number = "";
    /** 6 to 15 digits; empty if not read. */
    String imsi = "";
    /** 14 to 16 digits, of the slot the SIM is in; empty if not read. */
    String imei = "";
}
