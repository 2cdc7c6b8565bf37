# SPDX-License-Identifier: Apache-2.0
# about: two phones, a registrar and the embedded broker, all real processes

suite() {
    cargo test --package e2e --test scenario
}
