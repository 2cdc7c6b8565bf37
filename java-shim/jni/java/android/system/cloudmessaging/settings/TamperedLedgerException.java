// SPDX-License-Identifier: Apache-2.0
package android.system.cloudmessaging.settings;

/**
 * An export of the ledger is not what the phone signed, or not what it was at an older checkpoint. Nothing that it says
 * is to be believed. A bad disk looks the same: it does not show that somebody did it.
 *
 * <p>The message is the sentence that {@code cmctl ledger verify} prints, in English.
 */
public final class TamperedLedgerException extends Exception {
    private static final long serialVersionUID = 1;

    private final String mKind;
    private final long mFrom;
    private final long mTo;

    /** Made by the native library. */
    @SuppressWarnings("UnusedMethod")
    private TamperedLedgerException(String kind, String message, long from, long to) {
        super(message);
        mKind = kind;
        mFrom = from;
        mTo = to;
    }

    /** What was done to it, in one word of docs/ledger.md that does not change: "changed", "removed", "cut", ... */
    public String getKind() {
        return mKind;
    }

    /** The first position at which the first entry can be that is concerned; -1 where all are. */
    public long getFrom() {
        return mFrom;
    }

    /** The last such position; the same as {@link #getFrom} unless entries were erased around it. */
    public long getTo() {
        return mTo;
    }
}
