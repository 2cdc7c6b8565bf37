// SPDX-License-Identifier: Apache-2.0
package android.system.cloudmessaging.settings;

import android.content.BroadcastReceiver;
import android.content.Context;
import android.content.Intent;

/**
 * Reports after a boot, when the user has unlocked, after an update of this app, and when the system user's process asks. It
 * also asks for the gate by that, and so has it started while on.
 */
public final class ReportReceiver extends BroadcastReceiver {
    @Override
    public void onReceive(Context context, Intent intent) {
        PendingResult result = goAsync();
        new Thread(
                        () -> {
                            Reports.send(context);
                            result.finish();
                        },
                        "report")
                .start();
    }
}
