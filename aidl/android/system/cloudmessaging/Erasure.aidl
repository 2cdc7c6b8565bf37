// SPDX-License-Identifier: Apache-2.0
package android.system.cloudmessaging;

/** What became of the request to erase the registration. */
@Backing(type="int")
enum Erasure {
    /** Not asked for, or nothing was registered. */
    NONE = 0,
    /** The registrar confirmed it. */
    CONFIRMED = 1,
    /** No confirmation came within 2 s: the registration lapses by itself. */
    NOT_CONFIRMED = 2,
}
