// SPDX-License-Identifier: Apache-2.0
package android.system.cloudmessaging.client;

import android.net.Uri;
import android.system.cloudmessaging.InboundMessage;
import android.system.cloudmessaging.OutgoingMessage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.stream.Stream;

/** A Messaging app's messages: a file for each that it sends, and one of all that it was told, line after line. */
final class AppStore implements MessageStore {
    static final int SIM = 1;

    private final Path mFolder;
    private final Path mRows;

    AppStore(Path folder) throws IOException {
        mFolder = folder;
        mRows = folder.resolve("provider");
        Files.createDirectories(folder.resolve("out"));
    }

    /** A message as the app has it. */
    record Message(String to, String body, long deadline, boolean alwaysSms, String state) {
        boolean isOver() {
            return List.of("DELIVERED", "SENT", "DECLINED").contains(state);
        }
    }

    private Path file(UUID id) {
        return mFolder.resolve("out").resolve(id.toString());
    }

    synchronized void write(UUID id, Message message) throws IOException {
        Path written = mFolder.resolve("written");
        Files.writeString(written, String.join("\t", message.to, message.body,
                "" + message.deadline, "" + message.alwaysSms, message.state));
        Files.move(written, file(id), StandardCopyOption.ATOMIC_MOVE);
    }

    synchronized Message message(UUID id) throws IOException {
        String[] words = Files.readString(file(id)).split("\t", -1);
        return new Message(words[0], words[1], Long.parseLong(words[2]),
                Boolean.parseBoolean(words[3]), words[4]);
    }

    /** Those that nothing was told of. */
    List<UUID> waiting() throws IOException {
        List<UUID> waiting = new ArrayList<>();
        try (Stream<Path> files = Files.list(mFolder.resolve("out"))) {
            for (Path file : (Iterable<Path>) files::iterator) {
                UUID id = UUID.fromString(file.getFileName().toString());
                if (message(id).state.equals("WAITING")) {
                    waiting.add(id);
                }
            }
        }
        return waiting;
    }

    synchronized void become(UUID id, String state) throws IOException {
        Message is = message(id);
        note(state + "\t" + id);
        write(id, new Message(is.to, is.body, is.deadline, is.alwaysSms, state));
    }

    private void note(String line) throws IOException {
        Files.writeString(mFolder.resolve("told"), line + "\n",
                StandardOpenOption.CREATE, StandardOpenOption.APPEND);
    }

    @Override
    public OutgoingMessage outgoing(UUID id) throws IOException {
        if (!Files.exists(file(id)) || message(id).isOver()) {
            return null;
        }
        Message message = message(id);
        OutgoingMessage outgoing = new OutgoingMessage();
        outgoing.subscriptionId = SIM;
        outgoing.recipient = message.to;
        outgoing.body = message.body;
        outgoing.smsDeadlineMillis = message.deadline;
        return outgoing;
    }

    @Override
    public boolean alwaysSms(String recipient) throws IOException {
        try (Stream<Path> files = Files.list(mFolder.resolve("out"))) {
            for (Path file : (Iterable<Path>) files::iterator) {
                Message message = message(UUID.fromString(file.getFileName().toString()));
                if (message.to.equals(recipient) && message.alwaysSms) {
                    return true;
                }
            }
        }
        return false;
    }

    @Override
    public void delivered(UUID id) throws IOException {
        become(id, "DELIVERED");
    }

    @Override
    public void sms(UUID id, Sms known) throws IOException {
        if (known == Sms.SENT && !message(id).state.equals("SENT")) {
            Message message = message(id);
            SmsRows.add(mRows, "sent", message.to, message.body, System.currentTimeMillis());
        }
        become(id, known.name());
    }

    @Override
    public void received(UUID id, InboundMessage message) throws IOException {
        note("received\t" + id + "\t" + message.sender + "\t" + message.body);
    }

    @Override
    public void folded(UUID id, Uri sms) throws IOException {
        note("folded\t" + id + "\t" + sms);
    }

    @Override
    public void keyChanged(String peer, long atMillis) throws IOException {
        note("key\t" + peer + "\t" + atMillis);
    }

    @Override
    public void stateChanged() {}
}
