// SPDX-License-Identifier: Apache-2.0
package android.system.cloudmessaging.settings;

import android.Manifest;
import android.content.Context;
import android.content.Intent;
import android.os.UserHandle;
import android.util.Log;

/**
 * Wakes a Messaging app that is not running: it is told that something waits for it, and nothing else. To the default SMS app
 * of that user alone, and only if it may receive SMS. Its receiver asks for a permission that only this app has.
 */
final class WaitingApp {
    private static final String WAITING = "android.system.cloudmessaging.action.WAITING";
    private static final String TAG = "CloudMessaging";

    private WaitingApp() {}

    /** An app that its owner has stopped by force stays stopped: the intent does not ask for such, too. */
    static void wake(Context context, int user) {
        try {
            UserHandle handle = UserHandle.of(user);
            for (String app : Users.smsApps(context, handle)) {
                Intent waiting = new Intent(WAITING).setPackage(app);
                waiting.addFlags(Intent.FLAG_RECEIVER_FOREGROUND);
                context.sendBroadcastAsUser(waiting, handle, Manifest.permission.RECEIVE_SMS);
            }
        } catch (RuntimeException e) {
            // The user may be gone.
            Log.w(TAG, "no app was woken", e);
        }
    }
}
