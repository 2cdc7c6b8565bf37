// SPDX-License-Identifier: Apache-2.0
package android.system.cloudmessaging.shim;

import static org.junit.Assert.assertEquals;
import static org.junit.Assert.assertFalse;
import static org.junit.Assert.assertNull;
import static org.junit.Assert.assertTrue;
import static org.robolectric.Shadows.shadowOf;

import android.app.Activity;
import android.content.Intent;
import android.os.ServiceSpecificException;
import android.system.cloudmessaging.ErrorCode;
import android.system.cloudmessaging.settings.CloudMessagingActivity;
import android.system.cloudmessaging.settings.DisclosureActivity;
import android.system.cloudmessaging.settings.PreviewActivity;
import android.system.cloudmessaging.settings.ReceiptActivity;
import org.junit.Test;
import org.robolectric.android.controller.ActivityController;

/** What the owner allows, while it is on. */
@SuppressWarnings("deprecation") // The page is made of it.
public final class AllowedTest extends PageCase {
    @Test
    public void whatIsAllowedIsShownAndCanBeChanged() throws Exception {
        Activity page = page().get();
        turnOn(page);
        assertFalse(choice(rows(page), "imei").isChecked());
        press(rows(page), "imei");
        Activity question = started(page, DisclosureActivity.class);
        until(() -> question.findViewById(R_TURN_ON).isEnabled());
        assertFalse("allowed before the owner was asked", choice(rows(page), "imei").isChecked());
        assertEquals("Reveal your IMEI?", question.getTitle().toString());
        assertEquals("•••••••••••••11",
                rows(question, R_ROWS).findPreference("value").getSummary().toString());
        press(rows(question, R_ROWS), "preview");
        Activity preview = started(question, PreviewActivity.class);
        until(() -> texts(rows(preview)).contains(IMEI));
        question.findViewById(R_TURN_ON).performClick();
        until(question::isFinishing);
        until(() -> choice(rows(page), "imei").isChecked());
        assertFalse(choice(rows(page), "imsi").isChecked());
        assertEquals("On, connected", state(page));

        Activity shown = started(page, "preview", PreviewActivity.class);
        assertTrue(texts(rows(shown)).contains(IMEI));

        press(rows(page), "imei");
        until(() -> !choice(rows(page), "imei").isChecked());
        assertNull("forbidding is no question", shadowOf(page).getNextStartedActivity());
        assertEquals("true 1", consent());
    }

    @Test
    public void aClassThatIsNotForbiddenSafelySaysSo() throws Exception {
        serve((method, arguments, real) -> {
            if (method.getName().equals("setClassAllowed") && Boolean.FALSE.equals(arguments[1])) {
                throw new ServiceSpecificException(ErrorCode.STORAGE);
            }
            return real.call();
        });
        Activity page = page().get();
        Activity question = disclosure(page);
        press(rows(question, R_ROWS), "imsi");
        question.findViewById(R_TURN_ON).performClick();
        until(() -> choice(rows(page), "use").isChecked());
        until(() -> choice(rows(page), "imsi").isChecked());
        press(rows(page), "imsi");
        until(() -> problem(page).equals("This is not sent any more, but that is not stored safely: "
                + "after a restart it could be sent again. Try again."));
    }

    @Test
    public void allElseIsAgreedToAnew() throws Exception {
        Activity page = page().get();
        turnOn(page);
        String before = rows(page).findPreference("conditions").getSummary().toString();
        assertTrue(before, before.startsWith("Not while roaming\nNot with Data Saver on\n"));
        press(rows(page), "conditions");
        Activity question = started(page, DisclosureActivity.class);
        until(() -> question.findViewById(R_TURN_ON).isEnabled());
        assertEquals("Change what you allow?", question.getTitle().toString());
        press(rows(question, R_ROWS), "roaming");
        press(rows(question, R_ROWS), "savers");
        question.findViewById(R_TURN_ON).performClick();
        until(question::isFinishing);
        until(() -> rows(page).findPreference("conditions").getSummary().toString().startsWith(
                "Also while roaming\nAlso with Data Saver on\nAlso with Battery Saver on\n"));
        // What is in force is where the next question begins.
        page.getFragmentManager().executePendingTransactions();
        ActivityController<CloudMessagingActivity> again = page();
        press(rows(again.get()), "conditions");
        Activity next = started(again.get(), DisclosureActivity.class);
        until(() -> next.findViewById(R_TURN_ON).isEnabled());
        assertTrue(choice(rows(next, R_ROWS), "roaming").isChecked());
        assertFalse(choice(rows(next, R_ROWS), "savers").isChecked());
    }

    @Test
    public void whatTheOwnerAgreedToCanBeReadAndTakenAway() throws Exception {
        Activity page = page().get();
        turnOn(page);
        Activity receipt = started(page, "receipt", ReceiptActivity.class);
        String shown = texts(rows(receipt));
        assertTrue(shown, shown.contains("To the text in version: 1"));
        assertTrue(shown, shown.contains("your number"));
        assertFalse(shown, shown.contains("IMEI\n"));
        press(rows(receipt), "share");
        Intent chooser = shadowOf(receipt).getNextStartedActivity();
        Intent share = chooser.getParcelableExtra(Intent.EXTRA_INTENT);
        String record = share.getStringExtra(Intent.EXTRA_TEXT);
        assertTrue(record, record.contains("ISO/IEC TS 27560"));
        for (String identity : new String[] {Bed.NUMBER, IMSI, IMEI}) {
            assertFalse(record.contains(identity));
        }
    }
}
