// SPDX-License-Identifier: Apache-2.0
package android.system.cloudmessaging;

import android.system.cloudmessaging.ConsentState;
import android.system.cloudmessaging.DataClass;
import android.system.cloudmessaging.Disclosure;
import android.system.cloudmessaging.Grant;
import android.system.cloudmessaging.ICloudMessagingListener;
import android.system.cloudmessaging.Legacy;
import android.system.cloudmessaging.LedgerCheckpoint;
import android.system.cloudmessaging.LedgerEntry;
import android.system.cloudmessaging.LedgerTotal;
import android.system.cloudmessaging.RegistrationPreview;
import android.system.cloudmessaging.SimIdentity;
import android.system.cloudmessaging.Withdrawal;

/**
 * The owner's page: Settings > Cloud Messaging. Every method acts for the Android user that the caller
 * runs as, never for one named in an argument. Errors are service-specific, see ErrorCode.
 */
interface ICloudMessagingConsent {
    /** Most calls of one caller in progress; one more is refused at once with TOO_MANY. Ask again later. */
    const int MAX_CALLS = 4;
    /** Most SIMs in one call. */
    const int MAX_SIMS = 8;
    /** Most entries in one page of the ledger. */
    const int MAX_LEDGER_PAGE = 200;
    /** Most days in one call for totals. */
    const int MAX_LEDGER_DAYS = 366;
    /** Most listeners of one user. */
    const int MAX_LISTENERS = 8;

    ConsentState state();

    /**
     * The text to show before asking.
     *
     * @param locale BCP 47 tag, at most 35 characters; the closest text there is comes back
     */
    Disclosure disclosure(String locale);

    /**
     * Turns on. Durable when it returns; the first byte leaves after that, if ever.
     * A grant while on replaces the one before.
     * Fails with UNKNOWN_DISCLOSURE, INVALID_ARGUMENT, TOO_LARGE, SIM_IN_USE, FORBIDDEN, NOT_READY: nothing has
     * changed then. Fails with STORAGE or LEDGER, and with OFF if it met a withdrawal: it is off then.
     */
    void grant(in Grant grant);

    /**
     * Hands in the code that proves that the number is the owner's.
     * Fails with NO_CODE_EXPECTED, INVALID_ARGUMENT (8 characters, letters and digits), OFF.
     */
    void submitCode(int subscriptionId, String code);

    /**
     * Has another code sent by SMS: the last one did not come, or is not good any more. None is sent unasked. The
     * first such request goes out within 30 s, each later one of the same registration waits for longer.
     * Fails with NO_CODE_EXPECTED, OFF.
     */
    void requestCode(int subscriptionId);

    /**
     * Turns off, at once. Never fails; what comes back says whether it is durable. MAX_CALLS does not count here.
     *
     * @param erase also ask the registrar to erase the registration now, for at most 2 s
     */
    Withdrawal withdraw(boolean erase);

    /**
     * Allows or forbids one class. Forbidding ends what is under way.
     * Fails with OFF, INVALID_ARGUMENT, STORAGE, LEDGER. A class that could not be forbidden durably is
     * forbidden until the service stops, and STORAGE says so.
     */
    void setClassAllowed(DataClass dataClass, boolean allowed);

    /** The consent in force as ISO/IEC TS 27560 JSON, at most 64 KiB. Fails with OFF. */
    String receipt();

    /**
     * What a registration of these SIMs would hold, byte for byte. Needs no consent, keeps nothing.
     * Fails with INVALID_ARGUMENT, TOO_LARGE.
     */
    RegistrationPreview[] preview(in SimIdentity[] sims, in DataClass[] allowedClasses);

    /**
     * Entries of the ledger, newest first.
     * Fails with INVALID_ARGUMENT, TOO_LARGE, STORAGE.
     *
     * @param before only entries at a lower position; -1 begins with the newest
     * @param limit 1 to MAX_LEDGER_PAGE; fewer come back if they would not fit in one call
     * @param events only these, by their names in proto/ledger.proto ("erased": entries whose content was erased);
     *        empty: all
     * @param classes only entries that revealed one of these; empty: all
     */
    LedgerEntry[] ledger(long before, int limit, in String[] events, in DataClass[] classes);

    /**
     * What left the phone on each of these days, oldest first, days on which nothing left omitted: first in all, then
     * by class.
     * Fails with INVALID_ARGUMENT, TOO_LARGE, STORAGE.
     *
     * @param fromDay first day, in days since 1 January 1970
     * @param toDay last day; at most MAX_LEDGER_DAYS in all
     * @param offsetMinutes how far the caller's midnight is ahead of UTC's, -1440 to 1440
     */
    LedgerTotal[] ledgerTotals(int fromDay, int toDay, int offsetMinutes);

    /** How far the ledger is by now, signed. Fails with NOT_READY, STORAGE. */
    LedgerCheckpoint ledgerCheckpoint();

    /**
     * Writes the ledger to a file or a pipe, so that it can be checked without this phone: proto/ledger.proto, message
     * Export. What is written before a failure does not verify. A reader of a pipe has to read on.
     * Fails with NOT_READY, INVALID_ARGUMENT (nothing else is written to), UNWRITABLE, and with STORAGE: also if it
     * was erased meanwhile; ask again then.
     *
     * @param to open for writing; written from where it stands, and not closed
     * @return how many entries that is
     */
    long exportLedger(in ParcelFileDescriptor to);

    /**
     * Erases what all entries of the ledger say. Their hashes stay, so that checkpoints still verify; and an entry says
     * so. Consent is not touched by it.
     * Fails with NOT_READY, and with LEDGER: what is not erased then is, once it can be.
     */
    void eraseLedger();

    /**
     * What an earlier service left behind for this user. All false while it is not known: ask again after a hint.
     * Fails with INVALID_ARGUMENT, TOO_LARGE.
     *
     * @param locale BCP 47 tag, at most 35 characters; the closest texts there are come back
     */
    Legacy legacy(String locale);

    /**
     * The owner was told what legacy() says: for good, from when it returns, legacy().toTell is false.
     * Fails with NOT_READY, STORAGE: say so again later, and tell the owner nothing more meanwhile.
     */
    void legacyTold();

    /** Registers for hints. Dropped when its process dies. Fails with TOO_MANY. */
    void addListener(ICloudMessagingListener listener);

    void removeListener(ICloudMessagingListener listener);
}
