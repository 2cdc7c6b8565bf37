# SPDX-License-Identifier: Apache-2.0
# about: who a message is from and whose a number is: forged, stolen and stale ones

suite() {
    need mosquitto mosquitto || return
    cargo test --package identity
}
