# SPDX-License-Identifier: Apache-2.0
# about: one outcome for each message: crashes at every named step, and random histories

suite() {
    cargo test --package sim --package message
}
