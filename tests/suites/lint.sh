# SPDX-License-Identifier: Apache-2.0
# about: formatting, clippy, licence lines, and what the source must not name

suite() {
    local passed=0 failed=0
    check formatting cargo fmt --all --check
    check clippy cargo clippy --workspace --all-targets -- -D warnings
    check licence-lines each_source_begins_with_its_licence
    check no-machine-paths no_path_of_this_machine
    check gate-names-no-network the_gate_names_no_network
    check gate-links-no-network the_gate_links_no_network
    check uplink-cannot-open the_uplink_links_no_seal
    check named-tests-exist each_test_that_a_document_names_exists
    check broken-patches-apply each_broken_patch_applies
    long_files
    conclude
}

each_source_begins_with_its_licence() {
    local file missing=0
    while read -r file; do
        # The second line where the first names an interpreter.
        if ! head -n 2 "$file" | grep -q 'SPDX-License-Identifier: Apache-2.0$'; then
            echo "$file has no SPDX line"
            missing=1
        fi
    done < <(sources)
    [ "$missing" = 0 ]
}

no_path_of_this_machine() {
    local -a paths=(-e "$PWD/" -e '/home/[a-z]' -e '/Users/[A-Za-z]')
    if [ "${HOME:-/}" != / ]; then
        paths+=(-e "$HOME/")
    fi
    nothing_matches git grep -nIE "${paths[@]}" -- . ':!tests/suites/lint.sh'
}

# P2: the gate cannot open a socket to a network. A name in quotes is a test that looks for it.
the_gate_names_no_network() {
    nothing_matches git grep -nE '(^|[^"])\b(std|core)::net\b|\bAF_INET|\bAddressFamily::Inet|\bSockaddrIn' \
        -- 'src/gate/*.rs'
}

the_gate_links_no_network() {
    local tree
    tree=$(cargo tree --package cloudmessaging_gate --edges normal --prefix none) || return
    nothing_matches grep -E '^(mqtt|rumqtt|tokio|mio|socket2|async-|hyper|cloudmessaging_uplink)' <<<"$tree"
}

# P4: the uplink cannot open what it carries; the code that could is not in it.
the_uplink_links_no_seal() {
    local tree
    tree=$(cargo tree --package cloudmessaging_uplink --edges normal --prefix none) || return
    nothing_matches grep -E '^(cloudmessaging_(seal|gate)|hpke) ' <<<"$tree"
}

# A promise is worth its test: a name of three words or more in code style is a test, a program that must not
# compile, or a check of this suite.
each_test_that_a_document_names_exists() {
    local name missing=0
    while read -r name; do
        if ! git grep -qE "fn $name\b|^$name\(\)|^ +$name: \"" -- '*.rs' 'tests/suites/*.sh' &&
            [ -z "$(git ls-files "*/$name.rs")" ]; then
            echo "no test is named $name"
            missing=1
        fi
    done < <(grep -ohE '`[a-z0-9]+(_[a-z0-9]+){2,}`' README.md docs/{threat-model,registrar,ledger}.md |
        tr -d '`' | sort -u)
    [ "$missing" = 0 ]
}

# Before `tests/run --broken` says so, half an hour later.
each_broken_patch_applies() {
    local patch bad=0
    for patch in tests/broken/*.patch; do
        git apply --check "$patch" || bad=1
    done
    [ "$bad" = 0 ]
}

# A warning and no more: what is long is not always too long.
long_files() {
    local lines file
    while read -r lines file; do
        if [ "$lines" -gt 400 ] && [ "$file" != total ]; then
            echo "warning: $file has $lines lines"
        fi
    done < <(sources | xargs wc -l)
}
