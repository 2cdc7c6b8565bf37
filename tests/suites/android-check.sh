# SPDX-License-Identifier: Apache-2.0
# about: what runs on a device type-checks for Android, without a warning

# The standard library for Android comes with Rust, and a check needs no linker. Build scripts ask for a C compiler
# all the same; what it makes is never used.
readonly ANDROID=x86_64-linux-android

suite() {
    local passed=0 failed=0 folder
    if ! command -v rustup >/dev/null; then
        echo "rustup is missing: it gives Rust's standard library for Android (https://rustup.rs)"
        return 1
    fi
    rustup target list --installed | grep -qx "$ANDROID" || rustup target add "$ANDROID"
    need cc gcc libc6-dev
    export AR_x86_64_linux_android=ar CC_x86_64_linux_android=$PWD/tests/android-check/cc
    export RUSTFLAGS='-D warnings' CARGO_TARGET_DIR=$target/android-check
    for folder in $(on_the_device); do
        check "$folder" cargo check --quiet --target "$ANDROID" --package "$(package_name "$folder")"
    done
    check what-is-planted-is-found what_is_planted_is_found
    conclude
}

# The packages of the workspace that a phone runs: all of src/ but the server's half, and the JNI library.
on_the_device() {
    local manifest
    for manifest in src/*/Cargo.toml java-shim/jni/Cargo.toml; do
        if [ -f "$manifest" ] && [ "$manifest" != src/registrar/Cargo.toml ]; then
            dirname "$manifest"
        fi
    done
}

# That what only Android's build has is really compiled, and that a warning there is an error.
planted() { # CODE
    local crate=$CARGO_TARGET_DIR/planted
    mkdir -p "$crate/src"
    printf '[package]\nname = "planted"\nedition = "2021"\n[workspace]\n' >"$crate/Cargo.toml"
    printf '//! Planted.\n#[cfg(target_os = "android")]\n%s\n' "$1" >"$crate/src/lib.rs"
    cargo check --quiet --offline --target "$ANDROID" --manifest-path "$crate/Cargo.toml" 2>/dev/null
}

what_is_planted_is_found() {
    planted 'pub fn sound() -> u32 { 1 }' &&
        ! planted 'pub fn mistaken() -> u32 { "1" }' &&
        ! planted 'fn unused() {}'
}
