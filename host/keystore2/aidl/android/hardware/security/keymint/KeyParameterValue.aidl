// SPDX-License-Identifier: Apache-2.0
package android.hardware.security.keymint;

import android.hardware.security.keymint.Algorithm;
import android.hardware.security.keymint.BlockMode;
import android.hardware.security.keymint.Digest;
import android.hardware.security.keymint.EcCurve;
import android.hardware.security.keymint.KeyPurpose;
import android.hardware.security.keymint.PaddingMode;

/** Those that we name. */
@RustDerive(Clone=true, PartialEq=true)
union KeyParameterValue {
    int invalid;
    Algorithm algorithm;
    BlockMode blockMode;
    PaddingMode paddingMode;
    Digest digest;
    EcCurve ecCurve;
    KeyPurpose keyPurpose;
    boolean boolValue;
    int integer;
    long longInteger;
    long dateTime;
    byte[] blob;
}
