// SPDX-License-Identifier: Apache-2.0
package android.system.cloudmessaging.shim;

import static org.junit.Assert.assertEquals;
import static org.junit.Assert.assertFalse;
import static org.junit.Assert.assertNotEquals;
import static org.junit.Assert.assertTrue;

import android.content.Context;
import android.icu.text.PluralRules;
import android.system.cloudmessaging.settings.R;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import javax.xml.parsers.DocumentBuilderFactory;
import org.junit.Test;
import org.junit.runner.RunWith;
import org.robolectric.RuntimeEnvironment;
import org.w3c.dom.Element;
import org.w3c.dom.Node;

/** That the app says everything in each of its languages: English, Chinese, Hindi, Indonesian and Spanish. */
@RunWith(Runner.class)
public final class LocalesTest {
    private static final Path ROOT = Path.of(System.getProperty("shim.source"), "../..");
    private static final Path RESOURCES = ROOT.resolve("java-shim/app/res");
    /** Language tags, and what Android calls the folders of their resources. */
    private static final Map<String, String> FOLDERS =
            Map.of("zh-CN", "values-zh-rCN", "hi", "values-hi", "id", "values-in", "es", "values-es");
    /** Names that are the same everywhere; and in some languages, words. */
    private static final Set<String> THE_SAME =
            Set.of("title", "class_imsi", "class_imei", "field_imsi", "field_imei", "sim", "sims");
    private static final Map<String, Pattern> SCRIPTS =
            Map.of("zh-CN", Pattern.compile("\\p{IsHan}"), "hi", Pattern.compile("\\p{IsDevanagari}"));
    private static final Pattern PLACEHOLDER = Pattern.compile("%(?:\\d+\\$)?[sd%]");

    /** The texts of a folder: by file and key, and for plurals by quantity. */
    private static Map<String, String> texts(String folder) throws Exception {
        Map<String, String> texts = new TreeMap<>();
        try (Stream<Path> files = Files.list(RESOURCES.resolve(folder))) {
            for (Path file : files.sorted().toList()) {
                Element top = DocumentBuilderFactory.newInstance().newDocumentBuilder()
                        .parse(file.toFile()).getDocumentElement();
                for (Node node = top.getFirstChild(); node != null; node = node.getNextSibling()) {
                    if (node instanceof Element text && !text.getAttribute("translatable").equals("false")) {
                        put(texts, file.getFileName() + "/" + text.getAttribute("name"), text);
                    }
                }
            }
        }
        return texts;
    }

    private static void put(Map<String, String> texts, String name, Element text) {
        if (text.getTagName().equals("string")) {
            texts.put(name, text.getTextContent());
        } else if (text.getTagName().endsWith("plurals")) {
            for (Node item = text.getFirstChild(); item != null; item = item.getNextSibling()) {
                if (item instanceof Element one) {
                    texts.put(name + "#" + one.getAttribute("quantity"), one.getTextContent());
                }
            }
        } else if (text.getTagName().endsWith("array")) {
            throw new AssertionError(name + " is an array: this test does not look into those");
        }
    }

    private static String plain(String key) {
        return key.substring(key.indexOf('/') + 1).replaceAll("#.*", "");
    }

    private static Set<String> keys(Map<String, String> texts) {
        return texts.keySet().stream().map(key -> key.replaceAll("#.*", "#"))
                .collect(Collectors.toCollection(TreeSet::new));
    }

    private static List<String> placeholders(String text) {
        return PLACEHOLDER.matcher(text).results().map(found -> found.group()).sorted().toList();
    }

