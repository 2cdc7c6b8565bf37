// SPDX-License-Identifier: Apache-2.0
package android.system.cloudmessaging.client;

import java.nio.ByteBuffer;
import java.util.UUID;

/** A message's id: 16 bytes for the service, a UUID for the app. */
final class Ids {
    private Ids() {}

    static byte[] bytes(UUID id) {
        return ByteBuffer.allocate(2 * Long.BYTES).putLong(id.getMostSignificantBits())
                .putLong(id.getLeastSignificantBits()).array();
    }

    static UUID uuid(byte[] id) {
        ByteBuffer bytes = ByteBuffer.wrap(id);
        return new UUID(bytes.getLong(), bytes.getLong());
    }
}
