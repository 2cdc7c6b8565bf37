// SPDX-License-Identifier: Apache-2.0
package android.system.keystore2;

/** What we call of it. */
interface IKeystoreOperation {
    @nullable byte[] finish(in @nullable byte[] input, in @nullable byte[] signature);
}
