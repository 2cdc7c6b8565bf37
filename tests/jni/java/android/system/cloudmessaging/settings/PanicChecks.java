// SPDX-License-Identifier: Apache-2.0
package android.system.cloudmessaging.settings;

import static android.system.cloudmessaging.settings.Checks.check;
import static android.system.cloudmessaging.settings.Checks.equal;
import static android.system.cloudmessaging.settings.Checks.holds;
import static android.system.cloudmessaging.settings.Checks.number;
import static android.system.cloudmessaging.settings.Checks.thrown;

import java.io.FileInputStream;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/** A panic ends the call that it is in, and nothing else; what it says stays inside. */
final class PanicChecks {
    private PanicChecks() {}

    public static void main(String[] arguments) {
        String export = arguments[0];
        String secret = arguments[1];
        check("a_panic_is_an_exception_that_says_where_and_not_what", () -> {
            // Loads the library.
            verify(export);
            equal(5, Panicking.panic(""));
            panic(secret);
        });
        check("after_a_panic_everything_works_as_before", () -> {
            for (int i = 0; i < 100; i++) {
                panic(secret);
                verify(export);
                equal(5, Panicking.panic(""));
            }
        });
        check("a_panic_in_one_thread_is_nothing_to_the_others", () -> {
            ExecutorService threads = Executors.newFixedThreadPool(6);
            List<Future<?>> calls = new ArrayList<>();
            for (int i = 0; i < 300; i++) {
                boolean panics = i % 2 == 0;
                calls.add(threads.submit(() -> {
                    if (panics) {
                        panic(secret);
                    } else {
                        verify(export);
                    }
                    return null;
                }));
            }
            for (Future<?> call : calls) {
                call.get();
            }
            threads.shutdown();
        });
        Checks.end();
    }

    private static void panic(String secret) {
        RuntimeException failed =
                thrown(RuntimeException.class, () -> Panicking.panic(secret));
        String message = failed.getMessage();
        String form = "the native library failed \\(java-shim/jni/src/lib\\.rs:[0-9]+\\)";
        holds(message.matches(form), message.replace(secret, "(what it said)"));
        equal(null, failed.getCause());
    }

    private static void verify(String export) throws Exception {
        try (FileInputStream file = new FileInputStream(export)) {
            int descriptor = number(file.getFD());
            equal(9L, VerifiedLedger.verify(descriptor, null, null).getSize());
        }
    }
}
