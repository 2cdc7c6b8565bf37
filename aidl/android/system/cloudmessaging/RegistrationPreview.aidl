// SPDX-License-Identifier: Apache-2.0
package android.system.cloudmessaging;

import android.system.cloudmessaging.PreviewField;

/** The registration of one SIM before encryption. Bytes that are made on grant are zero here. */
parcelable RegistrationPreview {
    int subscriptionId = -1;
    PreviewField[] fields;
    /** The exact plaintext, before padding. */
    byte[] plaintext;
}
