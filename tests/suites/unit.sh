# SPDX-License-Identifier: Apache-2.0
# about: each package alone

suite() {
    local manifest file
    local -a packages=()
    local -A tests=()
    for manifest in src/*/Cargo.toml host/*/Cargo.toml; do
        packages+=(--package "$(package_name "${manifest%/Cargo.toml}")")
    done
    while read -r file; do
        tests[--test=$(basename "$file" .rs)]=
    done < <(test_files --files-without-match)
    cargo test --no-fail-fast "${packages[@]}" --lib --bins "${!tests[@]}"
}
