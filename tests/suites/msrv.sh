# SPDX-License-Identifier: Apache-2.0
# about: what runs on a device builds with Rust 1.86

suite() {
    local passed=0 failed=0 folder version
    version=$(sed -n 's/^rust-version = "\(.*\)"$/\1/p' Cargo.toml)
    if ! command -v rustup >/dev/null; then
        echo "rustup is missing: it gives the Rust $version to check with (https://rustup.rs)"
        return 1
    fi
    if ! cargo "+$version" --version >/dev/null 2>&1; then
        rustup toolchain install "$version" --profile minimal || return
    fi
    for folder in src/wire src/seal src/ledger src/config src/preview src/gate src/uplink src/cmctl java-shim/jni; do
        check "$folder" cargo "+$version" check --package "$(package_name "$folder")"
    done
    conclude
}
