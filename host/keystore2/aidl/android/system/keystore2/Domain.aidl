// SPDX-License-Identifier: Apache-2.0
package android.system.keystore2;

@Backing(type="int")
enum Domain {
    APP = 0,
    GRANT = 1,
    SELINUX = 2,
    BLOB = 3,
    KEY_ID = 4,
}
