// SPDX-License-Identifier: Apache-2.0
package android.system.cloudmessaging.client;

import android.content.ContentProvider;
import android.content.ContentValues;
import android.database.Cursor;
import android.database.MatrixCursor;
import android.net.Uri;
import android.provider.Telephony;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Map;

/** The phone's SMS provider, in a file that outlives the process. It knows the two questions that are asked of it, and no more. */
public final class SmsRows extends ContentProvider {
    static volatile Path sFile;

    static void add(Path file, String box, String address, String body, long date)
            throws IOException {
        Files.writeString(file, String.join("\t", box, address, body, "" + date) + "\n",
                StandardOpenOption.CREATE, StandardOpenOption.APPEND);
    }

    @Override
    public boolean onCreate() {
        return true;
    }

    @Override
    public Cursor query(Uri uri, String[] columns, String where, String[] values, String order) {
        if (!List.of("date >= ?", "date >= ? AND body = ?").contains(where)
                || !order.equals("date DESC")) {
            throw new IllegalArgumentException(where + " " + order);
        }
        MatrixCursor found = new MatrixCursor(columns);
        try {
            List<String> lines = Files.exists(sFile) ? Files.readAllLines(sFile) : List.of();
            for (int number = lines.size() - 1; number >= 0; number--) {
                String[] words = lines.get(number).split("\t", -1);
                boolean matches = words[0].equals(uri.getLastPathSegment())
                        && Long.parseLong(words[3]) >= Long.parseLong(values[0])
                        && (values.length == 1 || words[2].equals(values[1]));
                if (matches) {
                    Map<String, String> row = Map.of(Telephony.Sms._ID, "" + number,
                            Telephony.Sms.ADDRESS, words[1], Telephony.Sms.BODY, words[2],
                            Telephony.Sms.DATE, words[3]);
                    MatrixCursor.RowBuilder made = found.newRow();
                    for (String column : columns) {
                        made.add(row.get(column));
                    }
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return found;
    }

    @Override
    public String getType(Uri uri) {
        return null;
    }

    @Override
    public Uri insert(Uri uri, ContentValues values) {
        throw new UnsupportedOperationException("the library writes nothing here");
    }

    @Override
    public int delete(Uri uri, String where, String[] values) {
        throw new UnsupportedOperationException("the library deletes nothing here");
    }

    @Override
    public int update(Uri uri, ContentValues values, String where, String[] arguments) {
        throw new UnsupportedOperationException("the library changes nothing here");
    }

}
