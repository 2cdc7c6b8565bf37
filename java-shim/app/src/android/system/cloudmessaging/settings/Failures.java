// SPDX-License-Identifier: Apache-2.0
package android.system.cloudmessaging.settings;

import android.system.cloudmessaging.ErrorCode;

/** What an owner is told whose order the gate did not carry out: what became of it, and what helps. */
final class Failures {
    private Failures() {}

    /** Of turning on. */
    static int grant(int code) {
        return switch (code) {
            case ErrorCode.UNKNOWN_DISCLOSURE -> R.string.grant_text_changed;
            case ErrorCode.SIM_IN_USE -> R.string.grant_sim_in_use;
            case ErrorCode.STORAGE -> R.string.grant_not_stored;
            case ErrorCode.LEDGER -> R.string.grant_not_written_down;
            case ErrorCode.NOT_READY -> R.string.grant_not_ready;
            case ErrorCode.OFF -> R.string.grant_met_off;
            case ErrorCode.FORBIDDEN -> R.string.grant_forbidden;
            // All else that this page puts into it is of the page's making.
            case ErrorCode.INVALID_ARGUMENT, ErrorCode.TOO_LARGE -> R.string.grant_number_form;
            default -> other(code);
        };
    }

    /** Of a code, or of asking for another. */
    static int code(int code) {
        return switch (code) {
            case ErrorCode.INVALID_ARGUMENT, ErrorCode.TOO_LARGE -> R.string.problem_code_form;
            case ErrorCode.NO_CODE_EXPECTED -> R.string.problem_no_code;
            default -> other(code);
        };
    }

    /** Of allowing a class: it is as before. */
    static int allow(int code) {
        return switch (code) {
            case ErrorCode.STORAGE, ErrorCode.LEDGER -> R.string.problem_stored;
            default -> other(code);
        };
    }

    /** Of forbidding a class, which holds from the first moment on. */
    static int forbid(int code) {
        return switch (code) {
            case ErrorCode.STORAGE, ErrorCode.LEDGER -> R.string.problem_forbid;
            default -> other(code);
        };
    }

    private static int other(int code) {
        return switch (code) {
            case ErrorCode.OFF -> R.string.problem_off;
            case ErrorCode.TOO_MANY -> R.string.problem_busy;
            case Gate.UNAVAILABLE -> R.string.problem_unanswered;
            default -> R.string.problem_other;
        };
    }
}
