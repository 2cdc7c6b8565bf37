// SPDX-License-Identifier: Apache-2.0
package android.hardware.security.keymint;

/** Those that we name. */
@Backing(type="int")
enum KeyPurpose {
    ENCRYPT = 0,
    DECRYPT = 1,
    SIGN = 2,
    VERIFY = 3,
}
