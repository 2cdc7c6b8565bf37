// SPDX-License-Identifier: Apache-2.0
package android.hardware.security.keymint;

/** Those that we name. The upper four bits are the type of the value. */
@Backing(type="int")
enum Tag {
    PURPOSE = 0x20000001,
    ALGORITHM = 0x10000002,
    KEY_SIZE = 0x30000003,
    BLOCK_MODE = 0x20000004,
    DIGEST = 0x20000005,
    PADDING = 0x20000006,
    MIN_MAC_LENGTH = 0x30000008,
    EC_CURVE = 0x1000000a,
    ROLLBACK_RESISTANCE = 0x7000012f,
    NO_AUTH_REQUIRED = 0x700001f7,
    NONCE = 0x900003e9,
    MAC_LENGTH = 0x300003eb,
    CERTIFICATE_NOT_BEFORE = 0x600003f0,
    CERTIFICATE_NOT_AFTER = 0x600003f1,
}
