# SPDX-License-Identifier: Apache-2.0
# about: what a Messaging app links, with the real daemons and a witness of each SMS; all are killed at each named step

suite() {
    need_maven
    cargo build --package shim
    # Builds the programs that it starts, and ends with its input.
    "$target/debug/two_phones" </dev/null
    # The document's Java is compiled with the tests.
    tests/messaging-app/snippets.py docs/messaging-app.md "$target/messaging-app/snippets"
    maven_tests messaging-app "-Dshim.bed=$target/debug/two_phones" \
        "-Dbuilt=$PWD/java-shim/client/src" "-Dbuilt.also=$PWD/java-shim/client/src" \
        "-Dtested=$PWD/tests/messaging-app/java" "-Dtested.also=$target/messaging-app/snippets" \
        "-Dtested.resources=$PWD/tests/messaging-app/resources"
}
