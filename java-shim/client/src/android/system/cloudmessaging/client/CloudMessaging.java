// SPDX-License-Identifier: Apache-2.0
package android.system.cloudmessaging.client;

import android.app.Activity;
import android.content.BroadcastReceiver;
import android.content.Context;
import android.content.Intent;
import android.os.RemoteException;
import android.os.ServiceSpecificException;
import android.system.cloudmessaging.ErrorCode;
import android.system.cloudmessaging.ICloudMessagingCallback;
import android.system.cloudmessaging.Refusal;
import android.system.cloudmessaging.ServiceState;
import android.util.Log;
import java.io.File;
import java.io.IOException;
import java.util.UUID;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Cloud Messaging for a Messaging app: the default SMS app of its user. Make one for each process, when the application is
 * created; docs/messaging-app.md has the whole of it. It links Android and the service's interfaces, and nothing else.
 *
 * <p><b>What becomes of a message.</b> The app writes it into its own database under a random id, and calls {@link #send}. From
 * there each ends in one way: {@link MessageStore#delivered}, and no SMS is sent; or as an SMS, of which at most one is sent
 * of the library's own accord. After a crash, of the app, of the service or of the phone, it goes on from here:
 *
 * <pre>
 * (none)       nobody was asked          - the app calls send again
 * OFFERED      the service may have it   - it is asked until it answers; where it cannot, or not know any more: UNKNOWN
 * INTENDED     SmsManager may have it    - found after a crash: SENT if the SMS provider has it, or else UNKNOWN
 * HANDED_OVER  SmsManager has it         - how that ended comes by a broadcast: SENT or FAILED
 * UNKNOWN      nobody knows              - its owner is asked; the answer leads to INTENDED or DECLINED
 * SENT, FAILED, DECLINED                 - over; kept for 25 h, so that no late outcome sends it again
 * </pre>
 *
 * Each state is on the disk before what it speaks of is done. An outcome is acknowledged to the service only after it was dealt
 * with, durably.
 *
 * <p><b>What is kept</b>, in the app's no-backup folder: of each such message its id, the state, the time and the number of its
 * parts. No number and no text: those are asked of the {@link MessageStore}.
 *
 * <p>Methods that ask the service wait for it: call them on a thread that may. The others return at once.
 */
public final class CloudMessaging {
    /** The app's receiver gets this when something came and nobody in the app was listening. */
    public static final String ACTION_WAITING = "android.system.cloudmessaging.action.WAITING";
    /** The app's receiver gets this from SmsManager, for each part of an SMS. */
    public static final String ACTION_SMS_SENT =
            "android.system.cloudmessaging.client.action.SMS_SENT";

    private static final String SETTINGS = "android.system.cloudmessaging.settings";
    private static final String ACTION_SETTINGS = SETTINGS + ".action.SETTINGS";
    /** How the registrar begins the SMS with a code. */
    private static final Pattern CODE =
            Pattern.compile("([0-9A-Z]{8}) is your Cloud Messaging code\\b.*", Pattern.DOTALL);
    private static final long FIRST_PAUSE_MILLIS = 500;
    private static final long LONGEST_PAUSE_MILLIS = TimeUnit.MINUTES.toMillis(5);
    private static final String TAG = "CloudMessaging";

    private final MessageStore mStore;
    private final Journal mJournal;
    private final Service mService;
    private final Fallback mFallback;
    private final Outgoing mOutgoing;
    private final Incoming mIncoming;
    /** All that is not asked by the app itself happens on this thread, in order. */
    private final ScheduledExecutorService mThread =
            Executors.newSingleThreadScheduledExecutor(task -> Service.daemon(task, "client"));

    private final AtomicBoolean mHinted = new AtomicBoolean();
    // Of that thread.
    private boolean mOpened;
    /** As it was seen last: then its death is only a pause. */
    private boolean mOn;

    private ScheduledFuture<?> mAgain;
    private long mPauseMillis = FIRST_PAUSE_MILLIS;

    /** Something that may fail; it is tried again then. */
    private interface Task {
        void run() throws IOException, RemoteException;
    }

    /** Begins at once: settles what a crash left, and reads what waits. */
    public CloudMessaging(Context context, MessageStore store) {
        Sms sms = new Sms(context.getApplicationContext());
        mStore = store;
        mJournal = new Journal(new File(context.getNoBackupFilesDir(), "cloud_messaging"));
        mService = new Service(new Hints(), this::hint);
        mFallback = new Fallback(mJournal, store, sms);
        mOutgoing = new Outgoing(mJournal, store, mService, mFallback);
        mIncoming = new Incoming(store, sms);
        hint();
    }

    /** Whether it is on, whether it would take a message now, and for which SIMs. Without a service: off. */
    public ServiceState state() {
        try {
            return mService.gate().state();
        } catch (RemoteException | ServiceSpecificException | SecurityException e) {
            Log.i(TAG, "the service cannot be asked", e);
            ServiceState off = new ServiceState();
            off.on = false;
            off.refusal = Refusal.OFF;
            off.subscriptionIds = new int[0];
            return off;
        } finally {
            // Listens, or lets it go.
            hint();
        }
    }

    /** Opens Settings > Cloud Messaging. */
    public Intent settings() {
        return new Intent(ACTION_SETTINGS).setPackage(SETTINGS);
    }

    /**
     * Sends the message that the app has stored under this id, or goes on with it. Call it again for each that is not over
     * when the app starts; one that is under way stays the same message.
     */
    public void send(UUID id) {
        soon(() -> mOutgoing.send(id));
        // Listens for what becomes of it.
        hint();
    }

    /** What the owner said of a message that is {@link MessageStore.Sms#UNKNOWN} or FAILED: one more SMS, or none. */
    public void answer(UUID id, boolean sendAgain) {
        soon(() -> mFallback.answer(id, sendAgain));
    }

    /** To be called by the app's receiver for both actions. It keeps the process until what was told is dealt with. */
    public void receive(BroadcastReceiver receiver, Intent intent) {
        boolean taken = receiver.getResultCode() == Activity.RESULT_OK;
        BroadcastReceiver.PendingResult pending = receiver.goAsync();
        soon(() -> {
            try {
                if (ACTION_SMS_SENT.equals(intent.getAction())) {
                    ended(intent.getIdentifier(), taken);
                } else if (ACTION_WAITING.equals(intent.getAction())) {
                    pass();
                }
            } finally {
                pending.finish();
            }
        });
    }

    private void ended(String identifier, boolean taken) throws IOException {
        // Its id, the attempt, the part.
        String[] words = identifier.split(" ", -1);
        mFallback.ended(UUID.fromString(words[0]), Long.parseLong(words[1]), taken);
    }

    /**
     * Whether an SMS that came is a message that came already. Advice, for showing one of the two: delete neither.
     *
     * @return the id it was received under, or null
     */
    public UUID checkSms(int subscriptionId, String sender, String body, long receivedAtMillis) {
        try {
            byte[] id = mService.gate().checkSms(subscriptionId, sender, body, receivedAtMillis);
            return id.length == 0 ? null : Ids.uuid(id);
        } catch (RemoteException | ServiceSpecificException | SecurityException e) {
            Log.i(TAG, "an SMS could not be compared", e);
            return null;
        } finally {
            hint();
        }
    }

    /**
     * Hands in the code that proves the number, if this SMS holds one. Call it for each SMS that comes.
     *
     * @return whether it was a code that the service waits for
     */
    public boolean submitCode(int subscriptionId, String body) {
        Matcher code = CODE.matcher(body);
        try {
            if (code.matches()) {
                mService.gate().submitCode(subscriptionId, code.group(1));
                return true;
            }
        } catch (ServiceSpecificException e) {
            if (e.errorCode != ErrorCode.NO_CODE_EXPECTED && e.errorCode != ErrorCode.OFF) {
                Log.w(TAG, "a code was not taken; the owner can type it", e);
            }
        } catch (RemoteException | SecurityException e) {
            Log.w(TAG, "a code could not be handed in; the owner can type it", e);
        } finally {
            hint();
        }
        return false;
    }

    /** 60 digits that two owners compare, or null while there are none: nothing was exchanged with that number yet, or it is off. */
    public String fingerprint(int subscriptionId, String peer) {
        try {
            return mService.gate().fingerprint(subscriptionId, peer);
        } catch (RemoteException | ServiceSpecificException | SecurityException e) {
            Log.i(TAG, "there is no fingerprint", e);
            return null;
        } finally {
            hint();
        }
    }

    /** There may be something to do; and whoever asked may have found the service, to be listened to or let go. */
    private void hint() {
        if (!mHinted.getAndSet(true)) {
            soon(this::pass);
        }
    }

    private void soon(Task task) {
        mThread.execute(() -> run(task));
    }

    private void run(Task task) {
        try {
            if (!mOpened) {
                mJournal.open();
                mFallback.begin();
                mOutgoing.begin();
                mOpened = true;
            }
            task.run();
        } catch (IOException | RemoteException | RuntimeException e) {
            // Nothing was acknowledged that was not dealt with: all of it is tried again.
            Log.w(TAG, "something could not be done; it is tried again later", e);
            if (mAgain != null) {
                mAgain.cancel(false);
            }
            mAgain = mThread.schedule(this::hint, mPauseMillis, TimeUnit.MILLISECONDS);
            mPauseMillis = Math.min(2 * mPauseMillis, LONGEST_PAUSE_MILLIS);
        }
    }

    /** Everything that can be done now. */
    private void pass() throws IOException, RemoteException {
        mHinted.set(false);
        mFallback.resume();
        try {
            ask();
        } catch (RemoteException | ServiceSpecificException | SecurityException e) {
            mOutgoing.giveUp();
            if (mOn || mOutgoing.isWaiting()) {
                throw e;
            }
            // Nothing waits for it: whoever turns it on, or the app's next question, starts it.
            Log.i(TAG, "the service cannot be asked, and need not be", e);
        }
        mPauseMillis = FIRST_PAUSE_MILLIS;
        if (!mOn && !mOutgoing.isWaiting()) {
            mService.letGo();
        }
    }

    private void ask() throws IOException, RemoteException {
        boolean on = mService.gate().state().on;
        if (on) {
            // Before anything is read, so that nothing comes in between.
            mService.listen();
        }
        if (on != mOn) {
            mOn = on;
            mStore.stateChanged();
        }
        mOutgoing.settle(mService.gate());
        mOutgoing.again();
        mIncoming.read(mService.gate());
    }

    /** Hints of the service; on Binder's threads. */
    private final class Hints extends ICloudMessagingCallback.Stub {
        @Override
        public void onOutcomes() {
            hint();
        }

        @Override
        public void onInbound() {
            hint();
        }

        @Override
        public void onKeyChanged() {
            hint();
        }

        @Override
        public void onStateChanged() {
            soon(mStore::stateChanged);
            hint();
        }
    }
}
