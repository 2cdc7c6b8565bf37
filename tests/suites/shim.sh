# SPDX-License-Identifier: Apache-2.0
# about: the settings page, on Android 14's classes, with the real cloudmessagingd behind it

suite() {
    need javac openjdk-17-jdk-headless
    need mvn maven
    need aidl aidl
    need aapt2 aapt
    need unzip unzip
    need zip zip
    local work=$target/shim log=$target/tests/shim-maven.log status=0 counted
    local run failures errors skipped passed failed
    mkdir -p "$work" "${log%/*}"
    cargo build --package shim --package cloudmessaging_jni
    # Builds the programs that it starts, and ends with its input.
    "$target/debug/bed" </dev/null
    (
        cd tests/shim
        mvn --batch-mode --no-transfer-progress -Dstyle.color=never test "-Dwork=$work" "-Dshim.bed=$target/debug/bed" \
            "-Dshim.bridge=$target/debug/libshim_bridge.so" \
            "-Dcloudmessaging.jni=$target/debug/libcloudmessaging_jni.so" ${CM_ONLY:+"-Dtest=$CM_ONLY"}
    ) | tee "$log" || status=$?
    # The last of these lines is the sum.
    counted=$(sed -nE 's/.*Tests run: ([0-9]+), Failures: ([0-9]+), Errors: ([0-9]+), Skipped: ([0-9]+)$/\1 \2 \3 \4/p' \
        "$log" | tail -n 1)
    read -r run failures errors skipped <<<"${counted:-0 0 1 0}"
    failed=$((failures + errors + skipped))
    passed=$((run - failed))
    if [ "$status" != 0 ] && [ "$failed" = 0 ]; then
        failed=1
    fi
    # Maven's last line may have no end.
    echo
    count_java
    conclude
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
