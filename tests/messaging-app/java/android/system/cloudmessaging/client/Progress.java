// SPDX-License-Identifier: Apache-2.0
package android.system.cloudmessaging.client;

import static org.junit.Assert.assertEquals;
import static org.junit.Assert.assertFalse;
import static org.junit.Assert.assertTrue;

import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.UUID;

/** One message, from when it is written until nothing more becomes of it; and whether that was right. */
final class Progress {
    private static final Set<String> BEFORE_IT_IS_DEALT_WITH =
            Set.of("client.outcomes.read", "client.delivered.stored");

    private static final String ANSWERED = "client.answer.recorded";

    private final World mWorld;
    private final Story mStory;
    private final World.Crash mCrash;
    private final Set<String> mReached = new TreeSet<>();
    private UUID mId;
    private String mText;
    private boolean mKilledFirst;
    private boolean mCrashed;
    private int mAsked;
    private int mAgain;
    private String mState = "";

    Progress(World world, Story story, World.Crash crash) {
        mWorld = world;
        mStory = story;
        mCrash = crash;
    }

    void begin() throws Exception {
        if (mStory.comesIn()) {
            mText = "text-" + UUID.randomUUID();
            assertEquals("0", mWorld.mBed.tell("write " + mText));
        } else {
            mId = mWorld.write(mStory);
            mText = "text-" + mId;
        }
    }

    /** Does what the phone, its owner and init do by now. */
    void look() throws Exception {
        mReached.addAll(mWorld.mApp.mReached);
        String first = mStory.killedFirst();
        if (first != null && !mKilledFirst) {
            if (mWorld.mApp.mReached.contains(first)) {
                killedFirst();
            }
            return;
        }
        if (mCrash.ofApp() && !mCrashed && mWorld.mApp.mReached.contains(mCrash.step())) {
            mCrashed = true;
            mWorld.kill();
            if (BEFORE_IT_IS_DEALT_WITH.contains(mCrash.step())) {
                // Where the app was not told, the service has not forgotten.
                String kept = mWorld.mApp.tell("kept");
                assertTrue(mStory + " with " + mCrash + ": kept " + kept, kept.startsWith("1 "));
            }
            mWorld.begin(World.Crash.NONE);
        } else if (mCrash.side() != null && !mCrash.ofApp() && !mCrashed) {
            mCrashed = mWorld.mBed.tell("crashed").equals("true");
        }
        if (mId == null) {
            return;
        }
        mState = mWorld.mStore.message(mId).state();
        if (mState.equals("UNKNOWN")) {
            mAsked++;
            boolean again = mStory == Story.AGAIN;
            mAgain += again ? 1 : 0;
            if (mStory != Story.NETWORK_TELLS) {
                mWorld.mApp.tell("answer", mId.toString(), "" + again);
            } else {
                mWorld.mApp.tell("ended", mId.toString(), "taken");
                mWorld.until("the network has told",
                        () -> !mWorld.mStore.message(mId).state().equals("UNKNOWN")
                        || hangs());
            }
        } else if (mState.equals("HANDED_OVER") && !hangs()) {
            mWorld.mApp.tell("ended", mId.toString(), "taken");
        }
    }

    /** The app is at the step at which it is to be killed. */
    private boolean hangs() {
        return mCrash.ofApp() && !mCrashed && mWorld.mApp.mReached.contains(mCrash.step());
    }

    /** The process that the story ends; the crash that it is told for may come in the one after it. */
    private void killedFirst() throws Exception {
        mKilledFirst = true;
        if (mStory == Story.IN_THE_PROVIDER) {
            AppStore.Message message = mWorld.mStore.message(mId);
            SmsRows.add(mWorld.mFolder.resolve("provider"), "sent", message.to(), message.body(),
                    System.currentTimeMillis());
        }
        mWorld.kill();
        mWorld.begin(mCrash);
    }

    boolean isOver() throws Exception {
        if (hangs()) {
            return false;
        }
        if (mState.equals("DECLINED") && !mCrashed && !mReached.contains(ANSWERED)) {
            // The app has said so, and the library not heard it yet.
            return false;
        }
        boolean over = mId == null ? !mWorld.told(mText).isEmpty()
                : List.of("DELIVERED", "SENT", "DECLINED").contains(mState);
        return over && mWorld.mApp.tell("kept").equals("0 0 0");
    }

    boolean crashed() {
        return mCrash.side() == null || mCrashed;
    }

    Set<String> reached() {
        return mReached;
    }

    @Override
    public String toString() {
        return mId + " " + mState + " " + mReached;
    }

    /** A delivered message means no SMS. "Use SMS" means one, or the question; and one more only for an owner who wanted it. */
    String judge() throws Exception {
        String what = mStory + " with " + mCrash + ": "
                + mWorld.told(mId == null ? mText : mId.toString());
        if (mId == null) {
            // The app drops what it knows by its id: told twice is what a crash costs, and lost is what it must not.
            List<String> came = mWorld.told(mText);
            assertEquals(what, 1, Set.copyOf(came).size());
            assertTrue(what, came.size() == 1 || mCrashed);
            return "received";
        }
        List<String> told = mWorld.told(mId.toString());
        int sent = mWorld.sent(mId).size();
        boolean delivered = told.contains("DELIVERED\t" + mId);
        if (delivered) {
            assertEquals(what, 0, sent);
            assertEquals(what, Set.of("DELIVERED\t" + mId), Set.copyOf(told));
            mWorld.until(what, () -> mWorld.mBed.tell("has " + mText).equals("1"));
            return "delivered";
        }
        assertTrue(what, sent <= 1 + mAgain);
        if (mAsked == 0) {
            assertEquals(what, 1, sent);
            assertTrue(what, mState.equals("SENT"));
        } else {
            assertTrue(what, mCrashed || mKilledFirst);
            // Whoever wants it again gets it.
            assertFalse(what, mState.equals("SENT") && sent == 0);
        }
        return mState + ", " + sent + " SMS" + (mAsked > 0 ? ", asked" : "");
    }
}
