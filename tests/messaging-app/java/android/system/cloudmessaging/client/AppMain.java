// SPDX-License-Identifier: Apache-2.0
package android.system.cloudmessaging.client;

import org.junit.runner.JUnitCore;
import org.junit.runner.notification.Failure;

/** Has Robolectric make an Android for {@link AppProcess}, which it does for tests. What goes wrong is printed to the log. */
final class AppMain {
    private AppMain() {}

    public static void main(String[] arguments) {
        for (Failure failure : JUnitCore.runClasses(AppProcess.class).getFailures()) {
            System.err.println(failure.getTrace());
        }
        // Threads of Android's would keep it.
        System.exit(0);
    }
}
