// SPDX-License-Identifier: Apache-2.0
package android.system.keystore2;

import android.system.keystore2.Domain;

parcelable KeyDescriptor {
    Domain domain;
    long nspace;
    @nullable String alias;
    @nullable byte[] blob;
}
