// SPDX-License-Identifier: Apache-2.0
package android.system.cloudmessaging.shim;

import static org.junit.Assert.assertFalse;
import static org.junit.Assert.assertTrue;

import android.app.Activity;
import android.system.cloudmessaging.settings.SentActivity;
import org.junit.Test;

/** What was sent, as an owner reads it. */
public final class SentTest extends PageCase {
    @Test
    public void whatWasSentIsVerifiedOnThisPage() throws Exception {
        Activity page = page().get();
        turnOn(page);
        Activity sent = started(page, "sent", SentActivity.class);
        String shown = texts(rows(sent));
        assertTrue(shown, shown.startsWith("Verified: All "));
        assertTrue(shown, shown.contains("to localhost"));
        assertTrue(shown, shown.contains("your number"));
        for (String identity : new String[] {Bed.NUMBER, IMSI, IMEI}) {
            assertFalse(shown, shown.contains(identity));
        }
        // Once more, against the checkpoint that was kept; and against one of another ledger.
        assertTrue(texts(rows(started(page, "sent", SentActivity.class))).startsWith("Verified: "));
        mBed.close();
        mBed = new Bed();
        serve();
        turnOn(page().get());
        shown = texts(rows(started(page, "sent", SentActivity.class)));
        assertTrue(shown, shown.startsWith("Damaged: "));
    }
}
