// SPDX-License-Identifier: Apache-2.0
package android.system.cloudmessaging.client;

import java.util.function.Consumer;

/**
 * Named steps: the places between two things that are durable or can be seen from outside, where a crash must not make one
 * message two. A test watches them, and ends the process at each; there is no list of them but the source.
 */
final class Step {
    static volatile Consumer<String> sWatcher = name -> {};

    private Step() {}

    static void reached(String name) {
        sWatcher.accept(name);
    }
}
