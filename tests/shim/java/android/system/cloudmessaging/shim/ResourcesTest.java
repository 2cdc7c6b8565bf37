// SPDX-License-Identifier: Apache-2.0
package android.system.cloudmessaging.shim;

import static org.junit.Assert.assertEquals;
import static org.junit.Assert.assertFalse;
import static org.junit.Assert.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import javax.xml.parsers.DocumentBuilderFactory;
import org.junit.Test;
import org.w3c.dom.Element;
import org.w3c.dom.NodeList;

/** The app's words are in its resources, each is used, and an overlay reaches none of them. */
public final class ResourcesTest {
    private static final Path APP = Path.of(System.getProperty("shim.source"), "../../java-shim/app");
    private static final Path OVERLAY =
            Path.of(System.getProperty("shim.source"), "../../product/overlay/privacy");
    /** What is not read by the owner: said to a log, in an exception, to the compiler or to the platform. */
    private static final Pattern UNSEEN =
            Pattern.compile("\\bLog\\.[a-z]+\\(|\\bnew \\w*(Exception|Error)\\(|@SuppressWarnings\\("
                    + "|\\.setProcessImportant\\(");
    private static final Pattern LITERAL = Pattern.compile("\"((?:[^\"\\\\]|\\\\.)*)\"");
    private static final Pattern WORDS = Pattern.compile("\\p{L}{2,} \\p{L}{2,}|^\\p{Lu}\\p{Ll}+$");
    private static final Pattern STATEMENT = Pattern.compile("[^;{}]+");
    private static final Pattern COMMENT = Pattern.compile("(?s)/\\*.*?\\*/|//[^\n]*");

    private static List<Path> files(Path folder, String ending) throws IOException {
        try (Stream<Path> files = Files.walk(folder)) {
            return files.filter(file -> file.toString().endsWith(ending)).sorted().toList();
        }
    }

    private static List<Element> elements(Path file, String name) throws Exception {
        NodeList nodes = DocumentBuilderFactory.newInstance().newDocumentBuilder()
                .parse(file.toFile()).getElementsByTagName(name);
        List<Element> found = new ArrayList<>();
        for (int i = 0; i < nodes.getLength(); i++) {
            found.add((Element) nodes.item(i));
        }
        return found;
    }

    @Test
    public void everyWordIsUsed() throws Exception {
        StringBuilder all = new StringBuilder();
        for (Path file : files(APP.resolve("src"), ".java")) {
            all.append(Files.readString(file));
        }
        all.append(Files.readString(APP.resolve("AndroidManifest.xml")));
        for (Path file : files(APP.resolve("res"), ".xml")) {
            all.append(Files.readString(file));
        }
        int seen = 0;
        for (Path file : files(APP.resolve("res/values"), ".xml")) {
            for (String kind : new String[] {"string", "plurals"}) {
                for (Element word : elements(file, kind)) {
                    String name = word.getAttribute("name");
                    Pattern use = Pattern.compile("R\\." + kind + "\\." + name + "\\b|@" + kind + "/" + name + "\"");
                    assertTrue(file.getFileName() + ": nobody says " + name, use.matcher(all).find());
                    seen++;
                }
            }
        }
        assertTrue(seen > 50);
    }

    /** Text that has two words in a row would be English on every phone. */
    @Test
    public void noWordIsInTheCode() throws Exception {
        List<String> found = new ArrayList<>();
        for (Path file : files(APP.resolve("src"), ".java")) {
            Matcher statement = STATEMENT.matcher(COMMENT.matcher(Files.readString(file)).replaceAll(""));
            while (statement.find()) {
                Matcher literal = LITERAL.matcher(statement.group());
                while (!UNSEEN.matcher(statement.group()).find() && literal.find()) {
                    if (WORDS.matcher(literal.group(1)).find()) {
                        found.add(file.getFileName() + ": " + literal.group(1));
                    }
                }
            }
        }
        // A tag of the log, and never shown.
        found.removeIf(text -> text.endsWith(": CloudMessaging"));
        assertEquals(List.of(), found);
    }

    @Test
    public void noWordIsInAnotherResource() throws Exception {
        Pattern said = Pattern.compile("android:(text|title|summary|label|hint|contentDescription)=\"([^\"@?][^\"]*)\"");
        List<Path> files = new ArrayList<>(files(APP.resolve("res"), ".xml"));
        files.add(APP.resolve("AndroidManifest.xml"));
        for (Path file : files) {
            Matcher words = said.matcher(Files.readString(file));
            assertFalse(file.toString(), words.find());
        }
    }

    /** An overlay may say where the tile is; what the owner is told, and so agrees to, it may not change. */
    @Test
    public void anOverlayReachesNoWordOfThePage() throws Exception {
        Path file = APP.resolve("res/values/overlayable.xml");
        Set<String> reached = new TreeSet<>();
        for (Element item : elements(file, "item")) {
            reached.add(item.getAttribute("type") + "/" + item.getAttribute("name"));
        }
        assertEquals(Set.of("string/settings_category"), reached);
        // The example is one of it.
        Element overlay = elements(OVERLAY.resolve("AndroidManifest.xml"), "overlay").get(0);
        assertEquals(elements(file, "overlayable").get(0).getAttribute("name"),
                overlay.getAttribute("android:targetName"));
        assertEquals("android.system.cloudmessaging.settings", overlay.getAttribute("android:targetPackage"));
        for (Path values : files(OVERLAY.resolve("res"), ".xml")) {
            for (Element string : elements(values, "string")) {
                assertTrue(reached.contains("string/" + string.getAttribute("name")));
            }
        }
        // As it is built: a package that holds this one string.
        Process dump = new ProcessBuilder("aapt2", "dump", "resources",
                Path.of(System.getProperty("shim.work"), "overlay.apk").toString()).start();
        String resources = new String(dump.getInputStream().readAllBytes(), java.nio.charset.StandardCharsets.UTF_8);
        assertTrue(resources, resources.contains("string/settings_category"));
        assertTrue(resources, resources.contains("com.android.settings.category.ia.privacy"));
    }
}
