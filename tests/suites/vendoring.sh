# SPDX-License-Identifier: Apache-2.0
# about: docs/vendoring.md lists the crates that AOSP lacks; with --full, AOSP's versions of the others fit

suite() {
    need python3 python3
    local passed=0 failed=0 scratch="$target/vendoring"
    mkdir -p "$scratch"
    check tables-are-current tests/vendoring/vendoring.py --check
    check another-version-is-noticed another_version_is_noticed
    check an-unknown-crate-is-noticed an_unknown_crate_is_noticed
    check a-crate-that-went-is-noticed a_crate_that_went_is_noticed
    if [ "${CM_FULL:-}" = 1 ]; then
        check fits-the-older-versions fits older
        check fits-the-newer-versions fits newer
    fi
    conclude
}

# What runs on a phone compiles with exactly the versions that AOSP has of what it names.
fits() { # older | newer
    CARGO_TARGET_DIR=$target tests/vendoring/versions.py "$1" "$scratch/$1"
}

# Each of these is what the first check has to fail for.
another_version_is_noticed() {
    sed 's/^| prost | [0-9.]* |/| prost | 0.1.2 |/' docs/vendoring.md >"$scratch/vendoring.md"
    refused 'is out of date' --document "$scratch/vendoring.md"
}

an_unknown_crate_is_noticed() {
    grep -v '^prost\b' tests/vendoring/aosp.tsv >"$scratch/aosp.tsv"
    refused 'prost .* is not in aosp.tsv' --list "$scratch/aosp.tsv"
}

a_crate_that_went_is_noticed() {
    printf 'abandoned\t1.0.0\t1.0.0\n' | cat tests/vendoring/aosp.tsv - >"$scratch/aosp.tsv"
    refused 'abandoned is in aosp.tsv' --list "$scratch/aosp.tsv"
}

refused() { # WORDS ARGUMENTS...
    local words=$1 said
    shift
    if said=$(tests/vendoring/vendoring.py --check "$@" 2>&1); then
        return 1
    fi
    grep -q "$words" <<<"$said"
}
