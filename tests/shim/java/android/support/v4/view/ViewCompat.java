// SPDX-License-Identifier: Apache-2.0
package android.support.v4.view;

import android.view.View;

/** What the accessibility-test-framework asks of a library that is older than the platform's own answers. */
public final class ViewCompat {
    private ViewCompat() {}

    public static int getAccessibilityLiveRegion(View view) {
        return view.getAccessibilityLiveRegion();
    }

    public static float getAlpha(View view) {
        return view.getAlpha();
    }
}
