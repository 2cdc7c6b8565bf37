// SPDX-License-Identifier: Apache-2.0
package android.system.cloudmessaging.settings;

import android.content.ContentProvider;
import android.content.ContentValues;
import android.database.Cursor;
import android.net.Uri;
import android.os.Bundle;
import android.system.cloudmessaging.ICloudMessagingConsent;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** The line under the tile in Settings, which asks for it by `call`. There are no rows. */
public final class SummaryProvider extends ContentProvider {
    /** Settings' name for the line (SettingsLib, TileUtils). */
    private static final String SUMMARY = "com.android.settings.summary";
    private static final long WITHIN_SECONDS = 10;

    @Override
    public Bundle call(String method, String argument, Bundle extras) {
        Bundle answer = new Bundle();
        answer.putString(SUMMARY, summary());
        return answer;
    }

    private String summary() {
        CompletableFuture<String> summary = new CompletableFuture<>();
        Gate gate = new Gate(getContext(), Runnable::run, () -> {});
        gate.ask(
                ICloudMessagingConsent::state,
                state -> summary.complete(Words.of(getContext(), state)),
                code -> summary.complete(getContext().getString(R.string.unavailable)));
        try {
            return summary.get(WITHIN_SECONDS, TimeUnit.SECONDS);
        } catch (ExecutionException | TimeoutException e) {
            return getContext().getString(R.string.unavailable);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return getContext().getString(R.string.unavailable);
        } finally {
            gate.close();
        }
    }

    @Override
    public boolean onCreate() {
        return true;
    }

    @Override
    public Cursor query(Uri uri, String[] columns, String where, String[] with, String order) {
        return null;
    }

    @Override
    public String getType(Uri uri) {
        return null;
    }

    @Override
    public Uri insert(Uri uri, ContentValues values) {
        throw new UnsupportedOperationException();
    }

    @Override
    public int delete(Uri uri, String where, String[] with) {
        throw new UnsupportedOperationException();
    }

    @Override
    public int update(Uri uri, ContentValues values, String where, String[] with) {
        throw new UnsupportedOperationException();
    }
}
