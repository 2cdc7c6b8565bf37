// SPDX-License-Identifier: Apache-2.0
package android.system.cloudmessaging.shim;

import android.os.DeadObjectException;
import android.os.IBinder;
import android.os.IInterface;
import android.os.Parcel;
import android.os.RemoteException;
import android.os.ResultReceiver;
import android.os.ShellCallback;
import java.io.FileDescriptor;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Collection;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;

/**
 * A binder of a service on a Unix socket: what the kernel's driver is on a phone. It moves parcels and knows nothing of what
 * is in them. The other half is in tests/shim/src.
 */
public final class HostBinder implements IBinder {
    /** "SYST", the third word of a call's header. */
    static final int SYST = 0x53595354;
    /** Strict mode, work source and "SYST": the socket's header has only the name, which follows. */
    private static final int HEADER_BYTES = 12;

    static {
        // A library is loaded once by each class loader, and each sandbox of Robolectric has one: each loads its copy.
        try {
            Path copy = Files.createTempFile("shim", ".so");
            Path library = Path.of(System.getProperty("shim.bridge"));
            Files.copy(library, copy, StandardCopyOption.REPLACE_EXISTING);
            System.load(copy.toString());
            Files.delete(copy);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static final Map<Long, IBinder> BINDERS = new HashMap<>();
    private static final IdentityHashMap<IBinder, Long> EXPORTED = new IdentityHashMap<>();

    /** Who looks at each call, in the tests. */
    interface Witness {
        /** `written` is what the caller wrote, `sent` what goes to the socket. */
        void saw(int code, byte[] written, byte[] sent, Collection<Object> objects);
    }

    static volatile Witness sWitness = (code, written, sent, objects) -> {};

    private final long mNumber;
    private final List<DeathRecipient> mRecipients = new CopyOnWriteArrayList<>();
    private volatile boolean mDead;

    private HostBinder(long number) {
        mNumber = number;
    }

    private static native long connect(String path, String name, boolean passing)
            throws IOException;

    private static native long export(IBinder binder, String descriptor);

    private static native Object[] call(long to, int code, Object[] parcel, int flags);

    private static native int link(long of);

    private static native int number(FileDescriptor descriptor);

    /** What is served under that name on the socket. `passing`: with descriptors. */
    public static IBinder open(Path socket, String name, boolean passing) throws IOException {
        return of(connect(socket.toString(), name, passing));
    }

    private static synchronized IBinder of(long number) {
        return BINDERS.computeIfAbsent(number, HostBinder::new);
    }

    private static synchronized long numberOf(IBinder binder) {
        if (binder instanceof HostBinder remote) {
            return remote.mNumber;
        }
        return EXPORTED.computeIfAbsent(
                binder,
                one -> {
                    try {
                        long number = export(one, one.getInterfaceDescriptor());
                        BINDERS.put(number, one);
                        return number;
                    } catch (RemoteException e) {
                        throw new IllegalStateException(e);
                    }
                });
    }

    /** A parcel for JNI, from that offset on: status, bytes, offsets, objects. */
    private static Object[] pack(Parcel parcel, int from) {
        RealParcel.Bytes bytes = RealParcel.bytes(parcel);
        Map<Integer, Object> objects = bytes.objects.tailMap(from);
        int[] offsets = objects.keySet().stream().mapToInt(offset -> offset - from).toArray();
        long[] values =
                objects.values().stream()
                        .mapToLong(
                                object ->
                                        object instanceof IBinder binder
                                                ? numberOf(binder)
                                                : -1 - number((FileDescriptor) object))
                        .toArray();
        return new Object[] {new int[] {0}, bytes.from(from), offsets, values};
    }

    private static void unpack(Parcel parcel, Object[] packed) {
        RealParcel.Bytes bytes = RealParcel.bytes(parcel);
        int begin = parcel.dataPosition();
        bytes.put(((byte[]) packed[1]).length).put((byte[]) packed[1]);
        int[] offsets = (int[]) packed[2];
        for (int i = 0; i < offsets.length; i++) {
            bytes.objects.put(begin + offsets[i], of(((long[]) packed[3])[i]));
        }
    }

    @Override
    public boolean transact(int code, Parcel data, Parcel reply, int flags) throws RemoteException {
        int header = code >= FIRST_CALL_TRANSACTION && code <= LAST_CALL_TRANSACTION
                ? HEADER_BYTES : 0;
        Object[] request = pack(data, header);
        sWitness.saw(code, RealParcel.bytes(data).from(0), (byte[]) request[1],
                RealParcel.bytes(data).objects.values());
        Object[] answer = call(mNumber, code, request, flags);
        int status = ((int[]) answer[0])[0];
        if (status != 0) {
            throw failure(status);
        }
        if (reply != null) {
            unpack(reply, answer);
            reply.setDataPosition(0);
        }
        return true;
    }

    /** What a status becomes in Java (AOSP, android_util_Binder.cpp). */
    private RemoteException failure(int status) {
        return switch (status) {
            case -32 -> { // DEAD_OBJECT
                mDead = true;
                yield new DeadObjectException();
            }
            // FAILED_TRANSACTION
            case -0x7ffffffe -> new DeadObjectException("Transaction failed on small parcel");
            // UNEXPECTED_NULL
            case -0x7ffffff8 -> throw new NullPointerException();
            // BAD_VALUE, BAD_TYPE
            case -22, -0x7fffffff -> throw new IllegalArgumentException();
            // PERMISSION_DENIED
            case -1 -> throw new SecurityException();
            default -> new RemoteException("status " + status);
        };
    }

    /** The service calls a binder that Java serves; on a thread of the bridge. */
    static Object[] onCall(IBinder binder, int code, Object[] packed) {
        Parcel data = Parcel.obtain();
        Parcel reply = Parcel.obtain();
        try {
            data.writeInterfaceToken(binder.getInterfaceDescriptor());
            unpack(data, packed);
            data.setDataPosition(0);
            if (!binder.transact(code, data, reply, 0)) {
                return new Object[] {new int[] {-74}}; // UNKNOWN_TRANSACTION
            }
            return pack(reply, 0);
        } catch (RemoteException | RuntimeException e) {
            e.printStackTrace();
            return new Object[] {new int[] {-0x7ffffffe}};
        } finally {
            data.recycle();
            reply.recycle();
        }
    }

    /** A binder died; on a thread of the bridge. */
    static void onDeath(long number) {
        HostBinder binder = (HostBinder) of(number);
        binder.mDead = true;
        binder.mRecipients.forEach(DeathRecipient::binderDied);
    }

    @Override
    public synchronized void linkToDeath(DeathRecipient recipient, int flags)
            throws RemoteException {
        if (mDead) {
            throw new DeadObjectException();
        }
        int status = mRecipients.isEmpty() ? link(mNumber) : 0;
        if (status != 0) {
            throw failure(status);
        }
        mRecipients.add(recipient);
    }

    @Override
    public boolean unlinkToDeath(DeathRecipient recipient, int flags) {
        return mRecipients.remove(recipient);
    }

    @Override
    public boolean pingBinder() {
        Parcel data = Parcel.obtain();
        try {
            return transact(PING_TRANSACTION, data, null, 0);
        } catch (RemoteException e) {
            return false;
        } finally {
            data.recycle();
        }
    }

    @Override
    public boolean isBinderAlive() {
        return !mDead;
    }

    @Override
    public IInterface queryLocalInterface(String descriptor) {
        return null;
    }

    @Override
    public String getInterfaceDescriptor() throws RemoteException {
        Parcel data = Parcel.obtain();
        Parcel reply = Parcel.obtain();
        try {
            transact(INTERFACE_TRANSACTION, data, reply, 0);
            return reply.readString();
        } finally {
            data.recycle();
            reply.recycle();
        }
    }

    @Override
    public void dump(FileDescriptor out, String[] arguments) {
        throw new UnsupportedOperationException();
    }

    @Override
    public void dumpAsync(FileDescriptor out, String[] arguments) {
        throw new UnsupportedOperationException();
    }

    @Override
    public void shellCommand(FileDescriptor in, FileDescriptor out, FileDescriptor error,
            String[] arguments, ShellCallback callback, ResultReceiver result) {
        throw new UnsupportedOperationException();
    }
}
