// SPDX-License-Identifier: Apache-2.0
package android.system.cloudmessaging;

/**
 * How far the ledger is, signed. Whoever keeps one finds out whether anything before it is changed, removed or put
 * back later.
 */
parcelable LedgerCheckpoint {
    /** C2SP signed note of a tlog-checkpoint: origin, size, root. */
    String note = "";
    /** C2SP verifier key of who signed it. The same for the life of the ledger. */
    String key = "";
}
