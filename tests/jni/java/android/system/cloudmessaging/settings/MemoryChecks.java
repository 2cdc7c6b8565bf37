// SPDX-License-Identifier: Apache-2.0
package android.system.cloudmessaging.settings;

import static android.system.cloudmessaging.settings.Checks.check;
import static android.system.cloudmessaging.settings.Checks.equal;
import static android.system.cloudmessaging.settings.Checks.holds;
import static android.system.cloudmessaging.settings.Checks.number;

import java.io.FileInputStream;
import java.nio.file.Files;
import java.nio.file.Path;

/** However long an export is, it takes no more memory. */
final class MemoryChecks {
    private MemoryChecks() {}

    public static void main(String[] arguments) {
        check("a_large_export_takes_no_more_memory_than_a_small_one", () -> {
            verify(arguments[0], 0);
            long before = peak();
            verify(arguments[1], Long.parseLong(arguments[2]));
            long more = peak() - before;
            long limit = Long.parseLong(arguments[3]) << 10;
            holds(more < limit, more + " KiB more");
        });
        Checks.end();
    }

    private static void verify(String file, long size) throws Exception {
        try (FileInputStream export = new FileInputStream(file)) {
            int descriptor = number(export.getFD());
            equal(size, VerifiedLedger.verify(descriptor, null, null).getSize());
            LedgerStatement page = LedgerStatement.read(descriptor, null, null, -1, 200, new long[367]);
            equal(Math.min(size, 200), (long) page.getEntries().length);
        }
    }

    /** Most memory that was ever resident, KiB. */
    private static long peak() throws Exception {
        for (String line : Files.readAllLines(Path.of("/proc/self/status"))) {
            if (line.startsWith("VmHWM:")) {
                return Long.parseLong(line.replaceAll("[^0-9]", ""));
            }
        }
        throw new AssertionError("no VmHWM");
    }
}
