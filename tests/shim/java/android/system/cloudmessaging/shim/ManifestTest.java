// SPDX-License-Identifier: Apache-2.0
package android.system.cloudmessaging.shim;

import static org.junit.Assert.assertEquals;
import static org.junit.Assert.assertFalse;

import java.io.BufferedReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.xml.parsers.DocumentBuilderFactory;
import org.junit.Test;
import org.w3c.dom.Document;
import org.w3c.dom.Element;
import org.w3c.dom.NodeList;

/** What the app asks for and what it opens, read from its manifest as it is built on a phone. */
public final class ManifestTest {
    private static final Path FILE =
            Path.of(System.getProperty("shim.source"), "../../java-shim/app/AndroidManifest.xml");

    private static final Pattern NAMED = Pattern.compile("android:name\\(0x\\w+\\)=\"([^\"]+)\"");
    private static final Pattern LEVEL =
            Pattern.compile("android:protectionLevel\\(0x\\w+\\)=(?:\\(type 0x\\w+\\))?(0x\\w+|\\d+)");
    private static final int PRIVILEGED = android.content.pm.PermissionInfo.PROTECTION_FLAG_PRIVILEGED;

    private static List<Element> elements(String name) throws Exception {
        Document manifest =
                DocumentBuilderFactory.newInstance().newDocumentBuilder().parse(FILE.toFile());
        NodeList nodes = manifest.getElementsByTagName(name);
        List<Element> found = new ArrayList<>();
        for (int i = 0; i < nodes.getLength(); i++) {
            found.add((Element) nodes.item(i));
        }
        return found;
    }

    private static String said(Element element, String name) {
        return element.getAttribute("android:" + name);
    }

    @Test
    public void itCanReachNoNetworkAndSharesNoUid() throws Exception {
        Set<String> asked = new TreeSet<>();
        for (Element permission : elements("uses-permission")) {
            asked.add(said(permission, "name").replace("android.permission.", ""));
        }
        assertEquals(
                new TreeSet<>(Set.of("CONTROL_CLOUD_MESSAGING", "READ_PRIVILEGED_PHONE_STATE",
                        "MANAGE_USERS", "INTERACT_ACROSS_USERS", "INTERACT_ACROSS_USERS_FULL",
                        "MANAGE_ROLE_HOLDERS", "OBSERVE_ROLE_HOLDERS", "ACCESS_NETWORK_STATE",
                        "RECEIVE_BOOT_COMPLETED", "SET_PROCESS_LIMIT", "POST_NOTIFICATIONS",
                        "HIDE_OVERLAY_WINDOWS")),
                asked);
        assertFalse(elements("manifest").get(0).hasAttribute("android:sharedUserId"));
    }

    @Test
    public void nothingOfItIsBackedUp() throws Exception {
        assertEquals("false", said(elements("application").get(0), "allowBackup"));
    }

    @Test
    public void norDoesItGoToAnotherPhone() throws Exception {
        assertEquals("@xml/data_extraction_rules",
                said(elements("application").get(0), "dataExtractionRules"));
        Document rules = DocumentBuilderFactory.newInstance().newDocumentBuilder()
                .parse(FILE.resolveSibling("res/xml/data_extraction_rules.xml").toFile());
        assertEquals(0, rules.getElementsByTagName("include").getLength());
        for (String way : new String[] {"cloud-backup", "device-transfer"}) {
            Element left = (Element) rules.getElementsByTagName(way).item(0);
            Set<String> out = new TreeSet<>();
            NodeList excluded = left.getElementsByTagName("exclude");
            for (int i = 0; i < excluded.getLength(); i++) {
                Element one = (Element) excluded.item(i);
                assertEquals(".", one.getAttribute("path"));
                out.add(one.getAttribute("domain"));
            }
            assertEquals(Set.of("root", "device_root", "external"), out);
        }
    }

