// SPDX-License-Identifier: Apache-2.0
package android.hardware.security.keymint;

/** Those that we name. */
@Backing(type="int")
enum Digest {
    NONE = 0,
    SHA_2_256 = 4,
}
