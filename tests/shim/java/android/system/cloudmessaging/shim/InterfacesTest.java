// SPDX-License-Identifier: Apache-2.0
package android.system.cloudmessaging.shim;

import static org.junit.Assert.assertEquals;
import static org.junit.Assert.assertTrue;

import java.io.IOException;
import java.lang.reflect.Field;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.Test;

/** Whether the Java that aidl_java.py made is what the .aidl files say; these are read here a second time, in another way. */
public final class InterfacesTest {
    private static final Path AIDL =
            Path.of(System.getProperty("shim.source"), "../../aidl/android/system/cloudmessaging");
    private static final String PACKAGE = "android.system.cloudmessaging.";

    /** Name and text without comments of each .aidl file that begins with that word. */
    private static List<String[]> files(String kind) throws IOException {
        List<String[]> found = new ArrayList<>();
        try (Stream<Path> paths = Files.list(AIDL)) {
            for (Path path : (Iterable<Path>) paths.sorted()::iterator) {
                String text =
                        Files.readString(path).replaceAll("(?s)/\\*.*?\\*/", "").replaceAll("//.*", "");
                String name = path.getFileName().toString().replace(".aidl", "");
                if (text.contains(kind + " " + name)) {
                    found.add(new String[] {name, text.substring(text.indexOf('{'))});
                }
            }
        }
        assertTrue(kind, found.size() > 3);
        return found;
    }

    private static List<String> matches(String pattern, String text) {
        Matcher matcher = Pattern.compile(pattern).matcher(text);
        List<String> found = new ArrayList<>();
        while (matcher.find()) {
            found.add(
                    matcher.groupCount() == 1
                            ? matcher.group(1)
                            : matcher.group(1) + " " + matcher.group(2));
        }
        return found;
    }

    @Test
    public void anEnumIsAnAnnotationWithItsConstants() throws Exception {
        for (String[] file : files("enum")) {
            List<String> made = new ArrayList<>();
            for (Field field : Class.forName(PACKAGE + file[0]).getFields()) {
                made.add(field.getName() + " " + field.getInt(null));
            }
            assertEquals(file[0], matches("(\\w+) = (\\d+),", file[1]), made);
        }
    }

    @Test
    public void aParcelableHasItsFieldsInTheirOrder() throws Exception {
        List<String> enums = new ArrayList<>();
        for (String[] file : files("enum")) {
            enums.add(file[0]);
        }
        for (String[] file : files("parcelable")) {
            List<String> made = new ArrayList<>();
            for (Field field : Class.forName(PACKAGE + file[0]).getDeclaredFields()) {
                if (!Modifier.isStatic(field.getModifiers())) {
                    made.add(field.getType().getSimpleName() + " " + field.getName());
                }
            }
            List<String> said = new ArrayList<>();
            for (String field : matches("([\\w\\[\\]]+) (\\w+)(?: = [^;]*)?;", file[1])) {
                String type = field.substring(0, field.indexOf(' ')).replace("[]", "");
                said.add(enums.contains(type) ? field.replaceFirst(type, "int") : field);
            }
            assertEquals(file[0], said, made);
        }
    }

    @Test
    public void aMethodHasTheCodeOfItsPlace() throws Exception {
        for (String[] file : files("interface")) {
            String text = file[1].replaceAll("const int \\w+ = \\d+;", "");
            List<String> said = matches("(\\w+)\\((?:[^)]*)\\);", text);
            Class<?> stub = Class.forName(PACKAGE + file[0] + "$Stub");
            String[] made = new String[said.size()];
            for (Field field : stub.getDeclaredFields()) {
                if (field.getName().startsWith("TRANSACTION_")) {
                    field.setAccessible(true);
                    made[field.getInt(null) - 1] = field.getName().substring("TRANSACTION_".length());
                }
            }
            assertEquals(file[0], said, Arrays.asList(made));
            TreeSet<String> methods = new TreeSet<>();
            for (Method method : Class.forName(PACKAGE + file[0]).getDeclaredMethods()) {
                methods.add(method.getName());
            }
            assertEquals(file[0], new TreeSet<>(said), methods);
        }
    }
}
