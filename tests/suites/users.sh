# SPDX-License-Identifier: Apache-2.0
# about: Android users and SIMs: of one user another sees nothing, and of a removed one nothing is left

suite() {
    cargo test --package users
    cargo test --package cloudmessaging_gate --lib -- user::tests::removing
}
