// SPDX-License-Identifier: Apache-2.0
//! Who wants to be told, and the telling.
//!
//! Clients are called by one thread of ours, on a copy of the list and under no lock: a client that does not read
//! delays other clients' hints and nothing else, and is dropped by its transport when it takes too long. A client
//! is forgotten when its process dies. The same thread drops it, so that no transport's death notice has to.

use super::caller::Caller;
use super::error::ServiceError;
use super::facade::{Facade, UserId};
use super::hints::{Hint, PendingHints};
use crate::sync::lock;
use android_system_cloudmessaging::aidl::android::system::cloudmessaging::{
    ICloudMessagingCallback::ICloudMessagingCallback, ICloudMessagingConsent::MAX_LISTENERS,
    ICloudMessagingListener::ICloudMessagingListener,
};
use binder::{DeathRecipient, IBinder, Interface, SpIBinder, Strong};
use std::io;
use std::sync::{Arc, Mutex};

/// A client, and what keeps word of its end coming: dropping the recipient would unlink it.
struct Client<C> {
    id: u64,
    user: UserId,
    uid: u32,
    call: C,
    _death: DeathRecipient,
}

type Listener = Client<Strong<dyn ICloudMessagingListener>>;
type App = Client<Strong<dyn ICloudMessagingCallback>>;

#[derive(Default)]
struct Lists {
    next_id: u64,
    /// Pages of owners.
    owners: Vec<Listener>,
    /// Those that report for the platform, for all users.
    reporters: Vec<Listener>,
    /// The Messaging apps, one per user.
    apps: Vec<App>,
}

/// Which list of listeners.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum List {
    /// Of owners' pages: each hears of its own user.
    Owners,
    /// Of those who report: each hears of every user.
    Reporters,
}

/// All clients that want hints.
pub(super) struct Callbacks {
    facade: Arc<dyn Facade>,
    hints: Arc<PendingHints>,
    lists: Mutex<Lists>,
}

impl Callbacks {
    /// Begins to pass on what is noted in `hints`, until [`PendingHints::end`].
    pub(super) fn start(
        facade: Arc<dyn Facade>,
        hints: Arc<PendingHints>,
    ) -> io::Result<Arc<Self>> {
        let callbacks = Arc::new(Self { facade, hints, lists: Mutex::default() });
        let told = Arc::clone(&callbacks);
        std::thread::Builder::new().name("hints".into()).spawn(move || {
            while let Some(hint) = told.hints.next() {
                told.give(hint);
            }
        })?;
        Ok(callbacks)
    }

    /// Adds a listener; one that is there already stays there once.
    pub(super) fn add(
        &self,
        list: List,
        caller: Caller,
        listener: &Strong<dyn ICloudMessagingListener>,
    ) -> Result<(), ServiceError> {
        let mut lists = lock(&self.lists);
        let of_user = || lists.listeners(list).iter().filter(|l| l.user == caller.user);
        if of_user().any(|l| l.call == *listener) {
            return Ok(());
        }
        let limit = MAX_LISTENERS as usize;
        if of_user().count() >= limit {
            return Err(ServiceError::TooMany { what: "listeners", limit });
        }
        let client =
            self.client(&mut lists, caller, listener.clone(), listener.as_binder(), "listener")?;
        lists.listeners_mut(list).push(client);
        Ok(())
    }

    /// Removes a listener of the caller's user, if it is there.
    pub(super) fn remove(
        &self,
        list: List,
        caller: Caller,
        listener: &Strong<dyn ICloudMessagingListener>,
    ) {
        let gone = take(lock(&self.lists).listeners_mut(list), |l| {
            l.user == caller.user && l.call == *listener
        });
        drop(gone);
    }

    /// Sets, replaces or clears the callback of the caller's user.
    pub(super) fn set_app(
        &self,
        caller: Caller,
        callback: Option<&Strong<dyn ICloudMessagingCallback>>,
    ) -> Result<(), ServiceError> {
        let before = {
            let mut lists = lock(&self.lists);
            let app = match callback {
                Some(call) => {
                    let binder = call.as_binder();
                    Some(self.client(&mut lists, caller, call.clone(), binder, "callback")?)
                }
                None => None,
            };
            let before = take(&mut lists.apps, |a| a.user == caller.user);
            lists.apps.extend(app);
            before
        };
        drop(before);
        Ok(())
    }

    /// Forgets the callbacks of apps that are no longer the default SMS app.
    pub(super) fn keep_default_apps(&self) {
        // Asked outside the lock: the facade has locks of its own.
        let apps: Vec<_> = lock(&self.lists).apps.iter().map(|a| (a.id, a.user, a.uid)).collect();
        for (id, user, uid) in apps {
            if self.facade.default_sms_uid(user) != Some(uid) {
                let gone = take(&mut lock(&self.lists).apps, |a| a.id == id);
                drop(gone);
            }
        }
    }

