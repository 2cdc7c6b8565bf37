// SPDX-License-Identifier: Apache-2.0
package android.system.cloudmessaging.settings;

import static android.system.cloudmessaging.settings.Checks.check;
import static android.system.cloudmessaging.settings.Checks.equal;
import static android.system.cloudmessaging.settings.Checks.holds;
import static android.system.cloudmessaging.settings.Checks.number;
import static android.system.cloudmessaging.settings.Checks.text;
import static android.system.cloudmessaging.settings.Checks.thrown;

import java.io.FileInputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashSet;
import java.util.Set;

/** Parts of ledgers, one in each folder, and what they say. */
final class StatementChecks {
    private StatementChecks() {}

    public static void main(String[] arguments) throws IOException {
        Path parts = Path.of(arguments[0]);
        try (var cases = Files.newDirectoryStream(parts)) {
            for (Path part : cases) {
                check(part.getFileName().toString(), () -> one(part));
            }
        }
        Path long_ = parts.resolve("the_newest_entries_come_first/export");
        check("pages_put_together_are_the_whole_ledger", () -> {
            LedgerStatement page = read(long_, -1, 200);
            long next = page.getLedger().getSize();
            while (page.getEntries().length > 0) {
                for (LedgerStatement.Entry entry : page.getEntries()) {
                    equal(--next, entry.getPosition());
                }
                page = read(long_, next, 200);
            }
            equal(0L, next);
        });
        check("an_outcome_is_of_the_message_of_an_intent", () -> {
            Set<String> intents = new HashSet<>();
            Set<String> outcomes = new HashSet<>();
            for (LedgerStatement.Entry entry : read(long_, -1, 200).getEntries()) {
                Set<String> of = entry.getEvent().equals("intent") ? intents : outcomes;
                if (!entry.getMessage().isEmpty()) {
                    of.add(entry.getMessage());
                }
            }
            holds(outcomes.size() > 30, outcomes.size() + " outcomes");
            outcomes.removeAll(intents);
            holds(outcomes.size() <= 1, outcomes.size() + " outcomes of no message");
        });
        check("what_is_out_of_range_is_refused", () -> {
            equal("limit is not 0 to 200", refused(long_, -1, 201));
            equal("limit is not 0 to 200", refused(long_, -1, -1));
            equal("before is negative", refused(long_, -2, 1));
            equal("before is negative", refused(long_, Long.MIN_VALUE, 1));
            equal("midnights is null", refused(long_, -1, 1, (long[]) null));
            equal("midnights is too long", refused(long_, -1, 1, new long[368]));
            equal("midnights does not ascend", refused(long_, -1, 1, 0, 2, 1));
        });
        Checks.end();
    }

    private static void one(Path part) throws Exception {
        long before = Long.parseLong(text(part, "before"));
        int limit = Integer.parseInt(text(part, "limit"));
        long[] midnights = text(part, "midnights").lines().mapToLong(Long::parseLong).toArray();
        LedgerStatement statement = read(part.resolve("export"), before, limit, midnights);

        StringBuilder entries = new StringBuilder();
        for (LedgerStatement.Entry entry : statement.getEntries()) {
            entries.append(entry.getPosition()).append('|').append(entry.getWallMillis());
            entries.append('|').append(entry.getEvent()).append('|').append(entry.getKind());
            entries.append('|').append(Arrays.toString(entry.getClasses()));
            entries.append('|').append(entry.getBytes()).append('|').append(entry.getHost());
            entries.append('|').append(entry.getMessage()).append('|').append(entry.getReason());
            entries.append('|').append(entry.getCount()).append('|').append(entry.isSo());
            entries.append('|').append(entry.getEnding());
            entries.append('|').append(entry.getEndedMillis()).append('\n');
        }
        equal(text(part, "entries"), entries.toString());

        StringBuilder totals = new StringBuilder();
        for (LedgerStatement.Total total : statement.getTotals()) {
            totals.append(total.getDay()).append('|').append(total.getDataClass()).append('|');
            totals.append(total.getCount()).append('|').append(total.getConnections());
            totals.append('|').append(total.getBytes()).append('\n');
        }
        equal(text(part, "totals"), totals.toString());

        StringBuilder refused = new StringBuilder();
        for (LedgerStatement.Refused one : statement.getRefused()) {
            refused.append(one.getReason()).append('|').append(one.getCount()).append('|');
            refused.append(one.getLastMillis()).append('\n');
        }
        equal(text(part, "refused"), refused.toString());
        equal(text(part, "on"), Arrays.toString(statement.getDaysOn()));
    }

    private static LedgerStatement read(Path file, long before, int limit, long... midnights)
            throws Exception {
        try (FileInputStream export = new FileInputStream(file.toFile())) {
            int descriptor = number(export.getFD());
            return LedgerStatement.read(descriptor, null, null, before, limit, midnights);
        }
    }

    private static String refused(Path file, long before, int limit, long... midnights) {
        return thrown(
                        IllegalArgumentException.class,
                        () -> read(file, before, limit, midnights))
                .getMessage();
    }
}
