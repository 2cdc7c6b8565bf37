# SPDX-License-Identifier: Apache-2.0
# about: what must not happen does not compile

suite() {
    cargo test --package compile_fail
}
