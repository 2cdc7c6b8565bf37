# SPDX-License-Identifier: Apache-2.0
# about: what the settings page checks for itself, called from a Java virtual machine

suite() {
    need javac default-jdk-headless
    cargo test --package jni_tests
}