    @Test
    public void whatListensIsDisabledAndAnOrganisationCanOnlyForbid() throws Exception {
        Element service = elements("service").stream()
                .filter(one -> said(one, "name").equals(".WhileOnService")).findFirst().get();
        assertEquals("false", said(service, "enabled"));
        assertEquals("false", said(service, "exported"));
        Document restrictions = DocumentBuilderFactory.newInstance().newDocumentBuilder()
                .parse(FILE.resolveSibling("res/xml/app_restrictions.xml").toFile());
        NodeList all = restrictions.getElementsByTagName("restriction");
        assertEquals(1, all.getLength());
        Element allowed = (Element) all.item(0);
        assertEquals("cloud_messaging_allowed", said(allowed, "key"));
        assertEquals("bool", said(allowed, "restrictionType"));
        assertEquals("true", said(allowed, "defaultValue"));
    }

    @Test
    public void onlyThePageIsOpenToEverybody() throws Exception {
        List<String> open = new ArrayList<>();
        for (String kind : new String[] {
            "activity", "activity-alias", "provider", "receiver", "service"}) {
            for (Element component : elements(kind)) {
                // Said, not left to a default.
                assertFalse(said(component, "exported").isEmpty());
                if (said(component, "exported").equals("true")
                        && said(component, "permission").isEmpty()) {
                    // Another name of the page is the page.
                    open.add(said(component, kind.equals("activity-alias") ? "targetActivity" : "name"));
                }
            }
        }
        assertEquals(Set.of(".CloudMessagingActivity"), Set.copyOf(open));
        // In one place of Settings, and by the action.
        List<Element> shown = new ArrayList<>(elements("activity-alias"));
        shown.removeIf(alias -> said(alias, "enabled").equals("false"));
        assertEquals(1, shown.size());
    }

    @Test
    public void whoControlsItIsSignedAsItIs() throws Exception {
        Element permission = elements("permission").get(0);
        assertEquals("android.permission.CONTROL_CLOUD_MESSAGING", said(permission, "name"));
        assertEquals("signature", said(permission, "protectionLevel"));
    }

    @Test
    public void anExportIsForWhomItIsSharedWith() throws Exception {
        List<Element> providers = elements("provider");
        providers.removeIf(provider -> !said(provider, "name").equals(".SentExport"));
        assertEquals(1, providers.size());
        assertEquals("false", said(providers.get(0), "exported"));
        assertEquals("true", said(providers.get(0), "grantUriPermissions"));
    }

    /** A phone does not boot with a privileged app that asks for more of these than it is listed for. */
    @Test
    public void thePrivilegedPermissionsAreThoseThatAreListed() throws Exception {
        Set<String> listed = new TreeSet<>();
        NodeList lines = DocumentBuilderFactory.newInstance().newDocumentBuilder()
                .parse(Path.of(System.getProperty("shim.source"), "../../product",
                        "privapp-permissions-android.system.cloudmessaging.settings.xml").toFile())
                .getElementsByTagName("permission");
        for (int i = 0; i < lines.getLength(); i++) {
            listed.add(((Element) lines.item(i)).getAttribute("name"));
        }
        Set<String> privileged = privileged();
        assertFalse(privileged.isEmpty());
        Set<String> asked = new TreeSet<>();
        for (Element permission : elements("uses-permission")) {
            asked.add(said(permission, "name"));
        }
        asked.retainAll(privileged);
        assertEquals(asked, listed);
    }

    /** Those that Android's own manifest gives to privileged apps. */
    private static Set<String> privileged() throws Exception {
        Process dump = new ProcessBuilder("aapt2", "dump", "xmltree",
                Path.of(System.getProperty("shim.work"), "framework/framework.apk").toString(),
                "--file", "AndroidManifest.xml").redirectErrorStream(true).start();
        Set<String> names = new TreeSet<>();
        String name = null;
        try (BufferedReader lines = dump.inputReader(StandardCharsets.UTF_8)) {
            for (String line; (line = lines.readLine()) != null; ) {
                Matcher named = NAMED.matcher(line);
                Matcher level = LEVEL.matcher(line);
                if (line.contains("E: ")) {
                    name = line.contains("E: permission (") ? "" : null;
                } else if (name != null && named.find()) {
                    name = named.group(1);
                } else if (name != null && level.find()
                        && (Integer.decode(level.group(1)) & PRIVILEGED) != 0) {
                    names.add(name);
                }
            }
        }
        return names;
    }
}
