# SPDX-License-Identifier: Apache-2.0
# about: what reads others' bytes, under libFuzzer: 15 s for each target, 10 minutes with --full

# What finds its way by what an input reaches: as cargo-fuzz sets it. `passes` and `llvm-args` are stable options of
# rustc. No address sanitizer, whose option is not: what is read here is read by safe Rust, which panics where C
# would read on; overflow checks and debug assertions are the profile's.
readonly COVERAGE="--cfg fuzzing -Cpasses=sancov-module \
-Cllvm-args=-sanitizer-coverage-level=4 \
-Cllvm-args=-sanitizer-coverage-inline-8bit-counters \
-Cllvm-args=-sanitizer-coverage-pc-table \
-Cllvm-args=-sanitizer-coverage-trace-compares"

# A reader that takes this long for one input, or this much memory, can be stopped by one. The machine may be busy.
readonly LIMITS=(-timeout=60 -rss_limit_mb=1024 -max_len=16384)

suite() {
    need c++ build-essential
    local passed=0 failed=0 seconds=15 triple programs memory name
    [ "${CM_FULL:-}" != 1 ] || seconds=600
    # What is kept, by itself: without libFuzzer.
    cargo test --package fuzz
    triple=$(rustc -vV | sed -n 's/^host: //p')
    # With a target named, cargo leaves build scripts and macros out of the instrumentation.
    RUSTFLAGS=$COVERAGE cargo build --package fuzz --bins --features libfuzzer --profile fuzz \
        --target "$triple" --target-dir "$target/fuzz"
    programs=$target/fuzz/$triple/fuzz
    # For what the targets write: in memory where there is a file system that is.
    memory=$(mktemp -d -p /dev/shm 2>/dev/null || mktemp -d)
    trap "rm -rf '$memory'" EXIT
    # Two at a time, as many as there are cores.
    for name in $(targets); do
        start "$name" "$seconds" &
        [ "$(jobs -pr | wc -l)" -lt "$(nproc)" ] || wait -n || true
    done
    wait
    for name in $(targets); do
        report "$name"
    done
    conclude
}

targets() {
    sed -n 's/^name = "\(.*\)"$/\1/p' fuzz/Cargo.toml | tail -n +2
}

# Begins with what is kept and goes on with what earlier runs found on this machine.
start() { # TARGET SECONDS
    local work=$target/fuzz/work/$1
    mkdir -p "$work/corpus" "$work/failed" "fuzz/crashes/$1"
    rm -f "$work/status"
    local status=0
    TMPDIR=$memory "$programs/$1" -max_total_time="$2" "${LIMITS[@]}" -print_final_stats=1 \
        -artifact_prefix="$work/failed/" "$work/corpus" "fuzz/corpus/$1" >"$work/log" 2>&1 || status=$?
    echo "$status" >"$work/status"
}

report() { # TARGET
    local work=$target/fuzz/work/$1 runs coverage input
    runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$work/log")
    coverage=$(sed -nE 's/^#[0-9]+.* cov: ([0-9]+) .*/\1/p' "$work/log" | tail -n 1)
    if [ "$(cat "$work/status")" = 0 ] && [ "${runs:-0}" -gt 0 ]; then
        passed=$((passed + 1))
        echo "check fuzz $1 ... ok ($runs runs, cov $coverage)"
        return
    fi
    failed=$((failed + 1))
    grep -vE '^#[0-9]+|^INFO:' "$work/log" | tail -n 60
    echo "check fuzz $1 ... FAILED"
    input=$(sed -n 's/^.*Test unit written to //p' "$work/log" | tail -n 1)
    if [ -n "$input" ]; then
        echo "The input is in $input"
        echo "Again, under libFuzzer: $programs/$1 $input"
        echo "Again, without, and for good: cp $input fuzz/crashes/$1/ && cargo test -p fuzz"
    fi
}
