// SPDX-License-Identifier: Apache-2.0
package android.system.cloudmessaging;

/** How the owner expressed consent. */
@Backing(type="int")
enum CaptureMethod {
    UNSPECIFIED = 0,
    /** Settings > Cloud Messaging. */
    SETTINGS_PAGE = 1,
    /** The command line of a Linux host. */
    COMMAND_LINE = 2,
}
