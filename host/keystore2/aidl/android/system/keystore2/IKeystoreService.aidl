// SPDX-License-Identifier: Apache-2.0
package android.system.keystore2;

import android.hardware.security.keymint.SecurityLevel;
import android.system.keystore2.IKeystoreSecurityLevel;
import android.system.keystore2.KeyDescriptor;

/** What we call of it. */
interface IKeystoreService {
    IKeystoreSecurityLevel getSecurityLevel(in SecurityLevel securityLevel);
    void deleteKey(in KeyDescriptor key);
}
