// SPDX-License-Identifier: Apache-2.0
package android.system.cloudmessaging.settings;

import android.content.Context;
import android.content.Intent;
import android.net.Uri;
import android.os.Binder;
import android.os.Bundle;
import android.os.UserHandle;
import android.os.UserManager;
import android.system.cloudmessaging.UserReport;
import android.util.Log;
import java.io.IOException;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * What only a user's own process can read: the storage key, and whether the organisation allows it. The process of the system
 * user reports for all, so the others tell it; it keeps that in memory, and for as long as the user is unlocked.
 */
final class Told {
    private static final String AUTHORITY = "android.system.cloudmessaging.settings.told";
    private static final String ALLOWED = "allowed";
    private static final String KEY = "key";
    private static final String TAG = "CloudMessaging";

    private final Map<Integer, Bundle> mFacts = new ConcurrentHashMap<>();
    private final Set<Integer> mAsked = ConcurrentHashMap.newKeySet();

    /** Of a user that has told nothing, it is not. */
    boolean isAllowed(int user) {
        Bundle facts = mFacts.get(user);
        return facts != null && facts.getBoolean(ALLOWED);
    }

    /** Null if the user has told none. */
    byte[] key(int user) {
        Bundle facts = mFacts.get(user);
        return facts == null ? null : facts.getByteArray(KEY);
    }

    /** Something changed, and it is not known for whom: all are asked again. */
    void doubt() {
        mAsked.clear();
    }

    /** Forgets whoever is not there or not unlocked any more, and asks who has not told. */
    void match(Context context, UserReport[] users) {
        Set<Integer> unlocked = ConcurrentHashMap.newKeySet();
        for (UserReport user : users) {
            if (user.unlocked && user.user != UserHandle.myUserId()) {
                unlocked.add(user.user);
            }
        }
        mFacts.keySet().retainAll(unlocked);
        mAsked.retainAll(unlocked);
        for (int user : unlocked) {
            if (mAsked.add(user)) {
                Intent ask = new Intent(context, ReportReceiver.class);
                context.sendBroadcastAsUser(ask, UserHandle.of(user));
            }
        }
    }

    /** In any other user's process: tells what there is to tell. Returns when it is reported. */
    static void tell(Context context) {
        Bundle facts = new Bundle();
        facts.putBoolean(ALLOWED, Users.isAllowed(context));
        if (context.getSystemService(UserManager.class).isUserUnlocked()) {
            try {
                facts.putByteArray(KEY, StorageKey.of(context));
            } catch (IOException e) {
                Log.w(TAG, "there is no storage key: nothing is sent", e);
            }
        }
        context.getContentResolver().call(AUTHORITY, KEY, null, facts);
    }

    private void take(int user, Bundle facts) {
        mAsked.add(user);
        mFacts.put(user, facts);
    }

    /**
     * Where it is told: one for all users, in the system user. It is not exported, so that only this app can; and who the user
     * is, the kernel says.
     */
    public static final class Provider extends CalledProvider {
        @Override
        public Bundle call(String method, String argument, Bundle facts) {
            int uid = Binder.getCallingUid();
            long identity = Binder.clearCallingIdentity();
            try {
                Reports reports = Reports.of(getContext());
                reports.told().take(UserHandle.getUserId(uid), facts);
                reports.sendAll();
            } finally {
                Binder.restoreCallingIdentity(identity);
            }
            return Bundle.EMPTY;
        }
    }
}
