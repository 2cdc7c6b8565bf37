// SPDX-License-Identifier: Apache-2.0
package android.system.cloudmessaging.shim;

import android.os.IBinder;
import java.io.BufferedReader;
import java.io.BufferedWriter;
import java.io.File;
import java.io.IOException;
import java.lang.ProcessBuilder.Redirect;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/** A phone with the real cloudmessagingd, its broker and its registrar: tests/shim/src/bin/bed.rs, in a process of its own. */
public final class Bed implements AutoCloseable {
    /** The number of the phone's one SIM. */
    public static final String NUMBER = "+15550100";

    private final Process mProcess;
    private final BufferedReader mAnswers;
    private final BufferedWriter mVerbs;
    private final Path mSockets;

    public Bed() throws IOException {
        File log = new File(System.getProperty("shim.work"), "bed.log");
        mProcess =
                new ProcessBuilder(System.getProperty("shim.bed"))
                        .redirectError(Redirect.appendTo(log))
                        .start();
        mAnswers = mProcess.inputReader(StandardCharsets.UTF_8);
        mVerbs = mProcess.outputWriter(StandardCharsets.UTF_8);
        mSockets = Path.of(answer().replace("\"", ""));
    }

    /** The folder of the phone's sockets. */
    public Path sockets() {
        return mSockets;
    }

    /** Has something done, and gives back the JSON that is said to it. */
    public String tell(String verb) throws IOException {
        mVerbs.write(verb + "\n");
        mVerbs.flush();
        return answer();
    }

    private String answer() throws IOException {
        String line = mAnswers.readLine();
        if (line == null) {
            throw new IOException("the bed ended; bed.log says why");
        }
        return line;
    }

    /** The code that came last by SMS; "null" if none has. */
    public String code() throws IOException {
        return tell("code").replace("\"", "");
    }

    /** The same, to the number of a second SIM. */
    public String code(String number) throws IOException {
        return tell("code " + number).replace("\"", "");
    }

    public IBinder consent() throws IOException {
        return open("consent.sock", "android.system.cloudmessaging.ICloudMessagingConsent", true);
    }

    public IBinder platform() throws IOException {
        return open("platform.sock", "android.system.cloudmessaging.ICloudMessagingPlatform", false);
    }

    public IBinder messaging() throws IOException {
        return open("messaging.sock", "android.system.cloudmessaging.ICloudMessaging", false);
    }

    private IBinder open(String socket, String name, boolean passing) throws IOException {
        return HostBinder.open(mSockets.resolve(socket), name, passing);
    }

    @Override
    public void close() throws IOException {
        mVerbs.close();
        try {
            mProcess.waitFor();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            mProcess.destroyForcibly();
        }
    }
}
