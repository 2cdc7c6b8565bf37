// SPDX-License-Identifier: Apache-2.0
package android.system.cloudmessaging.settings;

/**
 * What a registration would hold, byte for byte, made in this process from the identities that the page has read
 * itself: so that the page need not believe what the service says of it. Keys, signatures and random values are made
 * when the owner turns on; zeros of the same length stand for them.
 */
public final class RegistrationPlaintext {
    private RegistrationPlaintext() {}

    /**
     * The plaintext that would be sealed to the registrar.
     *
     * @param number E.164
     * @param imsi digits, or empty
     * @param imei digits, or empty
     * @param allowedClasses numbers of {@code android.system.cloudmessaging.DataClass}, each once
     * @param nowMillis ms since the Unix epoch: how long it is can depend on the time
     * @throws IllegalArgumentException if one of these is not as said, or without what is not allowed there is no
     *     registration
     */
    public static byte[] preview(
            String number, String imsi, String imei, int[] allowedClasses, long nowMillis) {
        return Native.preview(number, imsi, imei, allowedClasses, nowMillis);
    }

    /**
     * Whether a plaintext, of the service's preview for one, is in every byte what {@link #preview} makes of these, at
     * whatever time.
     *
     * @throws IllegalArgumentException if one of the identities or classes is not as said there; not if there is no
     *     such registration: then nothing is its preview
     */
    public static boolean isPreviewOf(
            byte[] plaintext, String number, String imsi, String imei, int[] allowedClasses) {
        return Native.isPreviewOf(plaintext, number, imsi, imei, allowedClasses);
    }

    /**
     * Takes a plaintext apart.
     *
     * @return its fields, in order; there is no value in it that belongs to none
     * @throws IllegalArgumentException if it is no registration, or holds what this version does not know
     */
    public static Field[] fields(byte[] plaintext) {
        return Native.fields(plaintext);
    }

    /** One field of a plaintext. */
    public static final class Field {
        private final String mName;
        private final int mDataClass;
        private final String mValue;
        private final boolean mMadeOnGrant;
        private final int mOffset;
        private final int mLength;

        /** Made by the native library. */
        @SuppressWarnings("UnusedMethod")
        private Field(
                String name,
                int dataClass,
                String value,
                boolean madeOnGrant,
                int offset,
                int length) {
            mName = name;
            mDataClass = dataClass;
            mValue = value;
            mMadeOnGrant = madeOnGrant;
            mOffset = offset;
            mLength = length;
        }

        /** Name in proto/registrar.proto, for example "registration.number". */
        public String getName() {
            return mName;
        }

        /** Number of {@code android.system.cloudmessaging.DataClass}; 0 for what is no personal datum. */
        public int getDataClass() {
            return mDataClass;
        }

        /** As text; bytes in hexadecimal. Empty if it is made on grant. */
        public String getValue() {
            return mValue;
        }

        /** A key, a signature, a random value or a time, made when the owner turns on. */
        public boolean isMadeOnGrant() {
            return mMadeOnGrant;
        }

        /** Where the value stands in the plaintext, in bytes. */
        public int getOffset() {
            return mOffset;
        }

        /** How long it is, in bytes. */
        public int getLength() {
            return mLength;
        }
    }
}
