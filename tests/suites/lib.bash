# SPDX-License-Identifier: Apache-2.0
#
# What the suites in this folder share. tests/run has a bash of its own read this file, then NAME.sh, and call
# `suite`, in the project's folder: the first command that fails ends it, unless the suite says otherwise.
#
# To add a suite: a file beside this one, with `# about:` as its second line and a function `suite`, whose output holds a
# line `test result:` in the words of cargo's test runner (see `conclude`); and its name in tests/run.
set -euo pipefail

# Where cargo builds: what a suite makes goes there too.
target=$(realpath --canonicalize-missing "${CARGO_TARGET_DIR:-target}")

# need PROGRAM PACKAGE...: installs the Debian packages if the program is missing.
need() {
    if command -v "$1" >/dev/null || [ -x "/usr/sbin/$1" ]; then
        return 0
    fi
    install_packages "$@"
}

# need_module MODULE PACKAGE...: the same for a module of Debian's Python.
need_module() {
    local python
    for python in python3 /usr/bin/python3; do
        if "$python" -c "import $1" 2>/dev/null; then
            return 0
        fi
    done
    install_packages "$@"
}

install_packages() { # WANTED PACKAGE...
    local wanted=$1
    shift
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
        echo "installing $*, for $wanted"
        apt-get update -qq &&
            DEBIAN_FRONTEND=noninteractive apt-get install -qq --no-install-recommends "$@"
        return
    fi
    echo "$wanted is missing. Run: sudo apt-get install $*"
    return 1
}

package_name() { # FOLDER
    sed -n 's/^name = "\(.*\)"$/\1/p' "$1/Cargo.toml" | head -n 1
}

# The integration tests of src/ and host/ that start Mosquitto, or those that do not.
test_files() { # --files-with-matches | --files-without-match
    grep -s "$1" 'mosquitto::Mosquitto' {src,host}/*/tests/*.rs
}

# ---- for a suite that is not of cargo's tests

# check NAME COMMAND...: counts in the caller's `passed` and `failed`.
check() {
    local name=$1
    shift
    if "$@"; then
        passed=$((passed + 1))
        echo "check $name ... ok"
    else
        failed=$((failed + 1))
        echo "check $name ... FAILED"
    fi
}

# Ends in the words of cargo's test runner, so that all suites are counted alike.
conclude() {
    local verdict=ok
    [ "$failed" = 0 ] || verdict=FAILED
    echo "test result: $verdict. $passed passed; $failed failed"
    [ "$failed" = 0 ]
}

# ---- for a suite of Java

need_maven() {
    need javac openjdk-17-jdk-headless
    need mvn maven
    need aidl aidl
    need aapt2 aapt
    need unzip unzip
    need zip zip
}

# maven_tests SUITE ARGUMENT...: Maven's tests of tests/shim, in a folder of the suite's below `target`, and the conclusion.
# CM_ONLY names some, as Maven's -Dtest does.
maven_tests() {
    local work=$target/$1 log=$target/tests/$1-maven.log status=0 counted
    local run failures errors skipped passed failed
    shift
    mkdir -p "$work" "${log%/*}"
    (
        cd tests/shim
        mvn --batch-mode --no-transfer-progress -Dstyle.color=never test "-Dwork=$work" \
            "-Dshim.bridge=$target/debug/libshim_bridge.so" "$@" ${CM_ONLY:+"-Dtest=$CM_ONLY"}
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
    conclude
}

# nothing_matches GREP...: grep says 1 when it found nothing; 2 is its own failure.
nothing_matches() {
    local status=0
    "$@" || status=$?
    [ "$status" = 1 ]
}

sources() {
    git ls-files '*.rs' '*.proto' '*.aidl' '*.java' '*.py' '*.sh' '*.bash' '*.bp' '*.mk' '*.te' \
        '*.rc' tests/run .ci/run | grep -v '^src/wire/src/generated/'
}
