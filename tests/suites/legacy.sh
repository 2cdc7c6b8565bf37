# SPDX-License-Identifier: Apache-2.0
# about: phones that had an earlier, opt-out service, and updates of ours: forward, back, and what they disclose

suite() {
    cargo test --package cloudmessaging_config --lib legacy
    cargo test --package cloudmessaging_gate --lib legacy
    cargo test --package legacy
    cargo test --package cloudmessaging_gate --lib -- user::tests::updates user::tests::versions user::tests::samples \
        user::tests::committing checkpoint schema message::upgrade consent::store
}
