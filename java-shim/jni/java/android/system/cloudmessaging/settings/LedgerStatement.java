// SPDX-License-Identifier: Apache-2.0
package android.system.cloudmessaging.settings;

import java.io.IOException;

/**
 * A part of what a ledger says, what left on each day, what was refused and when it was on: read in the same pass in
 * which it was verified, so that nothing is shown that was not.
 */
public final class LedgerStatement {
    private final VerifiedLedger mLedger;
    private final Entry[] mEntries;
    private final Total[] mTotals;
    private final Refused[] mRefused;
    private final boolean[] mDaysOn;

    /** Made by the native library. */
    @SuppressWarnings("UnusedMethod")
    private LedgerStatement(
            VerifiedLedger ledger,
            Entry[] entries,
            Total[] totals,
            Refused[] refused,
            boolean[] daysOn) {
        mLedger = ledger;
        mEntries = entries;
        mTotals = totals;
        mRefused = refused;
        mDaysOn = daysOn;
    }

    /**
     * Verifies an export, as {@link VerifiedLedger#verify} does, and reads a part of it.
     *
     * @param export see there
     * @param key see there
     * @param older see there
     * @param before only entries at a lower position; -1 begins with the newest
     * @param limit at most so many entries, 0 to 200
     * @param midnights when each day begins that is wanted, and when the last one ends: ms since the Unix epoch,
     *     ascending, at most 367. A day is as long as it is where the owner is.
     * @throws TamperedLedgerException see there
     * @throws IOException see there
     * @throws IllegalArgumentException see there, and if one of these numbers is out of range
     */
    public static LedgerStatement read(
            int export, String key, String older, long before, int limit, long[] midnights)
            throws TamperedLedgerException, IOException {
        return Native.read(export, key, older, before, limit, midnights);
    }

    /** The ledger that says it. */
    public VerifiedLedger getLedger() {
        return mLedger;
    }

    /** Entries, newest first. */
    public Entry[] getEntries() {
        return mEntries.clone();
    }

    /** What left on each day, oldest first, days on which nothing left omitted: first in all, then by class. */
    public Total[] getTotals() {
        return mTotals.clone();
    }

    /** What was refused on these days, by its reason. */
    public Refused[] getRefused() {
        return mRefused.clone();
    }

    /** Of each day, whether it was on at any time of it. */
    public boolean[] getDaysOn() {
        return mDaysOn.clone();
    }

    /** One entry. What its numbers mean stands in docs/ledger.md; one that it does not have is 0, a text is empty. */
    public static final class Entry {
        private final long mPosition;
        private final long mWallMillis;
        private final String mEvent;
        private final int mKind;
        private final int[] mClasses;
        private final long mBytes;
        private final String mHost;
        private final String mMessage;
        private final String mReason;
        private final long mCount;
        private final boolean mFlag;
        private final int mEnding;
        private final long mEndedMillis;

        /** Made by the native library. */
        @SuppressWarnings("UnusedMethod")
        private Entry(
                long position,
                long wallMillis,
                String event,
                int kind,
                int[] classes,
                long bytes,
                String host,
                String message,
                String reason,
                long count,
                boolean flag,
                int ending,
                long endedMillis) {
            mPosition = position;
            mWallMillis = wallMillis;
            mEvent = event;
            mKind = kind;
            mClasses = classes;
            mBytes = bytes;
            mHost = host;
            mMessage = message;
            mReason = reason;
            mCount = count;
            mFlag = flag;
            mEnding = ending;
            mEndedMillis = endedMillis;
        }

        /** From 0. */
        public long getPosition() {
            return mPosition;
        }

        /** Wall clock, ms since the Unix epoch; 0 if the content was erased or cannot be told. */
        public long getWallMillis() {
            return mWallMillis;
        }

        /**
         * Name of the event in proto/ledger.proto, for example "intent"; "erased" if the content was, "unknown" if it
         * is there and cannot be told, as where a newer version wrote it.
         */
        public String getEvent() {
            return mEvent;
        }

        /** Purpose of an intent, role of a connect, stage of an erasure, class of a class_change. */
        public int getKind() {
            return mKind;
        }

        /**
         * Numbers of {@code android.system.cloudmessaging.DataClass}: what was revealed; of a grant, what it allows to
         * reveal.
         */
        public int[] getClasses() {
            return mClasses.clone();
        }

        /** Bytes that left or would leave, after encryption. */
        public long getBytes() {
            return mBytes;
        }

        /** Host they go to. */
        public String getHost() {
            return mHost;
        }

        /** The same in the intent of a message and in its outcome, hexadecimal. */
        public String getMessage() {
            return mMessage;
        }

        /** Why: a name. Of an intent, that of the outcome of its message. */
        public String getReason() {
            return mReason;
        }

        /** Calls of refusals, messages of refused, bytes of a tail_cut; how many entries a history_erased erased. */
        public long getCount() {
            return mCount;
        }

        /** Whether a withdraw was durable, a class_change allows, a history_erased was asked for. */
        public boolean isSo() {
            return mFlag;
        }

        /** How a message ended: of an outcome, and of the intent of a message if its outcome is in the ledger. */
        public int getEnding() {
            return mEnding;
        }

        /** When it did, by the wall clock. */
        public long getEndedMillis() {
            return mEndedMillis;
        }
    }

    /** What left on one day: in all, or of one class. */
    public static final class Total {
        private final int mDay;
        private final int mDataClass;
        private final long mCount;
        private final long mConnections;
        private final long mBytes;

        /** Made by the native library. */
        @SuppressWarnings("UnusedMethod")
        private Total(int day, int dataClass, long count, long connections, long bytes) {
            mDay = day;
            mDataClass = dataClass;
            mCount = count;
            mConnections = connections;
            mBytes = bytes;
        }

        /** Which of the midnights that were asked for it begins at. */
        public int getDay() {
            return mDay;
        }

        /** Number of {@code android.system.cloudmessaging.DataClass}; 0 for all. */
        public int getDataClass() {
            return mDataClass;
        }

        /** Attempts to connect, and ciphertexts that were handed over or about to be. */
        public long getCount() {
            return mCount;
        }

        /** How many of these were attempts to connect. */
        public long getConnections() {
            return mConnections;
        }

        /** Bytes of the ciphertexts. */
        public long getBytes() {
            return mBytes;
        }
    }

    /** What was refused for one reason. */
    public static final class Refused {
        private final String mReason;
        private final long mCount;
        private final long mLastMillis;

        /** Made by the native library. */
        @SuppressWarnings("UnusedMethod")
        private Refused(String reason, long count, long lastMillis) {
            mReason = reason;
            mCount = count;
            mLastMillis = lastMillis;
        }

        /** A name of Refusal.aidl or ErrorCode.aidl, or DENIED; empty for more than there are. */
        public String getReason() {
            return mReason;
        }

        /** How often. */
        public long getCount() {
            return mCount;
        }

        /** When it was written down last, by the wall clock. */
        public long getLastMillis() {
            return mLastMillis;
        }
    }
}
