// SPDX-License-Identifier: Apache-2.0
package android.system.cloudmessaging;

import android.system.cloudmessaging.DataClass;

/** One field of what would be sent. */
parcelable PreviewField {
    /** Name in proto/registrar.proto, for example "registration.number". */
    String name = "";
    /** UNSPECIFIED for what is no personal datum. */
    DataClass dataClass = DataClass.UNSPECIFIED;
    /** As text; bytes in hexadecimal. Empty if madeOnGrant. */
    String value = "";
    /** A key or a random value, made when the owner turns on. */
    boolean madeOnGrant = false;
    /** Where the field stands in RegistrationPreview.plaintext: offset and length in bytes. */
    int offset = 0;
    int length = 0;
}
