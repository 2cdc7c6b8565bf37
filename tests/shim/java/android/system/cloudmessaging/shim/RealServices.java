// SPDX-License-Identifier: Apache-2.0
package android.system.cloudmessaging.shim;

import android.os.IBinder;
import android.os.ServiceManager;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.robolectric.annotation.Implementation;
import org.robolectric.annotation.Implements;
import org.robolectric.shadows.ShadowServiceManager;

/** The service manager, which also knows a bed's services; null where a phone would wait in vain. */
@Implements(value = ServiceManager.class, isInAndroidSdk = false)
public class RealServices extends ShadowServiceManager {
    private static final String OURS = "android.system.cloudmessaging.";
    static final Map<String, IBinder> SERVED = new ConcurrentHashMap<>();

    @Implementation
    protected static IBinder waitForService(String name) {
        return name.startsWith(OURS) ? SERVED.get(name) : getService(name);
    }
}
