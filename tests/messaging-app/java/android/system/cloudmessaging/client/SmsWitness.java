// SPDX-License-Identifier: Apache-2.0
package android.system.cloudmessaging.client;

import static org.robolectric.Shadows.shadowOf;

import android.app.PendingIntent;
import android.content.Intent;
import android.telephony.SmsManager;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import org.robolectric.annotation.Implementation;
import org.robolectric.annotation.Implements;
import org.robolectric.shadows.ShadowSmsManager;

/** SmsManager, as a witness who outlives the process: each part that it is handed is a line of a file. */
@Implements(SmsManager.class)
public class SmsWitness extends ShadowSmsManager {
    /** What is handed over. */
    record Sent(String identifier, String to, String text) {
        String id() {
            return identifier.split(" ", -1)[0];
        }
    }

    static volatile Path sFile;

    @Implementation
    @Override
    protected void sendTextMessage(String to, String center, String text,
            PendingIntent sent, PendingIntent delivered) {
        super.sendTextMessage(to, center, text, sent, delivered);
        note(to, text, sent);
    }

    @Implementation
    @Override
    @SuppressWarnings("NonApiType") // It is Android's.
    protected void sendMultipartTextMessage(String to, String center, ArrayList<String> parts,
            ArrayList<PendingIntent> sent, ArrayList<PendingIntent> delivered) {
        super.sendMultipartTextMessage(to, center, parts, sent, delivered);
        for (int i = 0; i < parts.size(); i++) {
            note(to, parts.get(i), sent.get(i));
        }
    }

    private static void note(String to, String text, PendingIntent sent) {
        Intent result = shadowOf(sent).getSavedIntent();
        try {
            Files.writeString(sFile, String.join("\t", result.getIdentifier(), to, text) + "\n",
                    StandardOpenOption.CREATE, StandardOpenOption.APPEND);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** All that was ever handed over. */
    static List<Sent> read(Path file) throws IOException {
        if (!Files.exists(file)) {
            return List.of();
        }
        return Files.readAllLines(file).stream().map(line -> line.split("\t", -1))
                .map(words -> new Sent(words[0], words[1], words[2])).toList();
    }
}
