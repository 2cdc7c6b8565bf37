// SPDX-License-Identifier: Apache-2.0
package android.system.cloudmessaging.settings;

import android.system.cloudmessaging.ConsentState;
import android.system.cloudmessaging.OffReason;
import android.system.cloudmessaging.Policy;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArraySet;

/**
 * What this process was told of the state last, whoever had asked. The entries to the page go by it: while off the service
 * does not run, and is not to be started each time that somebody opens Settings.
 */
final class Known {
    /** Is told on the thread that asks the gate. */
    interface Watcher {
        /** `state` is null if there is no service. */
        void seen(ConsentState state);
    }

    enum Kind {
        /** Nothing was asked yet, or something that may have changed it. */
        UNKNOWN,
        UNAVAILABLE,
        /** There is no record, and nobody forbids one: only a grant turns on, and a grant goes by way of this process. */
        OFF,
        /** Off for another reason, which may pass. */
        HELD_OFF,
        ON,
    }

    private static final Set<Watcher> WATCHERS = new CopyOnWriteArraySet<>();
    private static volatile Kind sKind = Kind.UNKNOWN;

    private Known() {}

    static Kind kind() {
        return sKind;
    }

    static void watch(Watcher watcher) {
        WATCHERS.add(watcher);
    }

    static void unwatch(Watcher watcher) {
        WATCHERS.remove(watcher);
    }

    static void told(ConsentState state) {
        sKind = kind(state);
        for (Watcher watcher : WATCHERS) {
            watcher.seen(state);
        }
    }

    /** Something is about to be asked that may turn on. */
    static void forget() {
        if (sKind == Kind.OFF) {
            sKind = Kind.UNKNOWN;
        }
    }

    static Kind kind(ConsentState state) {
        if (state == null) {
            return Kind.UNAVAILABLE;
        }
        if (state.on) {
            return Kind.ON;
        }
        boolean plainly =
                state.durable
                        && state.offReason == OffReason.NO_RECORD
                        && state.policy == Policy.NONE;
        return plainly ? Kind.OFF : Kind.HELD_OFF;
    }
}
