// SPDX-License-Identifier: Apache-2.0
package android.system.cloudmessaging.settings;

import android.content.Context;

/** What the verifier in this process found, in words. */
final class Verdict {
    private Verdict() {}

    /** In a word, and what it means. */
    record Said(String title, String text) {}

    static Said of(Context context, Sent sent) {
        if (sent.statement() != null) {
            long size = sent.statement().getLedger().getSize();
            String entries =
                    context.getResources().getQuantityString(
                            R.plurals.verified_entries,
                            (int) Math.min(size, Integer.MAX_VALUE), size);
            String since = sent.held() ? "\n" + context.getString(R.string.verified_since) : "";
            return new Said(context.getString(R.string.verified), entries + since);
        }
        if (sent.damage() == null) {
            return new Said(
                    context.getString(R.string.not_verified),
                    context.getString(R.string.not_verified_summary));
        }
        int what = switch (sent.damage()) {
            case "other-key" -> R.string.damaged_key;
            case "rolled-back", "rewritten" -> R.string.damaged_since;
            default -> R.string.damaged_changed;
        };
        return new Said(context.getString(R.string.damaged), context.getString(what));
    }
}
