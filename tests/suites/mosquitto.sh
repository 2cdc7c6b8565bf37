# SPDX-License-Identifier: Apache-2.0
# about: the same, and what else speaks to a broker, with Debian's Mosquitto

suite() {
    need mosquitto mosquitto || return
    local file status=0
    # Alone, each: a test of that name in another package is another suite's.
    while read -r file; do
        cargo test --package "$(package_name "${file%/tests/*}")" \
            --test "$(basename "$file" .rs)" </dev/null || status=$?
    done < <(test_files --files-with-matches && echo tests/e2e/tests/mosquitto.rs)
    return "$status"
}
