// SPDX-License-Identifier: Apache-2.0
package android.system.cloudmessaging;

import android.system.cloudmessaging.CaptureMethod;
import android.system.cloudmessaging.DataClass;
import android.system.cloudmessaging.SimIdentity;

/** The owner's choice. */
parcelable Grant {
    /** SHA-256 of the disclosure that was shown. */
    byte[] disclosureSha256;
    /** BCP 47 tag of the text that was shown; at most 35 characters. */
    String locale = "";
    /** The classes allowed, each at most once. */
    DataClass[] allowedClasses;
    /** The SIMs that take part, with their identities; 1 to 8. */
    SimIdentity[] sims;
    CaptureMethod method = CaptureMethod.UNSPECIFIED;
    /** Also on a roaming network. */
    boolean whileRoaming = false;
    /** Also with Data Saver on. */
    boolean withDataSaver = false;
    /** Also with battery saver on. */
    boolean withBatterySaver = false;
}
