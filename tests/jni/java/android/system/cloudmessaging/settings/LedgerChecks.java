// SPDX-License-Identifier: Apache-2.0
package android.system.cloudmessaging.settings;

import static android.system.cloudmessaging.settings.Checks.check;
import static android.system.cloudmessaging.settings.Checks.equal;
import static android.system.cloudmessaging.settings.Checks.number;
import static android.system.cloudmessaging.settings.Checks.text;
import static android.system.cloudmessaging.settings.Checks.thrown;

import java.io.FileInputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** Ledgers, one in each folder, and what has to be said of it. */
final class LedgerChecks {
    private LedgerChecks() {}

    public static void main(String[] arguments) throws IOException {
        try (var cases = Files.newDirectoryStream(Path.of(arguments[0]))) {
            for (Path ledger : cases) {
                check(ledger.getFileName().toString(), () -> one(ledger));
            }
        }
        Checks.end();
    }

    private static void one(Path ledger) throws Throwable {
        String expected = text(ledger, "expected");
        switch (expected) {
            case "ok":
                good(ledger);
                return;
            case "tampered":
                tampered(ledger, thrown(TamperedLedgerException.class, () -> verify(ledger)));
                // Nothing of it can be read either.
                tampered(ledger, thrown(TamperedLedgerException.class, () -> read(ledger)));
                return;
            case "argument":
                equal(
                        text(ledger, "message"),
                        thrown(IllegalArgumentException.class, () -> verify(ledger)).getMessage());
                return;
            case "unreadable":
                equal(
                        text(ledger, "message"),
                        thrown(IOException.class, () -> verify(ledger)).getMessage());
                return;
            default:
                throw new AssertionError(expected);
        }
    }

    private static VerifiedLedger verify(Path ledger) throws Exception {
        try (FileInputStream export = new FileInputStream(ledger.resolve("export").toFile())) {
            String key = text(ledger, "key");
            String older = text(ledger, "older");
            return VerifiedLedger.verify(number(export.getFD()), key, older);
        }
    }

    private static LedgerStatement read(Path ledger) throws Exception {
        try (FileInputStream export = new FileInputStream(ledger.resolve("export").toFile())) {
            String key = text(ledger, "key");
            String older = text(ledger, "older");
            return LedgerStatement.read(number(export.getFD()), key, older, -1, 200, new long[0]);
        }
    }

    private static void tampered(Path ledger, TamperedLedgerException found) throws IOException {
        equal(text(ledger, "kind"), found.getKind());
        equal(text(ledger, "message"), found.getMessage());
        equal(text(ledger, "from"), Long.toString(found.getFrom()));
        equal(text(ledger, "to"), Long.toString(found.getTo()));
    }

    private static void good(Path ledger) throws Exception {
        facts(ledger, read(ledger).getLedger());
        VerifiedLedger verified = verify(ledger);
        facts(ledger, verified);
        // And what it gives to be kept passes the next time.
        try (FileInputStream export = new FileInputStream(ledger.resolve("export").toFile())) {
            int again = number(export.getFD());
            VerifiedLedger same =
                    VerifiedLedger.verify(again, verified.getKey(), verified.getCheckpoint());
            equal(verified.getRoot(), same.getRoot());
        }
    }

    private static void facts(Path ledger, VerifiedLedger verified) throws IOException {
        equal(text(ledger, "origin"), verified.getOrigin());
        equal(text(ledger, "key-found"), verified.getKey());
        equal(text(ledger, "checkpoint"), verified.getCheckpoint());
        equal(text(ledger, "size"), Long.toString(verified.getSize()));
        equal(text(ledger, "root"), verified.getRoot());
        equal(text(ledger, "erased"), Long.toString(verified.getErased()));
        equal(text(ledger, "dated"), Boolean.toString(verified.isDated()));
        equal(text(ledger, "first"), Long.toString(verified.getFirstMillis()));
        equal(text(ledger, "last"), Long.toString(verified.getLastMillis()));
    }
}
