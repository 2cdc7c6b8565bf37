# SPDX-License-Identifier: Apache-2.0
# about: what is done to a ledger is found and named, by two implementations

suite() {
    need_module cryptography python3-cryptography || return
    cargo test --package ledger
}
