// SPDX-License-Identifier: Apache-2.0
package android.system.cloudmessaging.settings;

import java.io.IOException;

/**
 * The functions of the native library, java-shim/jni. Each fails with an exception: IllegalArgumentException for what
 * is null or makes no sense, RuntimeException for an error of the library itself. As Soong builds the library for a
 * phone, such an error ends the process instead.
 */
final class Native {
    static {
        // Off a phone, the file can be named: a virtual machine loads one library once, for one class loader.
        String file = System.getProperty("cloudmessaging.jni");
        if (file == null) {
            System.loadLibrary("cloudmessaging_jni");
        } else {
            System.load(file);
        }
    }

    private Native() {}

    /** See {@link VerifiedLedger#verify}. */
    static native VerifiedLedger verify(int export, String key, String older)
            throws TamperedLedgerException, IOException;

    /** See {@link LedgerStatement#read}. */
    static native LedgerStatement read(
            int export, String key, String older, long before, int limit, long[] midnights)
            throws TamperedLedgerException, IOException;

    /** See {@link RegistrationPlaintext#preview}. */
    static native byte[] preview(
            String number, String imsi, String imei, int[] allowedClasses, long nowMillis);

    /** See {@link RegistrationPlaintext#isPreviewOf}. */
    static native boolean isPreviewOf(
            byte[] plaintext, String number, String imsi, String imei, int[] allowedClasses);

    /** See {@link RegistrationPlaintext#fields}. */
    static native RegistrationPlaintext.Field[] fields(byte[] plaintext);
}
