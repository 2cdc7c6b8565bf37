// SPDX-License-Identifier: Apache-2.0
package android.system.keystore2;

/** Those that we name. */
@Backing(type="int")
enum ResponseCode {
    KEY_NOT_FOUND = 7,
}
