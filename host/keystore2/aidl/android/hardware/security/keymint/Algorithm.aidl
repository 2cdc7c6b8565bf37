// SPDX-License-Identifier: Apache-2.0
package android.hardware.security.keymint;

/** Those that we name. */
@Backing(type="int")
enum Algorithm {
    EC = 3,
    AES = 32,
    HMAC = 128,
}
