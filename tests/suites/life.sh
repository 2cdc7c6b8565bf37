# SPDX-License-Identifier: Apache-2.0
# about: a phone's whole life, made up 600 times (10,000 with --full), against a model of ten lines

suite() {
    cargo test --package cloudmessaging_gate --lib -- user::tests::life --nocapture
}
