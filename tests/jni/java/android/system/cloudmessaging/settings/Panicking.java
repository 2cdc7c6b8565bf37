// SPDX-License-Identifier: Apache-2.0
package android.system.cloudmessaging.settings;

/** The entry point that only the tests' build of the library has. */
final class Panicking {
    private Panicking() {}

    /** Panics with this text; 5 if it is empty. */
    static native int panic(String text);
}
