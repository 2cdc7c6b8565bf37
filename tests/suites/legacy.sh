# SPDX-License-Identifier: Apache-2.0
# about: phones that had an earlier, opt-out service: off, told once, never read again

suite() {
    cargo test --package cloudmessaging_config --lib legacy
    cargo test --package cloudmessaging_gate --lib legacy
    cargo test --package legacy
}