    @Test
    public void eachLanguageHasTheTextsOfEnglishAndNoOther() throws Exception {
        Map<String, String> english = texts("values");
        assertTrue(english.toString(), english.size() > 50);
        for (Map.Entry<String, String> language : FOLDERS.entrySet()) {
            Map<String, String> theirs = texts(language.getValue());
            assertEquals(language.getKey(), keys(english), keys(theirs));
            for (Map.Entry<String, String> text : theirs.entrySet()) {
                String key = text.getKey();
                String ours = english.getOrDefault(key, english.get(key.replaceAll("#.*", "#other")));
                String which = language.getKey() + " " + key + ": " + text.getValue();
                assertTrue(which, placeholders(text.getValue()).equals(placeholders(ours))
                        || in(english, key, placeholders(text.getValue())));
                if (!THE_SAME.contains(plain(key)) && words(ours)) {
                    assertNotEquals(which, ours, text.getValue());
                    Pattern script = SCRIPTS.get(language.getKey());
                    assertTrue(which, script == null || script.matcher(text.getValue()).find());
                }
            }
        }
    }

    /** English says “once” where another language writes the number: what it has in the plural may be used. */
    private static boolean in(Map<String, String> english, String key, List<String> placeholders) {
        String plural = english.get(key.replaceAll("#.*", "#other"));
        return key.contains("#") && placeholders.equals(placeholders(plural));
    }

    private static boolean words(String text) {
        return text.replaceAll("%\\d+\\$[sd]", "").chars().anyMatch(Character::isLetter);
    }

    @Test
    public void eachLanguageCountsAsItDoes() throws Exception {
        for (Map.Entry<String, String> language :
                Stream.concat(FOLDERS.entrySet().stream(), Map.of("en", "values").entrySet().stream())
                        .toList()) {
            Map<String, Set<String>> quantities = new TreeMap<>();
            for (String key : texts(language.getValue()).keySet()) {
                if (key.contains("#")) {
                    quantities.computeIfAbsent(key.replaceAll("#.*", ""), name -> new TreeSet<>())
                            .add(key.replaceAll(".*#", ""));
                }
            }
            Set<String> needed = new TreeSet<>(
                    PluralRules.forLocale(Locale.forLanguageTag(language.getKey())).getKeywords());
            quantities.forEach((name, had) -> assertEquals(language.getKey() + " " + name, needed, had));
        }
    }

    @Test
    public void aPhoneFindsTheTextsOfItsLanguage() throws Exception {
        Context context = RuntimeEnvironment.getApplication();
        for (Map.Entry<String, String> language : FOLDERS.entrySet()) {
            android.content.res.Configuration set =
                    new android.content.res.Configuration(context.getResources().getConfiguration());
            set.setLocale(Locale.forLanguageTag(language.getKey()));
            Context theirs = context.createConfigurationContext(set);
            assertEquals(language.getKey(), texts(language.getValue()).get("page.xml/off"),
                    theirs.getString(R.string.off));
        }
    }

    @Test
    public void thereIsADisclosureInEachLanguage() throws Exception {
        Path folder = ROOT.resolve("product/disclosures");
        Map<String, List<String>> found = new TreeMap<>();
        try (Stream<Path> files = Files.list(folder)) {
            for (Path file : files.toList()) {
                String name = file.getFileName().toString();
                if (name.endsWith(".txt")) {
                    found.put(name.replace(".txt", ""), Files.readAllLines(file));
                }
            }
        }
        Set<String> languages = new TreeSet<>(FOLDERS.keySet());
        languages.add("en");
        assertEquals(languages, found.keySet());
        List<String> english = found.get("en");
        found.forEach((language, lines) -> {
            assertEquals(language, english.get(0), lines.get(0));
            assertEquals(language, kinds(english), kinds(lines));
            assertFalse(language, lines.size() > 1 && !language.equals("en") && lines.get(1).equals(english.get(1)));
        });
    }

    /** What of it is a paragraph, an item or empty: a sentence that one language lacks is seen as a missing line. */
    private static List<String> kinds(List<String> lines) {
        return lines.stream().map(line -> line.isEmpty() ? "" : line.startsWith("- ") ? "-" : "text").toList();
    }
}
