// SPDX-License-Identifier: Apache-2.0
package android.system.cloudmessaging;

/**
 * Why the gate lets nothing pass. An expected answer, not an error.
 */
@Backing(type="int")
enum Refusal {
    /** Nothing is refused. */
    NONE = 0,
    /** The owner has not turned cloud messaging on. */
    OFF = 1,
    /** The owner agreed to an older disclosure; this build reveals more. */
    OUTDATED_DISCLOSURE = 2,
    /** A policy of the build, the organisation or the user forbids it. */
    POLICY = 3,
    /**
     * Since the service started, users or network were not reported yet; or the boot is not complete, and an update of
     * the system could still be undone with all that was written since.
     */
    NOT_YET_REPORTED = 4,
    /** The user has not unlocked the phone since it booted. */
    NOT_UNLOCKED = 5,
    /** The owner's consent does not name this SIM. */
    SIM_NOT_NAMED = 6,
    /** The SIM or its number is not the one the owner agreed to, or is not there. */
    SIM_CHANGED = 7,
    /** The class of a datum that would have to be revealed is not allowed. */
    CLASS_NOT_ALLOWED = 8,
    /** There is no network. */
    NO_NETWORK = 9,
    /** The network is roaming and the owner did not allow that. */
    ROAMING = 10,
    /** Data Saver is on and the owner did not allow that. */
    DATA_SAVER = 11,
    /** Battery saver is on and the owner did not allow that. */
    BATTERY_SAVER = 12,
    /** The uplink is not running (it is being started) or takes nothing more just now. */
    BUSY = 13,
    /** It could not be written to the ledger first. */
    LEDGER = 14,
}
