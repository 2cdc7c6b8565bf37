// SPDX-License-Identifier: Apache-2.0
package android.system.cloudmessaging.client;

import static org.junit.Assert.assertEquals;
import static org.junit.Assert.assertFalse;
import static org.junit.Assert.assertTrue;

import android.system.cloudmessaging.shim.Bed;
import java.io.Closeable;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.UUID;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;

/** Two phones and their servers, and the Messaging app of one of them; each is started again when it has ended. */
final class World implements Closeable {
    static final String BEN = "+15550101";
    private static final String NOBODY = "+15550199";
    private static final String OLD_FASHIONED = "+15550177";
    private static final long AMPLE_MILLIS = 45_000;
    /** The service takes none with less than 20 s. */
    private static final long BRIEF_MILLIS = 21_500;
    private static final long SOON_NANOS = TimeUnit.SECONDS.toNanos(600);
    private static final long LINGER_NANOS = TimeUnit.SECONDS.toNanos(3);

    final Bed mBed = new Bed();
    final Path mFolder;
    final AppStore mStore;
    App mApp;
    private App mSpare;
    private Path mSockets = mBed.sockets();

    /** A crash: of the app, or of a program of the bed; a null side is nobody's. */
    record Crash(String side, String step) {
        static final Crash NONE = new Crash(null, null);
        static final String APP = "app";

        boolean ofApp() {
            return APP.equals(side);
        }

        @Override
        public String toString() {
            return side == null ? "no crash" : side + " at " + step;
        }
    }

    /** What came of a story. */
    record Told(String outcome, boolean crashed, Set<String> reached) {}

    World(Path folder) throws Exception {
        mFolder = Files.createDirectories(folder);
        mStore = new AppStore(folder);
        mSpare = new App(folder);
        next();
        begin(Crash.NONE);
    }

    /** A new process of the app, started as the old one was; the one after it is being made. */
    private void next() throws Exception {
        mApp = mSpare;
        mSpare = new App(mFolder);
        mApp.ready();
        mApp.tell("phone", mSockets.toString());
    }

    /** SIGKILL. Its successor is there, and has not begun. */
    void kill() throws Exception {
        mApp.close();
        next();
    }

    /** The app begins; the crash may come then. */
    void begin(Crash crash) throws Exception {
        order(crash);
        mApp.tell("start");
    }

    /** Other phones and servers: these may have forgotten who is registered. */
    void anew() throws Exception {
        mSockets = Path.of(mBed.tell("anew").replace("\"", ""));
        kill();
        begin(Crash.NONE);
    }

    @Override
    public void close() throws IOException {
        mApp.close();
        mSpare.close();
        mBed.close();
    }

    List<SmsWitness.Sent> sent(UUID id) throws Exception {
        return SmsWitness.read(mFolder.resolve("sms")).stream()
                .filter(one -> one.id().equals(id.toString())).toList();
    }

    List<String> told(String word) throws Exception {
        Path file = mFolder.resolve("told");
        return Files.exists(file)
                ? Files.readAllLines(file).stream().filter(line -> line.contains(word)).toList()
                : List.of();
    }

    /** Waits, and starts again whatever ended meanwhile. */
    void until(String what, Callable<Boolean> condition) throws Exception {
        long begun = System.nanoTime();
        while (!condition.call()) {
            assertTrue("waited in vain: " + what, System.nanoTime() - begun < SOON_NANOS);
            mBed.tell("tend");
            Thread.sleep(20);
        }
    }

    UUID write(Story story) throws Exception {
        UUID id = UUID.randomUUID();
        String to = switch (story) {
            case DELIVER, RESTART, OFF, EXPIRE -> BEN;
            case ALWAYS_SMS -> OLD_FASHIONED;
            default -> NOBODY;
        };
        long ahead = story == Story.EXPIRE ? BRIEF_MILLIS : AMPLE_MILLIS;
        mApp.tell("send", id.toString(), to, "text-" + id,
                "" + (System.currentTimeMillis() + ahead),
                "" + (story == Story.ALWAYS_SMS));
        return id;
    }

    /** Tells one story, with one crash in it, and judges it. */
    Told tell(Story story, Crash crash) throws Exception {
        if (story == Story.EXPIRE) {
            mBed.tell("away");
        } else {
            mBed.tell("reachable");
        }
        if (story == Story.OFF) {
            mBed.tell("off");
        } else if (story == Story.NEW_KEY) {
            String first = "text-" + UUID.randomUUID();
            mBed.tell("write " + first);
            until("the old key to be known", () -> !told(first).isEmpty());
            mBed.tell("rekey");
        }
        if (story.killedFirst() != null) {
            mApp.tell("die-at", story.killedFirst());
        } else {
            order(crash);
        }
        mApp.mReached.clear();
        Progress progress = new Progress(this, story, crash);
        progress.begin();
        if (story == Story.RESTART) {
            mBed.tell("kill");
            mBed.tell("start");
        }
        until(story + " with " + crash + " to end: " + progress, () -> {
            progress.look();
            return progress.isOver();
        });
        // What comes last may be after all that anybody waits for.
        long over = System.nanoTime();
        until("", () -> {
            progress.look();
            long linger = crash.side() == null ? LINGER_NANOS / 10 : LINGER_NANOS;
            return progress.crashed() || System.nanoTime() - over > linger;
        });
        until(story + " with " + crash + " to be over", progress::isOver);
        mApp.tell("die-at", "");
        mBed.tell("crash-nowhere");
        if (story == Story.EXPIRE) {
            mBed.tell("back");
        }
        String outcome = progress.judge();
        return new Told(outcome, progress.crashed(), progress.reached());
    }

    /** From here on. */
    void order(Crash crash) throws Exception {
        if (crash.ofApp()) {
            mApp.tell("die-at", crash.step());
        } else if (crash.side() != null) {
            mBed.tell("crash " + crash.side() + " " + crash.step());
        }
    }

    /** A start of the app sends nothing again. */
    void startAgain() throws Exception {
        List<SmsWitness.Sent> before = SmsWitness.read(mFolder.resolve("sms"));
        kill();
        begin(Crash.NONE);
        until("nothing is kept", () -> mApp.tell("kept").equals("0 0 0"));
        // Asked after all that the start has begun.
        mApp.tell("state");
        assertEquals(before, SmsWitness.read(mFolder.resolve("sms")));
        assertFalse(before.isEmpty());
    }

    /** Steps that a side of the bed has reached. */
    Set<String> reached(String side) throws Exception {
        String list = mBed.tell("reached " + side).replaceAll("[\\[\\]\"]", "");
        return list.isEmpty() ? Set.of() : new TreeSet<>(Arrays.asList(list.split(",")));
    }
}
