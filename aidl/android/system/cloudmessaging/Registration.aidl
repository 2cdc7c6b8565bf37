// SPDX-License-Identifier: Apache-2.0
package android.system.cloudmessaging;

/** How far the registration of a SIM is. */
@Backing(type="int")
enum Registration {
    /** Not begun, or lapsed. */
    NONE = 0,
    /** Asked for; an answer is awaited. */
    ASKED = 1,
    /** A code was sent to the number by SMS: submitCode(), or requestCode() for another. */
    CODE_NEEDED = 2,
    /** The SIM can be reached. */
    DONE = 3,
    /** The registrar refused; it is tried again later. */
    REFUSED = 4,
    /** Another phone has registered the number: nothing is sent for this SIM until it is turned on again. */
    MOVED = 5,
}
