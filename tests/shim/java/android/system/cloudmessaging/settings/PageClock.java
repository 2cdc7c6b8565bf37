// SPDX-License-Identifier: Apache-2.0
package android.system.cloudmessaging.settings;

import java.time.Clock;

/** Lets the tests say what time it is for the page. */
public final class PageClock {
    private PageClock() {}

    public static void set(Clock clock) {
        Sent.sClock = clock;
    }
}
