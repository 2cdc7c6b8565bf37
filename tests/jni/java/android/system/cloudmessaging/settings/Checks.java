// SPDX-License-Identifier: Apache-2.0
package android.system.cloudmessaging.settings;

import java.io.FileDescriptor;
import java.io.IOException;
import java.lang.reflect.Field;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Objects;

/** Checks that are counted: one line for each, and one at the end for all. */
final class Checks {
    private static int sChecks;

    private Checks() {}

    /** What is checked: fails by throwing. */
    interface Body {
        void run() throws Throwable;
    }

    static void check(String name, Body body) {
        String result = "ok";
        try {
            body.run();
        } catch (Throwable e) {
            StackTraceElement[] trace = e.getStackTrace();
            result = (e + (trace.length == 0 ? "" : " at " + trace[0])).replace('\n', ' ');
        }
        synchronized (Checks.class) {
            sChecks++;
            System.out.println("check " + name + " ... " + result);
        }
    }

    /** The last thing that a program does. */
    static void end() {
        System.out.println("checks " + sChecks);
        // Not to wait for threads of a check that failed.
        System.exit(0);
    }

    static void equal(Object expected, Object actual) {
        if (!Objects.equals(expected, actual)) {
            throw new AssertionError("expected " + expected + ", not " + actual);
        }
    }

    static void holds(boolean condition, String otherwise) {
        if (!condition) {
            throw new AssertionError(otherwise);
        }
    }

    /** What the body throws, which has to be of this very class. */
    static <T extends Throwable> T thrown(Class<T> expected, Body body) {
        try {
            body.run();
        } catch (Throwable e) {
            if (e.getClass() == expected) {
                return expected.cast(e);
            }
            throw new AssertionError("expected " + expected.getName() + ", not " + e, e);
        }
        throw new AssertionError("expected " + expected.getName() + ", not a result");
    }

    /** The number of a descriptor, which ParcelFileDescriptor.getFd gives on a phone. */
    static int number(FileDescriptor descriptor) throws ReflectiveOperationException {
        Field field = FileDescriptor.class.getDeclaredField("fd");
        field.setAccessible(true);
        return field.getInt(descriptor);
    }

    /** How many descriptors this process has open. */
    static int descriptors() throws IOException {
        try (var open = Files.newDirectoryStream(Path.of("/proc/self/fd"))) {
            int count = 0;
            for (Path ignored : open) {
                count++;
            }
            return count;
        }
    }

    /** The text of a file, or null if there is none. */
    static String text(Path folder, String file) throws IOException {
        Path path = folder.resolve(file);
        if (!Files.exists(path)) {
            return null;
        }
        return new String(Files.readAllBytes(path), StandardCharsets.UTF_8);
    }
}
