// SPDX-License-Identifier: Apache-2.0
package android.system.cloudmessaging.client;

import java.io.IOException;

/**
 * What must be known of a message after a crash. No number and no text.
 *
 * @param since when its SMS was about to be handed over, ms since the Unix epoch; it names that attempt, too
 * @param left how many parts of the SMS nothing is known of yet
 * @param failed whether a part was not taken by the network
 * @param alike whether an SMS that reads the same to the same number may enter the SMS provider after `since`
 */
record Entry(State state, long since, int left, boolean failed, boolean alike) {
    private static final String VERSION = "1";
    /** Of one that cannot be read: its SMS may have been sent, and nothing in the provider says that it was. */
    static final Entry DAMAGED = new Entry(State.INTENDED, 0, 1, false, true);

    /** How far a message is; {@link CloudMessaging} says what leads from one to the other. */
    enum State {
        OFFERED,
        INTENDED,
        HANDED_OVER,
        SENT,
        FAILED,
        UNKNOWN,
        DECLINED,
    }

    static Entry offered(long now) {
        return new Entry(State.OFFERED, now, 0, false, false);
    }

    static Entry intended(long now, int parts, boolean alike) {
        return new Entry(State.INTENDED, now, parts, false, alike);
    }

    Entry become(State state) {
        return new Entry(state, since, left, failed, alike);
    }

    /** What the network said of one part. */
    Entry partEnded(boolean taken) {
        int left = Math.max(this.left - 1, 0);
        boolean failed = this.failed || !taken;
        State state = left > 0 ? this.state : failed ? State.FAILED : State.SENT;
        return new Entry(state, since, left, failed, alike);
    }

    String write() {
        return String.join(" ", VERSION, state.name(), "" + since, "" + left, "" + failed,
                "" + alike);
    }

    static Entry read(String text) throws IOException {
        String[] words = text.split(" ", -1);
        try {
            if (words.length == 6 && words[0].equals(VERSION)) {
                Entry entry = new Entry(State.valueOf(words[1]), Long.parseLong(words[2]),
                        Integer.parseInt(words[3]), Boolean.parseBoolean(words[4]),
                        Boolean.parseBoolean(words[5]));
                if (entry.write().equals(text)) {
                    return entry;
                }
            }
        } catch (IllegalArgumentException e) {
            throw new IOException("it holds no entry", e);
        }
        throw new IOException("it holds no entry that this version knows");
    }
}
