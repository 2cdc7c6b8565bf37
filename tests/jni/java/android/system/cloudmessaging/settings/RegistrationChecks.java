// SPDX-License-Identifier: Apache-2.0
package android.system.cloudmessaging.settings;

import static android.system.cloudmessaging.settings.Checks.check;
import static android.system.cloudmessaging.settings.Checks.equal;
import static android.system.cloudmessaging.settings.Checks.holds;
import static android.system.cloudmessaging.settings.Checks.text;
import static android.system.cloudmessaging.settings.Checks.thrown;

import android.system.cloudmessaging.settings.RegistrationPlaintext.Field;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;

/** Previews, one in each folder, and what makes none. */
final class RegistrationChecks {
    private static final int[] CLASSES = {1, 8};
    private static final String NUMBER = "+15550100";

    private RegistrationChecks() {}

    public static void main(String[] arguments) throws IOException {
        try (var cases = Files.newDirectoryStream(Path.of(arguments[0]))) {
            for (Path registration : cases) {
                check(registration.getFileName().toString(), () -> one(registration));
            }
        }
        check("an_identity_that_is_none_is_refused_and_not_repeated", () -> {
            equal("the number is not E.164", refused("15550100", "", "", CLASSES));
            equal("the number is not E.164", refused("+1555010\uff10", "", "", CLASSES));
            equal("the number is not E.164", refused("", "", "", CLASSES));
            equal("number is no text", refused("+1555\ud800", "", "", CLASSES));
            equal(
                    "the IMSI is neither empty nor 6 to 15 digits",
                    refused(NUMBER, "00101x", "", CLASSES));
            equal(
                    "the IMEI is neither empty nor 14 to 16 digits",
                    refused(NUMBER, "", "4901", CLASSES));
        });
        check("null_is_refused_by_name", () -> {
            equal("number is null", refused(null, "", "", CLASSES));
            equal("imsi is null", refused(NUMBER, null, "", CLASSES));
            equal("imei is null", refused(NUMBER, "", null, CLASSES));
            equal("allowedClasses is null", refused(NUMBER, "", "", null));
            equal(
                    "plaintext is null",
                    refused(() -> RegistrationPlaintext.isPreviewOf(null, NUMBER, "", "", CLASSES)));
            equal("plaintext is null", refused(() -> RegistrationPlaintext.fields(null)));
        });
        check("classes_that_are_no_set_are_refused", () -> {
            equal("allowedClasses: unknown data class 0", refused(NUMBER, "", "", 1, 8, 0));
            equal("allowedClasses: unknown data class 11", refused(NUMBER, "", "", 11));
            equal("allowedClasses: unknown data class -1", refused(NUMBER, "", "", -1));
            equal(
                    "allowedClasses: data class 8 is named twice or out of order",
                    refused(NUMBER, "", "", 8, 1, 8));
            equal("allowedClasses is too long", refused(NUMBER, "", "", new int[65]));
            equal("allowedClasses is too long", refused(NUMBER, "", "", new int[1 << 20]));
        });
        check("without_number_or_keys_there_is_no_registration", () -> {
            String none = "without the phone number and the public keys there is no registration";
            equal(none, refused(NUMBER, "", "", 8));
            equal(none, refused(NUMBER, "", "", 1, 9, 10));
            equal(none, refused(NUMBER, "", ""));
            holds(
                    !RegistrationPlaintext.isPreviewOf(new byte[0], NUMBER, "", "", new int[0]),
                    "nothing is a preview");
        });
        check("what_is_no_registration_is_not_taken_apart", () -> {
            String none = "plaintext is no registration, or one with more in it than is known here";
            byte[] more = RegistrationPlaintext.preview(NUMBER, "", "", CLASSES, 0);
            more = Arrays.copyOf(more, more.length + 3);
            more[more.length - 3] = 14 << 3 | 2;
            more[more.length - 2] = 1;
            for (byte[] other : new byte[][] {{1}, {-1, -1, -1}, new byte[1 << 20], more}) {
                equal(none, refused(() -> RegistrationPlaintext.fields(other)));
                holds(
                        !RegistrationPlaintext.isPreviewOf(other, NUMBER, "", "", CLASSES),
                        "anything is a preview");
            }
        });
        check("a_time_of_any_length_makes_a_preview_that_is_recognised", () -> {
            for (long now : new long[] {Long.MIN_VALUE, -1, 0, 1, 127, 128, Long.MAX_VALUE}) {
                byte[] made = RegistrationPlaintext.preview(NUMBER, "", "", CLASSES, now);
                holds(
                        RegistrationPlaintext.isPreviewOf(made, NUMBER, "", "", CLASSES),
                        "not at " + now);
            }
        });
        Checks.end();
    }

