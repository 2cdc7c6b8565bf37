# SPDX-License-Identifier: Apache-2.0
# about: two release builds in different folders are the same, byte for byte

suite() {
    local passed=0 failed=0 program
    local folder=$target/reproducible
    rm -rf "$folder/here" "$folder/elsewhere" "$folder/source"
    # The tree as it lies here, in another folder and under another home.
    local elsewhere=$folder/source/at/another/path home=$folder/source/home
    mkdir -p "$elsewhere" "$home"
    git ls-files -z --cached --others --exclude-standard | xargs -0 cp --parents --target-directory="$elsewhere"
    ln -s "$(realpath "${CARGO_HOME:-$HOME/.cargo}")/registry" "$home/registry"
    # Its own cargo would not find the crates that are fetched while the other waits for them.
    cargo fetch --locked

    # At once: linking keeps one core busy, and takes most of the time.
    build "$folder/build" "$folder/here" tests/reproducible/build &
    local first=$!
    CARGO_HOME=$home build "$folder/build-elsewhere" "$folder/elsewhere" \
        "$elsewhere/tests/reproducible/build"
    wait "$first"

    for program in cloudmessagingd cloudmessaging_uplink cmctl; do
        check "$program-is-the-same" cmp "$folder/here/$program" "$folder/elsewhere/$program"
        check "$program-names-no-folder" names_no_folder "$folder/here/$program"
    done
    conclude
}

# build TARGET-FOLDER FOLDER SCRIPT
build() {
    CARGO_TARGET_DIR=$1 "$3" "$2"
}

names_no_folder() { # PROGRAM
    nothing_matches grep -qaF -e "$PWD/" -e "$target/" -e "${CARGO_HOME:-$HOME/.cargo}/" "$1"
}
