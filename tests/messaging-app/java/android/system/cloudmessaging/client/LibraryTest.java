// SPDX-License-Identifier: Apache-2.0
package android.system.cloudmessaging.client;

import static org.junit.Assert.assertEquals;
import static org.junit.Assert.assertFalse;
import static org.junit.Assert.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.UUID;
import java.util.stream.Stream;
import org.junit.AfterClass;
import org.junit.BeforeClass;
import org.junit.Test;

/** What the library does where nothing crashes; and what it keeps. */
public final class LibraryTest {
    private static World sWorld;

    @BeforeClass
    public static void begin() throws Exception {
        sWorld = new World(Path.of(System.getProperty("shim.work"), "apps",
                "library-" + System.nanoTime()));
        sWorld.mBed.tell("reachable");
    }

    @AfterClass
    public static void end() throws Exception {
        sWorld.close();
    }

    private static String state(UUID id) throws Exception {
        return sWorld.mStore.message(id).state();
    }

    private static UUID send(String to, String body, boolean alwaysSms) throws Exception {
        UUID id = UUID.randomUUID();
        sWorld.mApp.tell("send", id.toString(), to, body,
                "" + (System.currentTimeMillis() + 45_000), "" + alwaysSms);
        return id;
    }

    private static void until(UUID id, String state) throws Exception {
        sWorld.until(id + " to be " + state, () -> state(id).equals(state));
    }

    @Test
    public void itIsOnForTheSimThatIsRegistered() throws Exception {
        assertEquals("true 0 1", sWorld.mApp.tell("state"));
    }

    @Test
    public void theCodeThatComesBySmsIsHandedIn() throws Exception {
        String before = sWorld.mBed.tell("sms");
        sWorld.mBed.tell("prove");
        sWorld.until("the SMS", () -> !sWorld.mBed.tell("sms").equals(before));
        String sms = sWorld.mBed.tell("sms").replace("\"", "");
        assertEquals("false", sWorld.mApp.tell("code", "Your parcel: " + sms));
        sWorld.until("the code to be taken", () -> sWorld.mApp.tell("code", sms).equals("true"));
        sWorld.until("it to be on", () -> sWorld.mApp.tell("state").equals("true 0 1"));
        assertEquals("false", sWorld.mApp.tell("code", sms));
    }

    @Test
    public void thePageIsOpenedByItsAction() throws Exception {
        String[] intent = sWorld.mApp.tell("settings").split(" ", -1);
        String manifest = Files.readString(
                Path.of(System.getProperty("shim.source"),
                        "../../java-shim/app/AndroidManifest.xml"));
        assertTrue(manifest.contains("<action android:name=\"" + intent[0] + "\" />"));
        assertTrue(manifest.contains("package=\"" + intent[1] + "\""));
    }

    @Test
    public void anSmsThatRepeatsAMessageIsKnownOnce() throws Exception {
        String text = "text-" + UUID.randomUUID();
        assertEquals("0", sWorld.mBed.tell("write " + text));
        sWorld.until("it to come", () -> !sWorld.told(text).isEmpty());
        String id = sWorld.told(text).get(0).split("\t", -1)[1];
        assertEquals(id, sWorld.mApp.tell("check", World.BEN, text));
        assertEquals("null", sWorld.mApp.tell("check", World.BEN, text));
    }

    @Test
    public void anSmsThatCameBeforeItsMessageIsFolded() throws Exception {
        String text = "text-" + UUID.randomUUID();
        SmsRows.add(sWorld.mFolder.resolve("provider"), "inbox", World.BEN, text,
                System.currentTimeMillis());
        assertEquals("0", sWorld.mBed.tell("write " + text));
        sWorld.until("it to come", () -> !sWorld.told(text).isEmpty());
        String id = sWorld.told(text).get(0).split("\t", -1)[1];
        sWorld.until("it to be folded",
                () -> !sWorld.told("folded\t" + id + "\tcontent://sms/").isEmpty());
    }

