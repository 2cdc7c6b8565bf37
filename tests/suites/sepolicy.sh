# SPDX-License-Identifier: Apache-2.0
# about: what each process may on a phone: the SELinux policy compiled, broken, listed, and held against what it labels

suite() {
    need m4 m4
    need checkpolicy checkpolicy
    need secilc secilc
    need sefcontext_compile selinux-utils
    need sesearch setools
    local passed=0 failed=0 variant compiler out=$target/sepolicy
    for variant in user userdebug; do
        for compiler in secilc checkpolicy; do
            check "compiles-for-$variant-with-$compiler" tests/sepolicy/build-policy \
                --variant "$variant" --compiler "$compiler" "$out/$variant"
        done
    done
    conclude
    local status=0
    # Debian's Python: setools is for no other.
    /usr/bin/python3 tests/sepolicy/contexts.py "$out/user/policy.33" || status=1
    /usr/bin/python3 tests/sepolicy/permissions.py "$out"/{user,userdebug}/policy.33 || status=1
    /usr/bin/python3 tests/sepolicy/violations.py "$out/violation" || status=1
    return "$status"
}
