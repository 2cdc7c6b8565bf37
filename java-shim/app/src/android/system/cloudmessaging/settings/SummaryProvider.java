// SPDX-License-Identifier: Apache-2.0
package android.system.cloudmessaging.settings;

import android.net.Uri;
import android.os.Bundle;
import android.system.cloudmessaging.ConsentState;
import java.time.Clock;
import java.time.ZoneId;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * The line under the tile in Settings, which asks for it by `call` (SettingsLib, TileUtils), and again when it is told that
 * there is another.
 */
public final class SummaryProvider extends CalledProvider implements Known.Watcher {
    /** Settings' name for the line. */
    private static final String SUMMARY = "com.android.settings.summary";
    /** As the manifest says to Settings. */
    static final Uri LINE = Uri.parse("content://android.system.cloudmessaging.settings/summary");
    /** Longer than a service takes to be started. Settings asks on a thread of its own. */
    private static final long WITHIN_SECONDS = 6;

    /** What was answered last, but for what was sent; null if nobody waits to hear of another. */
    private volatile String mSaid;
    /** Open while on: then the service runs in any case, and tells of changes. */
    private Gate mGate;

    @Override
    public boolean onCreate() {
        Known.watch(this);
        return true;
    }

    @Override
    public Bundle call(String method, String argument, Bundle extras) {
        Bundle answer = new Bundle();
        answer.putString(SUMMARY, summary());
        return answer;
    }

    private String summary() {
        if (Known.kind() == Known.Kind.OFF && !Gate.isRunning()) {
            return say(getContext().getString(R.string.off));
        }
        CompletableFuture<String> summary = new CompletableFuture<>();
        ask(gate(), summary);
        try {
            return summary.get(WITHIN_SECONDS, TimeUnit.SECONDS);
        } catch (TimeoutException e) {
            // Not "nothing is sent", which is not known. Settings is told when something is.
            return summary.getNow(say(getContext().getString(R.string.checking)));
        } catch (ExecutionException e) {
            throw new IllegalStateException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return say(getContext().getString(R.string.checking));
        }
    }

    private void ask(Gate gate, CompletableFuture<String> summary) {
        gate.ask(
                Gate.STATE,
                state -> {
                    String said = say(Summary.of(getContext(), state));
                    if (!state.on) {
                        leave();
                        summary.complete(said);
                        return;
                    }
                    gate.ask(
                            service -> Summary.sentToday(service, Clock.system(ZoneId.systemDefault())),
                            sent -> summary.complete(Summary.of(getContext(), state, sent)),
                            code -> summary.complete(said));
                },
                code -> {
                    leave();
                    summary.complete(
                            code == Gate.UNAVAILABLE
                                    ? say(Summary.of(getContext(), null))
                                    : getContext().getString(R.string.checking));
                });
    }

    private String say(String summary) {
        mSaid = summary;
        return summary;
    }

    private synchronized Gate gate() {
        if (mGate == null) {
            mGate = new Gate(getContext(), Runnable::run, this::changed);
        }
        return mGate;
    }

    /** Watched is what is answered, also to others: here it is enough to ask. */
    private void changed() {
        Gate gate;
        synchronized (this) {
            gate = mGate;
        }
        // A new one would report, and be told of a change by that, for ever.
        if (gate != null) {
            ask(gate, new CompletableFuture<>());
        }
    }

    /** Keeps the service no longer from ending. */
    private synchronized void leave() {
        if (mGate != null) {
            mGate.close();
            mGate = null;
        }
    }

    @Override
    public void seen(ConsentState state) {
        String said = mSaid;
        if (said != null && !said.equals(Summary.of(getContext(), state))) {
            // Once, until somebody asks again.
            mSaid = null;
            getContext().getContentResolver().notifyChange(LINE, null);
        }
    }
}
