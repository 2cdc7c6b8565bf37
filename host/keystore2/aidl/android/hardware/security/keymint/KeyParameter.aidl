// SPDX-License-Identifier: Apache-2.0
package android.hardware.security.keymint;

import android.hardware.security.keymint.KeyParameterValue;
import android.hardware.security.keymint.Tag;

@RustDerive(Clone=true, PartialEq=true)
parcelable KeyParameter {
    Tag tag;
    KeyParameterValue value;
}
