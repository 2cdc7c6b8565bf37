// SPDX-License-Identifier: Apache-2.0
package android.system.cloudmessaging.settings;

import java.io.IOException;

/**
 * A ledger that was verified in this process: its entries are, one by one and in their order, those that its key has
 * signed. There is none that was not.
 *
 * <p>Whoever can sign with the phone's key could have rewritten it all. So keep {@link #getCheckpoint} each time, and
 * give it the next time: a ledger that does not begin with what it was then does not pass.
 */
public final class VerifiedLedger {
    private final String mOrigin;
    private final String mKey;
    private final String mCheckpoint;
    private final long mSize;
    private final String mRoot;
    private final long mErased;
    private final boolean mDated;
    private final long mFirstMillis;
    private final long mLastMillis;

    /** Made by the native library. */
    @SuppressWarnings("UnusedMethod")
    private VerifiedLedger(
            String origin,
            String key,
            String checkpoint,
            long size,
            String root,
            long erased,
            boolean dated,
            long firstMillis,
            long lastMillis) {
        mOrigin = origin;
        mKey = key;
        mCheckpoint = checkpoint;
        mSize = size;
        mRoot = root;
        mErased = erased;
        mDated = dated;
        mFirstMillis = firstMillis;
        mLastMillis = lastMillis;
    }

    /**
     * Verifies an export, in a time that grows with it and a memory that does not: some 2 million entries a second on
     * a current machine. Not for the main thread.
     *
     * @param export a descriptor to read from, neither kept nor closed, whose position is not moved. A file is read
     *     from its beginning, a pipe until it ends.
     * @param key the key that it has to be signed with, or null for any: a ledger brings its own, and only one that
     *     was kept from before shows that it is the owner's
     * @param older a checkpoint that was kept, or null
     * @throws TamperedLedgerException if it is not what was signed, or does not begin with what it was at the older
     *     checkpoint
     * @throws IOException if it cannot be read, or not by this version
     * @throws IllegalArgumentException if the key is no key or the older checkpoint no checkpoint
     */
    public static VerifiedLedger verify(int export, String key, String older)
            throws TamperedLedgerException, IOException {
        return Native.verify(export, key, older);
    }

    /** Name of the log, from the build's configuration. */
    public String getOrigin() {
        return mOrigin;
    }

    /** The key that has signed it, as C2SP writes one: to be kept and given the next time. */
    public String getKey() {
        return mKey;
    }

    /** Its signed checkpoint, a text of some lines: to be kept and given the next time. */
    public String getCheckpoint() {
        return mCheckpoint;
    }

    /** How many entries. */
    public long getSize() {
        return mSize;
    }

    /** Root of the tree over them, 64 hexadecimal digits. */
    public String getRoot() {
        return mRoot;
    }

    /** Of how many the content was erased, as the ledger itself says. */
    public long getErased() {
        return mErased;
    }

    /** Whether any entry has content, and so a time. */
    public boolean isDated() {
        return mDated;
    }

    /** Wall clock of the first entry that has content, ms since the Unix epoch; 0 if none has. */
    public long getFirstMillis() {
        return mFirstMillis;
    }

    /** The same of the last. */
    public long getLastMillis() {
        return mLastMillis;
    }
}
