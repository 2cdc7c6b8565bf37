// SPDX-License-Identifier: Apache-2.0
package android.system.cloudmessaging.settings;

import android.content.Context;
import android.util.AttributeSet;
import android.view.MotionEvent;
import android.widget.Button;

/**
 * A button that a touch through another window does not press, not even one that covers only a part; and that nothing presses
 * while another window has the focus.
 */
public final class ConsentButton extends Button {
    public ConsentButton(Context context, AttributeSet attributes) {
        super(context, attributes);
        setFilterTouchesWhenObscured(true);
    }

    @Override
    public boolean onFilterTouchEventForSecurity(MotionEvent event) {
        int partly = event.getFlags() & MotionEvent.FLAG_WINDOW_IS_PARTIALLY_OBSCURED;
        return partly == 0 && super.onFilterTouchEventForSecurity(event);
    }

    @Override
    public boolean performClick() {
        return hasWindowFocus() && super.performClick();
    }
}
