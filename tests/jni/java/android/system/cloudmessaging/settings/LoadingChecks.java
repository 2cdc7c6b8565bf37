// SPDX-License-Identifier: Apache-2.0
package android.system.cloudmessaging.settings;

import static android.system.cloudmessaging.settings.Checks.check;
import static android.system.cloudmessaging.settings.Checks.equal;
import static android.system.cloudmessaging.settings.Checks.holds;
import static android.system.cloudmessaging.settings.Checks.thrown;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Path;

/** One library is loaded for one class loader; a copy of it for another, as a test of the page needs. */
final class LoadingChecks {
    private LoadingChecks() {}

    public static void main(String[] arguments) {
        String first = System.getProperty("cloudmessaging.jni");
        check("another_class_loader_needs_a_copy", () -> {
            byte[] own = RegistrationPlaintext.preview("+15550100", "", "", new int[] {1, 8}, 5);
            InvocationTargetException same =
                    thrown(InvocationTargetException.class, LoadingChecks::elsewhere);
            holds(same.getCause() instanceof UnsatisfiedLinkError, "" + same.getCause());
            System.setProperty("cloudmessaging.jni", arguments[0]);
            equal(own.length, elsewhere().length);
            System.setProperty("cloudmessaging.jni", first);
        });
        Checks.end();
    }

    /** The same call by classes of another loader. */
    private static byte[] elsewhere() throws Exception {
        URL classes = LoadingChecks.class.getProtectionDomain().getCodeSource().getLocation();
        ClassLoader platform = ClassLoader.getPlatformClassLoader();
        try (URLClassLoader loader = new URLClassLoader(new URL[] {classes}, platform)) {
            Class<?> other = loader.loadClass(RegistrationPlaintext.class.getName());
            holds(other != RegistrationPlaintext.class, "the same class");
            Class<?> text = String.class;
            Method preview =
                    other.getMethod("preview", text, text, text, int[].class, long.class);
            Object made = preview.invoke(null, "+15550100", "", "", new int[] {1, 8}, 5L);
            return (byte[]) made;
        }
    }
}
