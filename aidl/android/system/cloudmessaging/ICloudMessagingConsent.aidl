// SPDX-License-Identifier: Apache-2.0
package android.system.cloudmessaging;

import android.system.cloudmessaging.ConsentState;
import android.system.cloudmessaging.DataClass;
import android.system.cloudmessaging.Disclosure;
import android.system.cloudmessaging.Grant;
import android.system.cloudmessaging.ICloudMessagingListener;
import android.system.cloudmessaging.LedgerEntry;
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
     *
     * @param before only entries at a lower position; -1 begins with the newest
     * @param limit 1 to MAX_LEDGER_PAGE; fewer come back if they would not fit in one call
     */
    LedgerEntry[] ledger(long before, int limit);

    /** Registers for hints. Dropped when its process dies. Fails with TOO_MANY. */
    void addListener(ICloudMessagingListener listener);

    void removeListener(ICloudMessagingListener listener);
}
