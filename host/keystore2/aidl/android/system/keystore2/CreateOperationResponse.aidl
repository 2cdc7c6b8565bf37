// SPDX-License-Identifier: Apache-2.0
package android.system.keystore2;

import android.system.keystore2.IKeystoreOperation;
import android.system.keystore2.KeyParameters;

/** What we read of it. */
parcelable CreateOperationResponse {
    @nullable IKeystoreOperation iOperation;
    @nullable KeyParameters parameters;
}
