// SPDX-License-Identifier: Apache-2.0
package android.system.cloudmessaging.settings;

/** Settings > Cloud Messaging. */
public final class CloudMessagingActivity extends PageActivity {
    /** Opens it; a Messaging app does by this. */
    static final String ACTION = "android.system.cloudmessaging.settings.action.SETTINGS";

    @Override
    RowsFragment newRows() {
        return new PageFragment();
    }
}
