// SPDX-License-Identifier: Apache-2.0
package android.system.cloudmessaging.settings;

import static android.system.cloudmessaging.settings.Checks.check;
import static android.system.cloudmessaging.settings.Checks.descriptors;
import static android.system.cloudmessaging.settings.Checks.equal;
import static android.system.cloudmessaging.settings.Checks.holds;
import static android.system.cloudmessaging.settings.Checks.number;
import static android.system.cloudmessaging.settings.Checks.thrown;

import java.io.FileInputStream;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/** Descriptors are Java's, before and after; and any number of threads may ask at once. */
final class DescriptorChecks {
    private static final String CLOSED = "cannot read the export: Bad file descriptor (os error 9)";

    private static Path sFolder;

    private DescriptorChecks() {}

    public static void main(String[] arguments) {
        sFolder = Path.of(arguments[0]);
        Path good = sFolder.resolve("good/a_ledger_that_says_what_was_erased_passes/export");
        Path bad = sFolder.resolve("bad/a_changed_byte_is_found/export");

        check("it_stays_open_and_where_it_was", () -> {
            try (RandomAccessFile file = new RandomAccessFile(good.toFile(), "r")) {
                file.seek(10);
                equal(13L, verify(number(file.getFD())).getSize());
                equal(10L, file.getFilePointer());
                holds(file.read() >= 0, "it was closed");
            }
        });
        check("an_export_that_was_just_written_is_read_from_its_beginning", () -> {
            Path written = sFolder.resolve("written");
            try (RandomAccessFile file = new RandomAccessFile(written.toFile(), "rw")) {
                file.write(Files.readAllBytes(good));
                equal(13L, verify(number(file.getFD())).getSize());
                equal(file.length(), file.getFilePointer());
            }
        });
        check("a_pipe_is_read_until_it_ends", () -> {
            try (Pipe pipe = new Pipe(Files.readAllBytes(good))) {
                equal(13L, verify(number(pipe.in.getFD())).getSize());
            }
            try (Pipe pipe = new Pipe(Files.readAllBytes(bad))) {
                equal("changed", tampered(number(pipe.in.getFD())).getKind());
            }
        });
        check("a_closed_descriptor_cannot_be_read", () -> {
            FileInputStream file = new FileInputStream(good.toFile());
            int closed = number(file.getFD());
            file.close();
            equal(CLOSED, thrown(IOException.class, () -> verify(closed)).getMessage());
        });
        check("a_number_that_is_no_descriptor_cannot_be_read", () -> {
            for (int none : new int[] {-1, -2, 1 << 20, Integer.MIN_VALUE, Integer.MAX_VALUE}) {
                equal(CLOSED, thrown(IOException.class, () -> verify(none)).getMessage());
            }
        });
        check("a_descriptor_that_is_only_written_to_cannot_be_read", () -> {
            try (FileOutputStream out = new FileOutputStream(sFolder.resolve("out").toFile())) {
                int number = number(out.getFD());
                equal(CLOSED, thrown(IOException.class, () -> verify(number)).getMessage());
            }
        });
        check("what_ends_at_once_is_no_export", () -> {
            try (FileInputStream nothing = new FileInputStream("/dev/null")) {
                TamperedLedgerException found = tampered(number(nothing.getFD()));
                equal("foreign", found.getKind());
                equal("this is no export of a ledger", found.getMessage());
            }
        });
        check("null_is_no_key_and_no_checkpoint_and_half_a_character_is_neither", () -> {
            try (FileInputStream file = new FileInputStream(good.toFile())) {
                int number = number(file.getFD());
                VerifiedLedger.verify(number, null, null);
                equal("key is no text", refused(number, "\ud800", null));
                equal("older is no text", refused(number, null, "a\udc00"));
                equal("key: this is no ledger key: not base64", refused(number, "a\0b+\ud83d\ude00+?", null));
                equal("key: this is no ledger key: not Ed25519", refused(number, "", null));
            }
        });
        check("no_call_keeps_a_descriptor", () -> {
            int before = descriptors();
            for (int i = 0; i < 50; i++) {
                try (FileInputStream right = new FileInputStream(good.toFile());
                        FileInputStream wrong = new FileInputStream(bad.toFile())) {
                    verify(number(right.getFD()));
                    tampered(number(wrong.getFD()));
                    refused(number(right.getFD()), "nonsense", null);
                }
            }
            equal(before, descriptors());
        });
        check("threads_that_ask_at_once_get_each_its_own_answer", () -> threads(good, bad));
        Checks.end();
    }

    private static void threads(Path good, Path bad) throws Exception {
        try (FileInputStream right = new FileInputStream(good.toFile());
                FileInputStream wrong = new FileInputStream(bad.toFile())) {
            int shared = number(right.getFD());
            int tampered = number(wrong.getFD());
            ExecutorService threads = Executors.newFixedThreadPool(8);
            List<Future<Void>> answers = new ArrayList<>();
            for (int i = 0; i < 8; i++) {
                boolean even = i % 2 == 0;
                Callable<Void> asks = () -> {
                    for (int call = 0; call < 100; call++) {
                        if (even) {
                            equal(13L, verify(shared).getSize());
                        } else {
                            equal(7L, tampered(tampered).getFrom());
                        }
                    }
                    return null;
                };
                answers.add(threads.submit(asks));
            }
            for (Future<Void> answer : answers) {
                answer.get();
            }
            threads.shutdown();
        }
    }

    private static VerifiedLedger verify(int descriptor) throws Exception {
        return VerifiedLedger.verify(descriptor, null, null);
    }

    private static TamperedLedgerException tampered(int descriptor) {
        return thrown(TamperedLedgerException.class, () -> verify(descriptor));
    }

    private static String refused(int descriptor, String key, String older) {
        return thrown(
                        IllegalArgumentException.class,
                        () -> VerifiedLedger.verify(descriptor, key, older))
                .getMessage();
    }

    /** A named pipe, with somebody who writes into it. */
    private static final class Pipe implements AutoCloseable {
        final FileInputStream in;
        private final Path mPath = sFolder.resolve("pipe");
        private final Thread mWriter;

        Pipe(byte[] bytes) throws Exception {
            equal(0, new ProcessBuilder("mkfifo", mPath.toString()).start().waitFor());
            mWriter = new Thread(() -> {
                try (FileOutputStream out = new FileOutputStream(mPath.toFile())) {
                    out.write(bytes);
                } catch (IOException e) {
                    // A verdict need not wait for the end.
                }
            });
            mWriter.start();
            in = new FileInputStream(mPath.toFile());
        }

        @Override
        public void close() throws IOException {
            in.close();
            try {
                mWriter.join();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
            Files.delete(mPath);
        }
    }
}