    /// A client that is watched. Under the lock, so that word of its end finds it in its list; asking for that
    /// word waits for nobody.
    fn client<C>(
        &self,
        lists: &mut Lists,
        caller: Caller,
        call: C,
        mut binder: SpIBinder,
        argument: &'static str,
    ) -> Result<Client<C>, ServiceError> {
        lists.next_id += 1;
        let id = lists.next_id;
        let hints = Arc::clone(&self.hints);
        let mut death = DeathRecipient::new(move || hints.note(Hint::Died(id)));
        binder.link_to_death(&mut death).map_err(|_| ServiceError::InvalidArgument {
            argument,
            fault: "its process is gone, or cannot be watched",
        })?;
        Ok(Client { id, user: caller.user, uid: caller.uid, call, _death: death })
    }

    fn give(&self, hint: Hint) {
        match hint {
            Hint::State(user) => {
                for listener in self.listeners(user) {
                    said(listener.onStateChanged());
                }
                self.tell_app(user, |app| app.onStateChanged());
            }
            Hint::Outcomes(user) => self.tell_or_wake(user, |app| app.onOutcomes()),
            Hint::Inbound(user) => self.tell_or_wake(user, |app| app.onInbound()),
            Hint::KeyChanged(user) => {
                self.tell_app(user, |app| app.onKeyChanged());
            }
            Hint::Died(id) => self.forget(id),
        }
    }

    /// A copy of those who are to hear of the user.
    fn listeners(&self, user: UserId) -> Vec<Strong<dyn ICloudMessagingListener>> {
        let lists = lock(&self.lists);
        let owners = lists.owners.iter().filter(|l| l.user == user);
        owners.chain(&lists.reporters).map(|l| l.call.clone()).collect()
    }

    /// Calls the user's app; one that is not there is woken by those who report, if there is something for it.
    fn tell_or_wake(
        &self,
        user: UserId,
        say: impl Fn(&Strong<dyn ICloudMessagingCallback>) -> binder::Result<()>,
    ) {
        if self.tell_app(user, say) || !self.is_awaited(user) {
            return;
        }
        let reporters: Vec<_> =
            lock(&self.lists).reporters.iter().map(|l| l.call.clone()).collect();
        for reporter in reporters {
            said(reporter.onWaiting(user));
        }
    }

    /// Whether messages or outcomes wait for the user's default SMS app. Nobody is woken for nothing.
    fn is_awaited(&self, user: UserId) -> bool {
        self.facade.default_sms_uid(user).is_some()
            && (self.facade.inbound(user, 0, 1).is_ok_and(|messages| !messages.is_empty())
                || self.facade.outcomes(user, 0, 1).is_ok_and(|outcomes| !outcomes.is_empty()))
    }

    /// Calls the user's app, if it still is the user's default SMS app: a hint says that there is traffic. False: there
    /// is none to call.
    fn tell_app(
        &self,
        user: UserId,
        say: impl Fn(&Strong<dyn ICloudMessagingCallback>) -> binder::Result<()>,
    ) -> bool {
        let app =
            lock(&self.lists).apps.iter().find(|a| a.user == user).map(|a| (a.uid, a.call.clone()));
        if let Some((uid, call)) = app {
            if self.facade.default_sms_uid(user) == Some(uid) {
                said(say(&call));
                return true;
            }
        }
        false
    }

    fn forget(&self, id: u64) {
        let mut lists = lock(&self.lists);
        let owner = take(&mut lists.owners, |l| l.id == id);
        let reporter = take(&mut lists.reporters, |l| l.id == id);
        let app = take(&mut lists.apps, |a| a.id == id);
        drop(lists);
        drop((owner, reporter, app));
    }

    /// How many clients there are.
    #[cfg(test)]
    pub(super) fn clients(&self) -> usize {
        let lists = lock(&self.lists);
        lists.owners.len() + lists.reporters.len() + lists.apps.len()
    }
}

impl Lists {
    fn listeners(&self, list: List) -> &[Listener] {
        match list {
            List::Owners => &self.owners,
            List::Reporters => &self.reporters,
        }
    }

    fn listeners_mut(&mut self, list: List) -> &mut Vec<Listener> {
        match list {
            List::Owners => &mut self.owners,
            List::Reporters => &mut self.reporters,
        }
    }
}

/// Takes the first match out, to be dropped once no lock is held: dropping a binder can mean I/O.
fn take<C>(clients: &mut Vec<Client<C>>, is: impl Fn(&Client<C>) -> bool) -> Option<Client<C>> {
    let at = clients.iter().position(is)?;
    Some(clients.swap_remove(at))
}

/// A hint that does not arrive is no failure of ours; if the client is dead, its death says so.
fn said(result: binder::Result<()>) {
    if let Err(status) = result {
        log::debug!("a hint was not delivered: {:?}", status.exception_code());
    }
}
