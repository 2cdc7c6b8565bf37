// SPDX-License-Identifier: Apache-2.0
package android.system.keystore2;

import android.hardware.security.keymint.KeyParameter;

parcelable KeyParameters {
    KeyParameter[] keyParameter;
}
