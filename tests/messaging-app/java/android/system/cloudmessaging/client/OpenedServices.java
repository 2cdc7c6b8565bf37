// SPDX-License-Identifier: Apache-2.0
package android.system.cloudmessaging.client;

import android.os.IBinder;
import android.os.ServiceManager;
import android.system.cloudmessaging.shim.HostBinder;
import java.io.IOException;
import java.nio.file.Path;
import org.robolectric.annotation.Implementation;
import org.robolectric.annotation.Implements;
import org.robolectric.shadows.ShadowServiceManager;

/** The service manager, which also finds the service of a bed, at each call the one that runs then; null where there is none. */
@Implements(value = ServiceManager.class, isInAndroidSdk = false)
public class OpenedServices extends ShadowServiceManager {
    static final String NAME = "android.system.cloudmessaging.ICloudMessaging";

    /** Where the service's sockets are. */
    static volatile Path sSockets;

    @Implementation
    protected static IBinder waitForService(String name) {
        try {
            return name.equals(NAME)
                    ? HostBinder.open(sSockets.resolve("messaging.sock"), NAME, false)
                    : getService(name);
        } catch (IOException e) {
            return null;
        }
    }
}
