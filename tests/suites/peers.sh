# SPDX-License-Identifier: Apache-2.0
# about: brokers and callers that misbehave

suite() {
    cargo test --package peers
}
