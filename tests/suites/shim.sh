# SPDX-License-Identifier: Apache-2.0
# about: the settings page, on Android 14's classes, with the real cloudmessagingd behind it

suite() {
    need_maven
    cargo build --package shim --package cloudmessaging_jni
    # Builds the programs that it starts, and ends with its input.
    "$target/debug/bed" </dev/null
    count_java
    maven_tests shim "-Dshim.bed=$target/debug/bed" "-Dcloudmessaging.jni=$target/debug/libcloudmessaging_jni.so"
}

# How thin it is, for who wants to know.
count_java() {
    local folder
    for folder in java-shim/app java-shim/jni java-shim/client tests/shim; do
        if [ -d "$folder" ]; then
            find "$folder" -name '*.java' -not -path '*/target/*' -print0 | xargs -0 cat |
                printf 'lines of Java in %s: %s\n' "$folder" "$(wc -l)"
        fi
    done
}
