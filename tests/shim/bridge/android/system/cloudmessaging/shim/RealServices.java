// SPDX-License-Identifier: Apache-2.0
package android.system.cloudmessaging.shim;

import android.os.IBinder;
import android.os.ServiceManager;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.robolectric.annotation.Implementation;
import org.robolectric.annotation.Implements;
import org.robolectric.shadows.ShadowServiceManager;

/**
 * The service manager, which also knows a bed's services; null where a phone would wait in vain. They are lazy: one that was
 * not waited for since the bed's came up does not run, as far as can be told from here.
 */
@Implements(value = ServiceManager.class, isInAndroidSdk = false)
public class RealServices extends ShadowServiceManager {
    private static final String OURS = "android.system.cloudmessaging.";
    static final Map<String, IBinder> SERVED = new ConcurrentHashMap<>();
    /** How often each was waited for. */
    static final Map<String, Integer> WAITED = new ConcurrentHashMap<>();

    @Implementation
    protected static IBinder waitForService(String name) {
        if (!name.startsWith(OURS)) {
            return getService(name);
        }
        WAITED.merge(name, 1, Integer::sum);
        return SERVED.get(name);
    }

    @Implementation
    protected static IBinder checkService(String name) {
        if (!name.startsWith(OURS)) {
            return getService(name);
        }
        return WAITED.containsKey(name) ? SERVED.get(name) : null;
    }
}
