// SPDX-License-Identifier: Apache-2.0
package android.system.cloudmessaging.client;

import static org.junit.Assert.assertEquals;
import static org.junit.Assert.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Deque;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.Test;

/**
 * Whichever of app, service and broker ends at whichever named step: a delivered message means no SMS, and "use SMS" means one,
 * or the question. The steps are those of the source. A rehearsal without a crash finds out which story reaches which; each is
 * then a crash once, or with CM_FULL=1 once in each story, and one of the app's at which no crash happened fails the test.
 */
public final class CrashTest {
    private static final Path SOURCE =
            Path.of(System.getProperty("shim.source"), "../../java-shim/client/src");
    private static final Pattern STEP = Pattern.compile("Step\\.reached\\(\"([^\"]+)\"\\)");
    private static final Path WORK = Path.of(System.getProperty("shim.work"), "apps");
    private static final int WORLDS = 2;
    /** What is reached varies a little from run to run. */
    private static final int TRIES = 3;

    /** One of these stories, the first if it comes to the crash. */
    private record Case(List<Story> stories, World.Crash crash) {}

    private final List<String> mWrong = Collections.synchronizedList(new ArrayList<>());
    private final Set<World.Crash> mHit = Collections.synchronizedSet(new HashSet<>());
    /** Who reaches what, first. */
    private final Map<World.Crash, List<Story>> mReached =
            Collections.synchronizedMap(new LinkedHashMap<>());

    private static Set<String> stepsInSource() throws IOException {
        Set<String> steps = new TreeSet<>();
        try (Stream<Path> files = Files.walk(SOURCE)) {
            for (Path file : (Iterable<Path>) files.filter(Files::isRegularFile)::iterator) {
                Matcher step = STEP.matcher(Files.readString(file));
                while (step.find()) {
                    steps.add(step.group(1));
                }
            }
        }
        return steps;
    }

    @Test
    public void aDeliveredMessageIsNoSmsAndUseSmsIsOneOrTheQuestion() throws Exception {
        Deque<Case> rehearsal = new ArrayDeque<>();
        for (Story story : Story.values()) {
            rehearsal.addFirst(new Case(List.of(story), World.Crash.NONE));
        }
        List<World> worlds = new ArrayList<>();
        try {
            for (int number = 0; number < WORLDS; number++) {
                worlds.add(new World(WORK.resolve("app" + number + "-" + System.nanoTime())));
            }
            all(worlds, rehearsal);
            assertEquals(List.of(), mWrong);
            Set<String> steps = stepsInSource();
            System.out.println(steps.size() + " steps of the app's: " + String.join(", ", steps));
            for (String step : steps) {
                if (!mReached.containsKey(new World.Crash(World.Crash.APP, step))) {
                    mWrong.add(step + ": no story reaches it");
                }
            }
            boolean full = System.getenv("CM_FULL") != null;
            Deque<Case> cases = new ArrayDeque<>();
            mReached.forEach((crash, stories) -> {
                // The quickest first.
                Collections.sort(stories);
                if (full) {
                    stories.forEach(story -> cases.addLast(new Case(List.of(story), crash)));
                } else {
                    cases.addLast(new Case(List.copyOf(stories), crash));
                }
            });
            all(worlds, cases);
            for (World world : worlds) {
                world.startAgain();
            }
        } finally {
            for (World world : worlds) {
                world.close();
            }
        }
        Set<World.Crash> missed = new HashSet<>(mReached.keySet());
        missed.removeAll(mHit);
        missed.forEach(crash -> mWrong.add(crash + ": no crash happened there"));
        System.out.println(mHit.size() + " crashes, each at another step");
        assertEquals(List.of(), mWrong);
    }

    private static void one(Story story, String step) throws Exception {
        try (World world = new World(WORK.resolve("app-" + System.nanoTime()))) {
            assertTrue(world.tell(story, new World.Crash(World.Crash.APP, step)).crashed());
        }
    }

    @Test
    public void anSmsIsIntendedOnTheDiskBeforeItIsSent() throws Exception {
        one(Story.USE_SMS, "client.sms.called");
    }

    @Test
    public void theServiceForgetsAnOutcomeAfterTheAppWasTold() throws Exception {
        one(Story.DELIVER, "client.outcomes.read");
    }

    private void all(List<World> worlds, Deque<Case> cases) throws InterruptedException {
        List<Thread> threads = new ArrayList<>();
        for (World world : worlds) {
            Thread thread = new Thread(() -> {
                while (true) {
                    Case next;
                    synchronized (cases) {
                        next = cases.pollFirst();
                    }
                    if (next == null) {
                        return;
                    }
                    tell(world, next);
                }
            });
            thread.start();
            threads.add(thread);
        }
        for (Thread thread : threads) {
            thread.join();
        }
    }

    private void tell(World world, Case one) {
        long begun = System.nanoTime();
        String outcome = "not reached";
        Story story = one.stories.get(0);
        try {
            for (int tries = 0; tries < Math.max(TRIES, one.stories.size()); tries++) {
                story = one.stories.get(tries % one.stories.size());
                if (tries > 0) {
                    // Nothing is known and no connection left from the story before.
                    world.mBed.tell("start");
                }
                world.mBed.tell("mark");
                World.Told told = world.tell(story, one.crash);
                if (one.crash.side() == null) {
                    remember(world, story, told);
                }
                // That broker has forgotten who is registered, and that phone is off.
                if ("broker".equals(one.crash.side()) || story == Story.OFF) {
                    world.anew();
                }
                if (told.crashed()) {
                    outcome = told.outcome();
                    mHit.add(one.crash);
                    break;
                }
            }
        } catch (Exception | AssertionError e) {
            outcome = "FAILED";
            mWrong.add(one + ": " + e);
            e.printStackTrace();
        }
        System.out.printf("%-16s %-40s %-28s %5.1f s%n", story, one.crash, outcome,
                (System.nanoTime() - begun) / 1e9);
    }

    private void remember(World world, Story story, World.Told told) throws Exception {
        for (String step : told.reached()) {
            reached(World.Crash.APP, step, story);
        }
        // What happens while Ben or the service is away is another suite's.
        if (story == Story.DELIVER || story == Story.RESTART || story == Story.USE_SMS
                || story == Story.RECEIVE) {
            for (String side : List.of("anna", "broker")) {
                for (String step : world.reached(side)) {
                    reached(side, step, story);
                }
            }
        }
    }

    private void reached(String side, String step, Story story) {
        mReached.computeIfAbsent(new World.Crash(side, step),
                        crash -> Collections.synchronizedList(new ArrayList<>()))
                .add(story);
    }
}
