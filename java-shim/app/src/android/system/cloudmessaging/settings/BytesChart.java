// SPDX-License-Identifier: Apache-2.0
package android.system.cloudmessaging.settings;

import android.content.Context;
import android.content.res.TypedArray;
import android.graphics.Canvas;
import android.graphics.Paint;
import android.text.format.Formatter;
import android.util.TypedValue;
import android.view.View;
import java.util.Arrays;

/**
 * A bar for each day, as high as what was sent on it; below the days on which it was on, a line. The newest day is where a
 * line of text ends. In the colours of the theme; for who cannot see it, its content description tells the figures.
 */
final class BytesChart extends View {
    private static final float HEIGHT_DP = 96;
    private static final float SIDE_DP = 16;
    private static final float GAP_DP = 2;
    private static final float LINE_DP = 2;
    /** What is not nothing can be seen. */
    private static final float LEAST_DP = 2;
    private static final float TEXT_SP = 12;

    /** What is drawn, oldest day first; both ends in words. */
    static final class Days {
        final long[] mBytes;
        final boolean[] mOn;
        final String mFirst;
        final String mLast;

        Days(long[] bytes, boolean[] on, String first, String last) {
            mBytes = bytes;
            mOn = on;
            mFirst = first;
            mLast = last;
        }
    }

    private final Paint mBars = new Paint(Paint.ANTI_ALIAS_FLAG);
    private final Paint mText = new Paint(Paint.ANTI_ALIAS_FLAG);
    private Days mDays = new Days(new long[0], new boolean[0], "", "");

    BytesChart(Context context) {
        super(context);
        mBars.setColor(color(android.R.attr.colorAccent));
        mText.setColor(color(android.R.attr.textColorSecondary));
        mText.setTextSize(pixels(TypedValue.COMPLEX_UNIT_SP, TEXT_SP));
        setImportantForAccessibility(IMPORTANT_FOR_ACCESSIBILITY_YES);
    }

    void show(Days days) {
        mDays = days;
        invalidate();
    }

    private int color(int attribute) {
        TypedArray colors = getContext().obtainStyledAttributes(new int[] {attribute});
        try {
            return colors.getColor(0, 0);
        } finally {
            colors.recycle();
        }
    }

    private float pixels(int unit, float length) {
        return TypedValue.applyDimension(unit, length, getResources().getDisplayMetrics());
    }

    private float dp(float length) {
        return pixels(TypedValue.COMPLEX_UNIT_DIP, length);
    }

    @Override
    protected void onMeasure(int width, int height) {
        float text = mText.getFontSpacing();
        setMeasuredDimension(
                getDefaultSize(getSuggestedMinimumWidth(), width),
                Math.round(dp(HEIGHT_DP) + 2 * text + dp(SIDE_DP)));
    }

    @Override
    protected void onDraw(Canvas canvas) {
        int days = mDays.mBytes.length;
        if (days == 0) {
            return;
        }
        float text = mText.getFontSpacing();
        float base = text + dp(HEIGHT_DP);
        float begin = dp(SIDE_DP);
        float width = (getWidth() - 2 * begin) / days;
        boolean mirrored = getLayoutDirection() == LAYOUT_DIRECTION_RTL;
        long most = Arrays.stream(mDays.mBytes).max().orElse(0);
        for (int day = 0; day < days; day++) {
            float left = begin + (mirrored ? days - 1 - day : day) * width;
            float right = left + width - dp(GAP_DP);
            long bytes = mDays.mBytes[day];
            if (bytes > 0) {
                float high = Math.max(dp(LEAST_DP), (dp(HEIGHT_DP) - dp(LINE_DP)) * bytes / most);
                canvas.drawRect(left, base - high, right, base, mBars);
            }
            if (mDays.mOn[day]) {
                canvas.drawRect(left, base + dp(LINE_DP), right, base + 2 * dp(LINE_DP), mText);
            }
        }
        String highest = Formatter.formatShortFileSize(getContext(), most);
        label(canvas, highest, !mirrored, -mText.ascent());
        float below = base + 2 * dp(LINE_DP) - mText.ascent() + dp(GAP_DP);
        label(canvas, mDays.mFirst, !mirrored, below);
        label(canvas, mDays.mLast, mirrored, below);
    }

    private void label(Canvas canvas, String text, boolean left, float line) {
        mText.setTextAlign(left ? Paint.Align.LEFT : Paint.Align.RIGHT);
        canvas.drawText(text, left ? dp(SIDE_DP) : getWidth() - dp(SIDE_DP), line, mText);
    }
}
