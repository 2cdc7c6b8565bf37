// SPDX-License-Identifier: Apache-2.0
package android.hardware.security.keymint;

/** Those that we name. */
@Backing(type="int")
enum ErrorCode {
    UNSUPPORTED_ALGORITHM = -4,
    UNSUPPORTED_KEY_SIZE = -6,
    UNSUPPORTED_DIGEST = -12,
    INCOMPATIBLE_DIGEST = -13,
    VERIFICATION_FAILED = -30,
    INVALID_ARGUMENT = -38,
    UNSUPPORTED_EC_CURVE = -61,
    ROLLBACK_RESISTANCE_UNAVAILABLE = -67,
    UNIMPLEMENTED = -100,
}