    @Test
    public void aLongSmsIsSentWhenAllOfItIs() throws Exception {
        UUID id = send("+15550170", "long ".repeat(80), true);
        until(id, "HANDED_OVER");
        assertEquals(3, sWorld.sent(id).size());
        sWorld.mApp.tell("ended", id.toString(), "taken");
        until(id, "SENT");
    }

    @Test
    public void oneThatFailedIsSentAgainOnlyIfItsOwnerWantsThat() throws Exception {
        UUID id = send("+15550171", "text-" + UUID.randomUUID(), true);
        until(id, "HANDED_OVER");
        sWorld.mApp.tell("ended", id.toString(), "not taken");
        until(id, "FAILED");
        sWorld.mApp.tell("send-again", id.toString());
        sWorld.mApp.tell("state");
        assertEquals(1, sWorld.sent(id).size());
        sWorld.mApp.tell("answer", id.toString(), "true");
        until(id, "HANDED_OVER");
        assertEquals(2, sWorld.sent(id).size());
    }

    @Test
    public void anSmsThatReadsTheSameDoesNotAnswerForAnother() throws Exception {
        UUID first = send("+15550172", "Yes", true);
        until(first, "HANDED_OVER");
        sWorld.mApp.mReached.clear();
        sWorld.mApp.tell("die-at", "client.sms.intended");
        UUID second = send("+15550172", "Yes", true);
        sWorld.until("it to be intended",
                () -> sWorld.mApp.mReached.contains("client.sms.intended"));
        sWorld.kill();
        // Of the first; nothing says which.
        SmsRows.add(sWorld.mFolder.resolve("provider"), "sent", "+15550172", "Yes",
                System.currentTimeMillis());
        sWorld.begin(World.Crash.NONE);
        until(second, "UNKNOWN");
        assertEquals(0, sWorld.sent(second).size());
        sWorld.mApp.tell("answer", second.toString(), "false");
    }

    @Test
    public void withoutAServiceItGoesAsAnSms() throws Exception {
        sWorld.mApp.tell("phone", "/nowhere");
        sWorld.mBed.tell("kill");
        UUID id = send(World.BEN, "text-" + UUID.randomUUID(), false);
        sWorld.until("it to go", () -> List.of("HANDED_OVER", "SENT").contains(state(id)));
        assertEquals("false 1 0", sWorld.mApp.tell("state"));
        sWorld.mApp.tell("phone", sWorld.mBed.sockets().toString());
        sWorld.mBed.tell("start");
        sWorld.until("it to be found again", () -> sWorld.mApp.tell("state").equals("true 0 1"));
        assertEquals(1, sWorld.sent(id).size());
    }

    @Test
    public void anEntryThatCannotBeReadIsAQuestion() throws Exception {
        UUID id = send("+15550173", "text-" + UUID.randomUUID(), true);
        until(id, "HANDED_OVER");
        sWorld.kill();
        Files.writeString(journal().resolve(id.toString()), "9 SENT");
        sWorld.begin(World.Crash.NONE);
        until(id, "UNKNOWN");
        assertEquals(1, sWorld.sent(id).size());
        sWorld.mApp.tell("answer", id.toString(), "false");
    }

    @Test
    public void whatIsKeptIsNoNumberAndNoText() throws Exception {
        UUID id = send("+15550174", "Something private", true);
        until(id, "HANDED_OVER");
        try (Stream<Path> files = Files.list(journal())) {
            for (Path file : (Iterable<Path>) files::iterator) {
                String kept = file.getFileName() + " " + Files.readString(file);
                assertFalse(kept, kept.contains("1555") || kept.contains("private"));
            }
        }
        assertTrue(Files.exists(journal().resolve(id.toString())));
    }

    private static Path journal() {
        return sWorld.mFolder.resolve("cloud_messaging");
    }
}
