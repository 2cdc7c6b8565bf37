// SPDX-License-Identifier: Apache-2.0
package android.system.cloudmessaging.shim;

import static org.junit.Assert.assertArrayEquals;
import static org.junit.Assert.assertEquals;
import static org.junit.Assert.assertFalse;
import static org.junit.Assert.assertThrows;
import static org.junit.Assert.assertTrue;

import android.os.DeadObjectException;
import android.os.IBinder;
import android.os.ParcelFileDescriptor;
import android.system.cloudmessaging.ErrorCode;
import android.system.cloudmessaging.ICloudMessagingListener;
import java.io.File;
import java.util.Arrays;
import java.util.Set;
import java.util.concurrent.ConcurrentSkipListSet;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.Test;

/** What the bridge between Java's proxies and the service translates, and what it makes of a crash. */
public final class TranslationsTest extends BridgeCase {
    /** All that the bridge makes of a parcel; there is nothing more. */
    private enum Translation {
        /** A call begins with three words that only the kernel's driver has. */
        HEADER,
        /** A binder is a number in the parcel, and an object of the socket's session. */
        BINDER,
        /** A descriptor is a number in the parcel, and passes beside the bytes. */
        DESCRIPTOR,
    }

    @Test
    public void translations() throws Exception {
        Set<Translation> seen = new ConcurrentSkipListSet<>();
        HostBinder.sWitness = (code, written, sent, objects) -> {
            byte[] rest = Arrays.copyOfRange(written, 12, written.length);
            // To the byte, in every call.
            assertArrayEquals(rest, sent);
            seen.add(Translation.HEADER);
            for (Object object : objects) {
                seen.add(object instanceof IBinder ? Translation.BINDER : Translation.DESCRIPTOR);
            }
        };
        mConsent.state();
        mConsent.addListener(new ICloudMessagingListener.Stub() {
            @Override
            public void onStateChanged() {}

            @Override
            public void onWaiting(int user) {}
        });
        try (ParcelFileDescriptor file = ParcelFileDescriptor.open(new File("/dev/null"),
                ParcelFileDescriptor.MODE_WRITE_ONLY)) {
            // Neither a file nor a pipe: the service has looked at the descriptor itself.
            fails(ErrorCode.INVALID_ARGUMENT, () -> mConsent.exportLedger(file));
        }
        assertEquals(Set.of(Translation.values()), seen);
    }

    @Test
    public void aCrashOfTheServiceIsADeadObject() throws Exception {
        report();
        grant();
        CountDownLatch died = new CountDownLatch(1);
        mBinder.linkToDeath(died::countDown, 0);
        mBed.tell("kill");
        assertTrue(died.await(60, TimeUnit.SECONDS));
        assertFalse(mBinder.isBinderAlive());
        assertThrows(DeadObjectException.class, () -> mConsent.state());
        mBed.tell("start");
        connect();
        report();
        assertTrue(mConsent.state().on);
    }
}
