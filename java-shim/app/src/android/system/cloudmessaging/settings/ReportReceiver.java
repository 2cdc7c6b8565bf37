// SPDX-License-Identifier: Apache-2.0
package android.system.cloudmessaging.settings;

import android.content.BroadcastReceiver;
import android.content.Context;
import android.content.Intent;

/** Reports after a boot, and when the user unlocks. It also asks for the gate by that, and so has it started while on. */
public final class ReportReceiver extends BroadcastReceiver {
    @Override
    public void onReceive(Context context, Intent intent) {
        PendingResult result = goAsync();
        new Thread(
                        () -> {
                            Reports.send(context.getApplicationContext());
                            result.finish();
                        },
                        "reports")
                .start();
    }
}
