// SPDX-License-Identifier: Apache-2.0
package android.system.cloudmessaging.shim;

import android.os.Parcel;
import android.os.ParcelFileDescriptor;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import org.robolectric.annotation.Implementation;
import org.robolectric.annotation.Implements;
import org.robolectric.annotation.RealObject;
import org.robolectric.shadows.ShadowParcelFileDescriptor;

/** A pipe is one, and a ParcelFileDescriptor goes into a parcel as AOSP's does: that there is no second one, and the descriptor. */
@Implements(ParcelFileDescriptor.class)
public class RealDescriptor extends ShadowParcelFileDescriptor {
    @RealObject private ParcelFileDescriptor mReal;

    @Implementation
    @Override
    protected void writeToParcel(Parcel parcel, int flags) {
        parcel.writeInt(0);
        parcel.writeFileDescriptor(mReal.getFileDescriptor());
    }

    /** Both ends of a named one that has no name any more. */
    @Implementation
    protected static ParcelFileDescriptor[] createPipe() throws IOException {
        Path folder = Files.createTempDirectory("shim");
        Path pipe = folder.resolve("pipe");
        try {
            new ProcessBuilder("mkfifo", pipe.toString()).inheritIO().start().waitFor();
            // Opening one end waits for the other.
            FutureTask<ParcelFileDescriptor> in =
                    new FutureTask<>(() -> ParcelFileDescriptor.open(pipe.toFile(),
                            ParcelFileDescriptor.MODE_READ_ONLY));
            new Thread(in).start();
            ParcelFileDescriptor out = ParcelFileDescriptor.open(pipe.toFile(),
                    ParcelFileDescriptor.MODE_READ_WRITE);
            return new ParcelFileDescriptor[] {in.get(), out};
        } catch (InterruptedException | ExecutionException e) {
            throw new IOException(e);
        } finally {
            Files.delete(pipe);
            Files.delete(folder);
        }
    }
}
