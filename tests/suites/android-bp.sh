# SPDX-License-Identifier: Apache-2.0
# about: Android.bp and product/ fit the tree, the code and the policy; bpfmt finds nothing to say

suite() {
    local passed=0 failed=0
    need make make
    build_bpfmt
    check bpfmt bpfmt_finds_nothing_to_say
    check bpfmt-finds-something bpfmt_finds_what_is_wrong
    conclude
    cargo test --package soong
}

# Blueprint's own formatter, of Debian's source. It has no dependencies: nothing is fetched.
build_bpfmt() {
    need go golang-go
    if [ ! -d /usr/share/gocode/src/github.com/google/blueprint/bpfmt ]; then
        install_packages bpfmt golang-github-google-blueprint-dev
    fi
    GO111MODULE=off GOFLAGS='' GOPATH=/usr/share/gocode GOTOOLCHAIN=local GOCACHE="$target/go-build" \
        go build -o "$target/bpfmt" github.com/google/blueprint/bpfmt
}

bpfmt_finds_nothing_to_say() {
    local said
    said=$(git ls-files 'Android.bp' '*/Android.bp' | xargs "$target/bpfmt" -d) || return
    echo "$said"
    [ -z "$said" ]
}

# A formatter that is silent about everything would prove nothing.
bpfmt_finds_what_is_wrong() {
    sed 's/^    name: /  name: /' Android.bp >"$target/unformatted.bp"
    [ -n "$("$target/bpfmt" -l "$target/unformatted.bp")" ]
}