    private static void one(Path registration) throws Exception {
        String number = text(registration, "number");
        String imsi = text(registration, "imsi");
        String imei = text(registration, "imei");
        String[] listed = text(registration, "classes").split(" ");
        int[] classes = Arrays.stream(listed).mapToInt(Integer::parseInt).toArray();
        long now = Long.parseLong(text(registration, "now"));
        byte[] plaintext = RegistrationPlaintext.preview(number, imsi, imei, classes, now);
        holds(
                Arrays.equals(Files.readAllBytes(registration.resolve("plaintext")), plaintext),
                "another plaintext");

        StringBuilder rows = new StringBuilder();
        for (Field field : RegistrationPlaintext.fields(plaintext)) {
            rows.append(field.getName()).append('|').append(field.getDataClass()).append('|');
            rows.append(field.getValue()).append('|').append(field.isMadeOnGrant()).append('|');
            rows.append(field.getOffset()).append('|').append(field.getLength()).append('\n');
            int end = field.getOffset() + field.getLength();
            byte[] value = Arrays.copyOfRange(plaintext, field.getOffset(), end);
            if (field.getDataClass() == 1) {
                equal(number, new String(value, StandardCharsets.UTF_8));
            }
        }
        equal(text(registration, "fields"), rows.toString());

        // What was allowed is in it, and what was not is in none of its bytes.
        String bytes = new String(plaintext, StandardCharsets.ISO_8859_1);
        boolean imsiAllowed = Arrays.stream(classes).anyMatch(c -> c == 9);
        boolean imeiAllowed = Arrays.stream(classes).anyMatch(c -> c == 10);
        equal(imsiAllowed || imsi.isEmpty(), bytes.contains(imsi));
        equal(imeiAllowed || imei.isEmpty(), bytes.contains(imei));

        holds(
                RegistrationPlaintext.isPreviewOf(plaintext, number, imsi, imei, classes),
                "it is not recognised");
        holds(
                !RegistrationPlaintext.isPreviewOf(plaintext, "+15550101", imsi, imei, classes),
                "another number's");
        for (int at = 0; at < plaintext.length; at += 7) {
            byte[] changed = plaintext.clone();
            changed[at] ^= (byte) 0x80;
            boolean time = now != madeMillis(changed);
            equal(time, RegistrationPlaintext.isPreviewOf(changed, number, imsi, imei, classes));
        }
    }

    /** The time in a plaintext; another one leaves it a preview, made at another time. */
    private static long madeMillis(byte[] plaintext) {
        try {
            for (Field field : RegistrationPlaintext.fields(plaintext)) {
                if (field.getName().equals("made_ms")) {
                    long millis = 0;
                    for (int at = field.getLength() - 1; at >= 0; at--) {
                        millis = millis << 7 | plaintext[field.getOffset() + at] & 0x7f;
                    }
                    return millis;
                }
            }
        } catch (IllegalArgumentException e) {
            // It is no registration any more.
        }
        return 1_790_000_000_000L;
    }

    private static String refused(String number, String imsi, String imei, int... classes) {
        String fault =
                refused(() -> RegistrationPlaintext.preview(number, imsi, imei, classes, 0));
        boolean none = fault.startsWith("without");
        if (!none) {
            byte[] any = new byte[0];
            String same =
                    refused(
                            () ->
                                    RegistrationPlaintext.isPreviewOf(
                                            any, number, imsi, imei, classes));
            equal(fault, same);
        }
        return fault;
    }

    private static String refused(Checks.Body body) {
        return thrown(IllegalArgumentException.class, body).getMessage();
    }
}
