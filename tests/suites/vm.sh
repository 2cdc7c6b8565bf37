# SPDX-License-Identifier: Apache-2.0
# about: a kernel with Binder and SELinux enforcing, emulated: the policy holds, the phone's processes come and go

suite() {
    need qemu-system-x86_64 qemu-system-x86
    need busybox busybox-static
    need cpio cpio
    need strip binutils
    need checkpolicy checkpolicy
    need m4 m4
    local vm=$target/vm log image programs
    image=$vm/image log=$vm/console
    mkdir -p "$vm"
    unpack_kernel "$vm"

    # The programs as the other suites build them, then what is of this suite alone.
    cargo build --bins --package cloudmessaging_gate --package cloudmessaging_uplink --package cmctl \
        --package cloudmessaging_registrar --package cloudmessaging_broker
    cargo build --bins --package cloudmessaging_init --package cloudmessaging_servicemanager --package vm
    cargo test --package vm

    tests/vm/build-image "$vm/kernel" "$target/debug" "$image"
    local begin=$SECONDS
    tests/vm/boot "$vm/kernel" "$image/initrd" | sed --unbuffered 's|\r$||' | tee "$log"
    echo "from boot to result: $((SECONDS - begin)) s"
    grep -q '^test result: ok' "$log"
}

# The kernel that Debian installs, with its modules, unpacked and not installed.
unpack_kernel() { # FOLDER
    local package
    package=$(newest_kernel)
    if [ -n "$package" ] && [ "$(cat "$1/kernel/package" 2>/dev/null)" = "$package" ]; then
        return
    fi
    # The list of packages may be old, or not there.
    if [ "$(id -u)" = 0 ]; then
        apt-get update -qq
        package=$(newest_kernel)
    fi
    if [ -z "$package" ]; then
        echo 'apt knows no linux-image-amd64: this suite needs Debian. Run: sudo apt-get update'
        return 1
    fi
    echo "unpacking $package"
    rm -rf "$1/kernel" "$1"/linux-image-*.deb
    (cd "$1" && apt-get download -qq -o APT::Sandbox::User=root "$package")
    dpkg-deb --extract "$1"/linux-image-*.deb "$1/kernel"
    rm "$1"/linux-image-*.deb
    echo "$package" >"$1/kernel/package"
}

newest_kernel() {
    apt-cache depends linux-image-amd64 2>/dev/null |
        sed -n 's/^ *Depends: *\(linux-image-.*-amd64\)$/\1/p'
}
