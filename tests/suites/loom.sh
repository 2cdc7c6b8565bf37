# SPDX-License-Identifier: Apache-2.0
# about: the gate's locks, under every interleaving

suite() {
    cargo test --package loom_gate
}
