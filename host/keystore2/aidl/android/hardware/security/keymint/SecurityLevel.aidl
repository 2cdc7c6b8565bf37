// SPDX-License-Identifier: Apache-2.0
package android.hardware.security.keymint;

/** Those that we name. */
@Backing(type="int")
enum SecurityLevel {
    SOFTWARE = 0,
    TRUSTED_ENVIRONMENT = 1,
    STRONGBOX = 2,
}
