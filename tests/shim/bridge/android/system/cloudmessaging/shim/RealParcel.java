// SPDX-License-Identifier: Apache-2.0
package android.system.cloudmessaging.shim;

import android.os.IBinder;
import android.os.Parcel;
import java.io.FileDescriptor;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import org.robolectric.annotation.Implementation;
import org.robolectric.annotation.Implements;
import org.robolectric.annotation.RealObject;
import org.robolectric.shadows.ShadowParcel;
import org.robolectric.util.ReflectionHelpers;

/**
 * A Parcel of the bytes that libbinder lays out (AOSP, libs/binder/Parcel.cpp): Robolectric's own holds Java objects. A
 * binder and a descriptor take as many bytes here as on the socket; what they are is kept beside the bytes.
 */
@Implements(Parcel.class)
public class RealParcel extends ShadowParcel {
    /** The bytes of one parcel, and what stands at which offset of them that is no byte. */
    static final class Bytes {
        final TreeMap<Integer, Object> objects = new TreeMap<>();
        private byte[] data = new byte[64];
        private int size;
        private int position;

        byte[] from(int offset) {
            return Arrays.copyOfRange(data, offset, size);
        }

        /** Makes room at the position, in whole words. */
        ByteBuffer put(int length) {
            int end = position + padded(length);
            if (end > data.length) {
                data = Arrays.copyOf(data, Math.max(data.length * 2, end));
            }
            Arrays.fill(data, position, end, (byte) 0);
            ByteBuffer room = view(length);
            position = end;
            size = Math.max(size, end);
            return room;
        }

        /** What is at the position; null if that is not all there. */
        ByteBuffer take(int length) {
            if (length < 0 || position + padded(length) > size) {
                return null;
            }
            ByteBuffer taken = view(length);
            position += padded(length);
            return taken;
        }

        private ByteBuffer view(int length) {
            return ByteBuffer.wrap(data, position, length).order(ByteOrder.LITTLE_ENDIAN);
        }

        private static int padded(int length) {
            return (length + 3) & ~3;
        }
    }

    private static final Map<Long, Bytes> PARCELS = new ConcurrentHashMap<>();
    private static final AtomicLong NEXT = new AtomicLong(1);

    @RealObject private Parcel mReal;

    static Bytes bytes(Parcel parcel) {
        return bytes(pointer(parcel));
    }

    private static Bytes bytes(long parcel) {
        return PARCELS.get(parcel);
    }

    private static long pointer(Parcel parcel) {
        return ReflectionHelpers.<Long>getField(parcel, "mNativePtr");
    }

    @Implementation
    public static long nativeCreate() {
        long parcel = NEXT.getAndIncrement();
        PARCELS.put(parcel, new Bytes());
        return parcel;
    }

    @Implementation
    protected static void nativeFreeBuffer(long parcel) {
        PARCELS.put(parcel, new Bytes());
    }

    @Implementation
    protected static void nativeDestroy(long parcel) {
        PARCELS.remove(parcel);
    }

    @Implementation
    protected static int nativeDataSize(long parcel) {
        return bytes(parcel).size;
    }

    @Implementation
    protected static int nativeDataAvail(long parcel) {
        return bytes(parcel).size - bytes(parcel).position;
    }

    @Implementation
    protected static int nativeDataPosition(long parcel) {
        return bytes(parcel).position;
    }

    @Implementation
    protected static void nativeSetDataPosition(long parcel, int position) {
        bytes(parcel).position = position;
    }

    @Implementation
    protected static int nativeWriteInt(long parcel, int value) {
        bytes(parcel).put(4).putInt(value);
        return 0;
    }

    @Implementation
    protected static int nativeReadInt(long parcel) {
        ByteBuffer word = bytes(parcel).take(4);
        return word == null ? 0 : word.getInt();
    }

    @Implementation
    protected static int nativeWriteLong(long parcel, long value) {
        bytes(parcel).put(8).putLong(value);
        return 0;
    }

    @Implementation
    protected static long nativeReadLong(long parcel) {
        ByteBuffer words = bytes(parcel).take(8);
        return words == null ? 0 : words.getLong();
    }

    // Robolectric's own Parcel.writeByteArray does not come to the native method with all of its arguments.
    @Implementation
    @Override
    protected void writeByteArray(byte[] value, int offset, int length) {
        nativeWriteByteArray(pointer(mReal), value, offset, length);
    }

    @Implementation
    protected static void nativeWriteByteArray(long parcel, byte[] value, int offset, int length) {
        nativeWriteInt(parcel, value == null ? -1 : length);
        if (value != null) {
            bytes(parcel).put(length).put(value, offset, length);
        }
    }

    @Implementation
    protected static byte[] nativeCreateByteArray(long parcel) {
        ByteBuffer taken = bytes(parcel).take(nativeReadInt(parcel));
        if (taken == null) {
            return null;
        }
        byte[] value = new byte[taken.remaining()];
        taken.get(value);
        return value;
    }

    // By code units, as libbinder does: an encoder would replace a lone surrogate.
    @Implementation
    protected static void nativeWriteString16(long parcel, String value) {
        nativeWriteInt(parcel, value == null ? -1 : value.length());
        if (value != null) {
            ByteBuffer room = bytes(parcel).put(2 * value.length() + 2);
            value.chars().forEach(unit -> room.putChar((char) unit));
        }
    }

    @Implementation
    protected static String nativeReadString16(long parcel) {
        int length = nativeReadInt(parcel);
        ByteBuffer taken = length < 0 ? null : bytes(parcel).take(2 * length + 2);
        return taken == null ? null : taken.asCharBuffer().limit(length).toString();
    }

    @Implementation
    protected static void nativeWriteStrongBinder(long parcel, IBinder value) {
        if (value == null) {
            nativeWriteLong(parcel, 0);
            return;
        }
        bytes(parcel).objects.put(bytes(parcel).position, value);
        nativeWriteInt(parcel, 1);
        nativeWriteLong(parcel, 0);
        nativeWriteInt(parcel, 0);
    }

    @Implementation
    protected static IBinder nativeReadStrongBinder(long parcel) {
        Object value = bytes(parcel).objects.get(bytes(parcel).position);
        if (nativeReadInt(parcel) != 0) {
            nativeReadLong(parcel);
        }
        nativeReadInt(parcel);
        return (IBinder) value;
    }

    @Implementation
    protected static long nativeWriteFileDescriptor(long parcel, FileDescriptor value) {
        bytes(parcel).objects.put(bytes(parcel).position, value);
        nativeWriteInt(parcel, 2);
        nativeWriteInt(parcel, 0);
        return 8;
    }

    /** The header of a call on the kernel's driver: strict mode, work source, "SYST", the interface's name. */
    @Implementation
    protected static void nativeWriteInterfaceToken(long parcel, String name) {
        nativeWriteInt(parcel, 0x80000000);
        nativeWriteInt(parcel, -1);
        nativeWriteInt(parcel, HostBinder.SYST);
        nativeWriteString16(parcel, name);
    }

    @Implementation
    protected static void nativeEnforceInterface(long parcel, String name) {
        for (int word = 0; word < 3; word++) {
            nativeReadInt(parcel);
        }
        if (!name.equals(nativeReadString16(parcel))) {
            throw new SecurityException("Binder invocation to an incorrect interface");
        }
    }
}
