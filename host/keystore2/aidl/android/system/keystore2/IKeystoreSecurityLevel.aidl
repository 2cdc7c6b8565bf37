// SPDX-License-Identifier: Apache-2.0
package android.system.keystore2;

import android.hardware.security.keymint.KeyParameter;
import android.system.keystore2.CreateOperationResponse;
import android.system.keystore2.KeyDescriptor;
import android.system.keystore2.KeyMetadata;

/** What we call of it. */
interface IKeystoreSecurityLevel {
    CreateOperationResponse createOperation(
        in KeyDescriptor key, in KeyParameter[] operationParameters, in boolean forced);
    KeyMetadata generateKey(in KeyDescriptor key, in @nullable KeyDescriptor attestationKey,
        in KeyParameter[] params, in int flags, in byte[] entropy);
}
