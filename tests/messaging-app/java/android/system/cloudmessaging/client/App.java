// SPDX-License-Identifier: Apache-2.0
package android.system.cloudmessaging.client;

import java.io.BufferedWriter;
import java.io.File;
import java.io.IOException;
import java.lang.ProcessBuilder.Redirect;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/** A Messaging app in a process of its own, whose other side is {@link AppProcess}. It can be made before it is needed. */
final class App implements AutoCloseable {
    /** A busy machine takes minutes to begin a virtual machine. */
    private static final long ANSWER_SECONDS = 600;

    private final Process mProcess;
    private final BufferedWriter mVerbs;
    private final BlockingQueue<String> mAnswers = new LinkedBlockingQueue<>();
    /** Steps of the library's. */
    final Set<String> mReached = ConcurrentHashMap.newKeySet();

    App(Path folder) throws IOException {
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                // What lives for seconds is not worth a better compiler.
                "-XX:TieredStopAtLevel=1", "--add-opens=java.base/java.io=ALL-UNNAMED",
                "-Dapp.folder=" + folder));
        for (String name : System.getProperties().stringPropertyNames()) {
            if (name.startsWith("robolectric.") || name.startsWith("shim.")) {
                command.add("-D" + name + "=" + System.getProperty(name));
            }
        }
        command.addAll(List.of("-cp", System.getProperty("java.class.path"),
                AppMain.class.getName()));
        File log = folder.resolve("log").toFile();
        mProcess = new ProcessBuilder(command).redirectError(Redirect.appendTo(log)).start();
        mVerbs = mProcess.outputWriter(StandardCharsets.UTF_8);
        Thread reader = new Thread(() ->
                mProcess.inputReader(StandardCharsets.UTF_8).lines().forEach(this::hear));
        reader.setDaemon(true);
        reader.start();
    }

    private void hear(String line) {
        if (line.startsWith("! ")) {
            mReached.add(line.substring(2));
        } else if (line.startsWith("> ")) {
            mAnswers.add(line.substring(2));
        }
    }

    /** Waits until it is there. */
    void ready() throws Exception {
        answer();
    }

    String tell(String... words) throws Exception {
        mVerbs.write(String.join("\t", words) + "\n");
        mVerbs.flush();
        return answer();
    }

    private String answer() throws Exception {
        String answer = mAnswers.poll(ANSWER_SECONDS, TimeUnit.SECONDS);
        if (answer == null) {
            throw new IOException("the app does not answer; its log says why");
        }
        return answer;
    }

    /** SIGKILL. */
    @Override
    public void close() {
        mProcess.destroyForcibly();
        mProcess.onExit().join();
    }
}
