// SPDX-License-Identifier: Apache-2.0
package android.system.cloudmessaging.settings;

import java.io.IOException;

/**
 * A part of what a ledger says, and what left on each day: read in the same pass in which it was verified, so that
 * nothing is shown that was not.
 */
public final class LedgerStatement {
    private final VerifiedLedger mLedger;
    private final Entry[] mEntries;
    private final Total[] mTotals;

    /** Made by the native library. */
    @SuppressWarnings("UnusedMethod")
    private LedgerStatement(VerifiedLedger ledger, Entry[] entries, Total[] totals) {
        mLedger = ledger;
        mEntries = entries;
        mTotals = totals;
    }

    /**
     * Verifies an export, as {@link VerifiedLedger#verify} does, and reads a part of it.
     *
     * @param export see there
     * @param key see there
     * @param older see there
     * @param before only entries at a lower position; -1 begins with the newest
     * @param limit at most so many entries, 0 to 200
     * @param offsetMinutes how far the caller's midnight is ahead of UTC's, -1440 to 1440
     * @throws TamperedLedgerException see there
     * @throws IOException see there
     * @throws IllegalArgumentException see there, and if one of these numbers is out of range
     */
    public static LedgerStatement read(
            int export, String key, String older, long before, int limit, int offsetMinutes)
            throws TamperedLedgerException, IOException {
        return Native.read(export, key, older, before, limit, offsetMinutes);
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

    /** One entry. */
    public static final class Entry {
        private final long mPosition;
        private final long mWallMillis;
        private final String mEvent;
        private final String mSummary;
        private final int[] mRevealed;
        private final long mBytes;
        private final String mHost;
        private final String mMessage;

        /** Made by the native library. */
        @SuppressWarnings("UnusedMethod")
        private Entry(
                long position,
                long wallMillis,
                String event,
                String summary,
                int[] revealed,
                long bytes,
                String host,
                String message) {
            mPosition = position;
            mWallMillis = wallMillis;
            mEvent = event;
            mSummary = summary;
            mRevealed = revealed;
            mBytes = bytes;
            mHost = host;
            mMessage = message;
        }

        /** From 0. */
        public long getPosition() {
            return mPosition;
        }

        /** Wall clock, ms since the Unix epoch; 0 if the content was erased. */
        public long getWallMillis() {
            return mWallMillis;
        }

        /**
         * Name of the event in proto/ledger.proto, for example "intent"; "erased" if the content was, "unknown" if a
         * newer version wrote it.
         */
        public String getEvent() {
            return mEvent;
        }

        /** In one line, for a person, in English. Holds no identifier in clear. */
        public String getSummary() {
            return mSummary;
        }

        /** Numbers of {@code android.system.cloudmessaging.DataClass}: what was revealed. */
        public int[] getRevealed() {
            return mRevealed.clone();
        }

        /** Bytes that left or would leave, after encryption. */
        public long getBytes() {
            return mBytes;
        }

        /** Host they go to; empty for events without one. */
        public String getHost() {
            return mHost;
        }

        /** The same in the intent of a message and in its outcome, hexadecimal; empty for events without one. */
        public String getMessage() {
            return mMessage;
        }
    }

    /** What left on one day: in all, or of one class. */
    public static final class Total {
        private final long mDay;
        private final int mDataClass;
        private final long mCount;
        private final long mConnections;
        private final long mBytes;

        /** Made by the native library. */
        @SuppressWarnings("UnusedMethod")
        private Total(long day, int dataClass, long count, long connections, long bytes) {
            mDay = day;
            mDataClass = dataClass;
            mCount = count;
            mConnections = connections;
            mBytes = bytes;
        }

        /** Days since 1 January 1970, by the caller's midnight. */
        public long getDay() {
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
}
