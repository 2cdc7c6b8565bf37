// SPDX-License-Identifier: Apache-2.0
package android.system.keystore2;

import android.hardware.security.keymint.SecurityLevel;
import android.system.keystore2.KeyDescriptor;

/** What we read of it. */
parcelable KeyMetadata {
    KeyDescriptor key;
    SecurityLevel keySecurityLevel = SecurityLevel.SOFTWARE;
    @nullable byte[] certificate;
}
