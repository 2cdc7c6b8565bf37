// SPDX-License-Identifier: Apache-2.0
package android.support.v4.view;

import android.content.Context;
import android.view.ViewGroup;

/** Named by the accessibility-test-framework, which treats one in its own way. There is none on our pages. */
public abstract class ViewPager extends ViewGroup {
    protected ViewPager(Context context) {
        super(context);
    }
}
