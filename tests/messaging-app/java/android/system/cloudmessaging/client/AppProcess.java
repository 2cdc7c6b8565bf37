// SPDX-License-Identifier: Apache-2.0
package android.system.cloudmessaging.client;

import static org.robolectric.Shadows.shadowOf;

import android.app.Activity;
import android.content.BroadcastReceiver;
import android.content.Context;
import android.content.ContextWrapper;
import android.content.Intent;
import android.content.IntentFilter;
import android.os.Looper;
import android.os.RemoteException;
import android.system.cloudmessaging.ICloudMessaging;
import android.system.cloudmessaging.ServiceState;
import android.system.cloudmessaging.shim.HostBinder;
import android.system.cloudmessaging.shim.Runner;
import android.telephony.TelephonyManager;
import java.io.BufferedReader;
import java.io.File;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.UUID;
import org.junit.Test;
import org.junit.runner.RunWith;
import org.robolectric.Robolectric;
import org.robolectric.RuntimeEnvironment;
import org.robolectric.shadows.ShadowLog;

/**
 * The process of a Messaging app, in a virtual machine of its own, so that it can be killed. It is told on its standard input
 * what its owner and the phone do, a verb a line, and answers with a line that begins with "> ". A line "! STEP" says that it is
 * at a step of the library's; where it is to be killed it stays there.
 */
@RunWith(Runner.class)
public final class AppProcess {
    private final Path mFolder = Path.of(System.getProperty("app.folder"));
    private AppStore mStore;
    private CloudMessaging mCloud;
    /** Not the library's: to see what it leaves there. */
    private ICloudMessaging mService;

    private volatile String mLast = "";

    /** Of the app: it hands on what it gets. */
    private final class Receiver extends BroadcastReceiver {
        @Override
        public void onReceive(Context context, Intent intent) {
            mCloud.receive(this, intent);
        }
    }

    private static synchronized void say(String line) {
        System.out.println(line);
        System.out.flush();
    }

    private void reached(String step) {
        say("! " + step);
        if (step.equals(mLast)) {
            while (true) {
                try {
                    Thread.sleep(Long.MAX_VALUE);
                } catch (InterruptedException e) {
                    // Only SIGKILL ends this.
                }
            }
        }
    }

    @Test
    public void run() throws Exception {
        ShadowLog.stream = System.err;
        // Robolectric's has none for a SIM unless told.
        TelephonyManager telephony =
                RuntimeEnvironment.getApplication().getSystemService(TelephonyManager.class);
        shadowOf(telephony).setTelephonyManagerForSubscriptionId(AppStore.SIM, telephony);
        SmsWitness.sFile = mFolder.resolve("sms");
        SmsRows.sFile = mFolder.resolve("provider");
        Robolectric.buildContentProvider(SmsRows.class).create("sms");
        mStore = new AppStore(mFolder);
        Step.sWatcher = this::reached;
        BufferedReader verbs = new BufferedReader(
                new InputStreamReader(System.in, StandardCharsets.UTF_8));
        say("> ready");
        String line;
        while ((line = verbs.readLine()) != null) {
            String answer;
            try {
                answer = obey(line.split("\t", -1));
            } catch (RemoteException | IOException e) {
                // The service may have been killed.
                answer = "failed: " + e;
                mService = null;
            }
            say("> " + answer);
            shadowOf(Looper.getMainLooper()).idle();
        }
    }

    private String obey(String[] words) throws Exception {
        switch (words[0]) {
            case "phone" -> {
                OpenedServices.sSockets = Path.of(words[1]);
                mService = null;
            }
            case "die-at" -> mLast = words[1];
            case "start" -> start();
            case "send" -> {
                UUID id = UUID.fromString(words[1]);
                mStore.write(id, new AppStore.Message(words[2], words[3], Long.parseLong(words[4]),
                        Boolean.parseBoolean(words[5]), "WAITING"));
                mCloud.send(id);
            }
            case "send-again" -> mCloud.send(UUID.fromString(words[1]));
            case "answer" -> {
                UUID id = UUID.fromString(words[1]);
                boolean again = Boolean.parseBoolean(words[2]);
                mStore.become(id, again ? "AGAIN" : "DECLINED");
                mCloud.answer(id, again);
            }
            // The phone: the network says how the parts of an SMS ended.
            case "ended" -> {
                for (SmsWitness.Sent one : SmsWitness.read(SmsWitness.sFile)) {
                    if (one.id().equals(words[1])) {
                        send(new Intent(CloudMessaging.ACTION_SMS_SENT)
                                        .setIdentifier(one.identifier()),
                                words[2].equals("taken") ? Activity.RESULT_OK : 1);
                    }
                }
            }
            case "waiting" -> send(new Intent(CloudMessaging.ACTION_WAITING), Activity.RESULT_OK);
            case "state" -> {
                ServiceState state = mCloud.state();
                return state.on + " " + state.refusal + " " + state.subscriptionIds.length;
            }
            case "settings" -> {
                Intent settings = mCloud.settings();
                return settings.getAction() + " " + settings.getPackage();
            }
            case "code" -> {
                return "" + mCloud.submitCode(AppStore.SIM, words[1]);
            }
            case "check" -> {
                return "" + mCloud.checkSms(AppStore.SIM, words[1], words[2],
                        System.currentTimeMillis());
            }
            case "fingerprint" -> {
                return "" + mCloud.fingerprint(AppStore.SIM, words[1]);
            }
            // What the service still keeps for the app.
            case "kept" -> {
                if (mService == null) {
                    mService = ICloudMessaging.Stub.asInterface(HostBinder.open(
                            OpenedServices.sSockets.resolve("messaging.sock"),
                            OpenedServices.NAME, false));
                }
                return mService.outcomes(0, 100).length + " "
                        + mService.inbound(0, 100).length + " " + mService.keyChanged().length;
            }
            default -> throw new IllegalArgumentException(words[0]);
        }
        return "done";
    }

    private void start() throws Exception {
        Context context = RuntimeEnvironment.getApplication();
        // What outlives a process is in the app's folder: Robolectric's is another each time.
        Context kept = new ContextWrapper(context) {
            @Override
            public File getNoBackupFilesDir() {
                return mFolder.toFile();
            }
        };
        mCloud = new CloudMessaging(kept, mStore);
        IntentFilter filter = new IntentFilter(CloudMessaging.ACTION_WAITING);
        filter.addAction(CloudMessaging.ACTION_SMS_SENT);
        context.registerReceiver(new Receiver(), filter, Context.RECEIVER_EXPORTED);
        for (UUID id : mStore.waiting()) {
            mCloud.send(id);
        }
    }

    private static void send(Intent intent, int result) {
        Context context = RuntimeEnvironment.getApplication();
        context.sendOrderedBroadcast(intent.setPackage(context.getPackageName()), null,
                null, null, result, null, null);
        // One after the other, as a phone has it.
        shadowOf(Looper.getMainLooper()).idle();
    }
}
