// SPDX-License-Identifier: Apache-2.0
//! The interface, `IServiceManager` of Android 16: whoever calls is admitted first, then served.

use crate::access::{Access, Caller};
use crate::registry::{Entry, Registry};
use crate::start;
use rsbinder::hub::android_16::android::os::{
    Service::Service, ServiceWithMetadata::ServiceWithMetadata,
};
use rsbinder::hub::android_16::{IServiceManager, FLAG_IS_LAZY_SERVICE};
use rsbinder::hub::{ConnectionInfo, IClientCallback, IServiceCallback, ServiceDebugInfo};
use rsbinder::{BinderResult, ExceptionCode, Interface, SIBinder, Status, Strong};
use std::sync::Arc;

/// Longest name of a service.
const NAME_MAX: usize = 127;

/// The context manager.
pub struct Names {
    /// What is known.
    pub registry: Arc<Registry>,
    /// Who may.
    pub access: Access,
}

impl Interface for Names {}

impl Names {
    fn find(&self, name: &str, start: bool) -> BinderResult<ServiceWithMetadata> {
        let caller = Caller::of_this_call()?;
        self.access.find(&caller, name)?;
        if let Some(entry) = self.registry.state().entries.get_mut(name) {
            let Entry { binder, clients, is_lazy, .. } = entry;
            clients.hand_out(name, binder);
            let service = Some(binder.clone());
            return Ok(ServiceWithMetadata { service, isLazyService: *is_lazy });
        }
        if start {
            if let Err(error) = start::interface(name) {
                log::error!("{name} was not started: {error}");
            }
        }
        Ok(ServiceWithMetadata::default())
    }

    /// Runs `f` on the service, if it is the caller's own.
    fn own<T>(
        &self,
        name: &str,
        service: &SIBinder,
        f: impl FnOnce(&mut Entry) -> BinderResult<T>,
    ) -> BinderResult<T> {
        let caller = Caller::of_this_call()?;
        self.access.add(&caller, name)?;
        let mut state = self.registry.state();
        let entry = state
            .entries
            .get_mut(name)
            .ok_or_else(|| illegal_argument("there is no such service"))?;
        if entry.pid != caller.pid {
            return Err(Status::from((ExceptionCode::Security, "it is another process's")));
        }
        if entry.binder != *service {
            return Err(illegal_argument("another binder has this name"));
        }
        f(entry)
    }
}

impl IServiceManager for Names {
    fn getService(&self, name: &str) -> BinderResult<Option<SIBinder>> {
        Ok(self.find(name, true)?.service)
    }

    fn getService2(&self, name: &str) -> BinderResult<Service> {
        Ok(Service::ServiceWithMetadata(self.find(name, true)?))
    }

    fn checkService(&self, name: &str) -> BinderResult<Option<SIBinder>> {
        Ok(self.find(name, false)?.service)
    }

    fn checkService2(&self, name: &str) -> BinderResult<Service> {
        Ok(Service::ServiceWithMetadata(self.find(name, false)?))
    }

    fn addService(
        &self,
        name: &str,
        service: &SIBinder,
        _allow_isolated: bool,
        priority: i32,
    ) -> BinderResult<()> {
        let caller = Caller::of_this_call()?;
        self.access.add(&caller, name)?;
        let may_be = |byte: u8| byte.is_ascii_alphanumeric() || b"_-./".contains(&byte);
        if name.is_empty() || name.len() > NAME_MAX || !name.bytes().all(may_be) {
            return Err(illegal_argument("that is no name of a service"));
        }
        let entry = Entry {
            binder: service.clone(),
            pid: caller.pid,
            priority,
            is_lazy: priority & FLAG_IS_LAZY_SERVICE != 0,
            clients: Default::default(),
        };
        self.registry
            .add(name, entry)
            .map_err(|_| Status::from((ExceptionCode::IllegalState, "it is dead already")))
    }

    fn listServices(&self, priority: i32) -> BinderResult<Vec<String>> {
        self.access.list(&Caller::of_this_call()?)?;
        let state = self.registry.state();
        let wanted = state.entries.iter().filter(|entry| entry.1.priority & priority != 0);
        Ok(wanted.map(|entry| entry.0.clone()).collect())
    }

    fn registerForNotifications(
        &self,
        name: &str,
        callback: &Strong<dyn IServiceCallback>,
    ) -> BinderResult<()> {
        self.access.find(&Caller::of_this_call()?, name)?;
        let mut state = self.registry.state();
        if let Some(entry) = state.entries.get(name) {
            let _ = callback.onRegistration(name, &entry.binder);
        }
        state.waiting.entry(name.to_owned()).or_default().push(callback.clone());
        Ok(())
    }

    fn unregisterForNotifications(
        &self,
        name: &str,
        callback: &Strong<dyn IServiceCallback>,
    ) -> BinderResult<()> {
        self.access.find(&Caller::of_this_call()?, name)?;
        let gone = callback.as_binder();
        if let Some(waiting) = self.registry.state().waiting.get_mut(name) {
            waiting.retain(|one| one.as_binder() != gone);
        }
        Ok(())
    }

    /// Nothing here is declared in a VINTF manifest; ours need not be.
    fn isDeclared(&self, name: &str) -> BinderResult<bool> {
        self.access.find(&Caller::of_this_call()?, name)?;
        Ok(false)
    }

    fn getDeclaredInstances(&self, _interface: &str) -> BinderResult<Vec<String>> {
        Ok(Vec::new())
    }

    fn updatableViaApex(&self, name: &str) -> BinderResult<Option<String>> {
        self.access.find(&Caller::of_this_call()?, name)?;
        Ok(None)
    }

    fn getUpdatableNames(&self, _apex: &str) -> BinderResult<Vec<String>> {
        Ok(Vec::new())
    }

    fn getConnectionInfo(&self, name: &str) -> BinderResult<Option<ConnectionInfo>> {
        self.access.find(&Caller::of_this_call()?, name)?;
        Ok(None)
    }

    fn registerClientCallback(
        &self,
        name: &str,
        service: &SIBinder,
        callback: &Strong<dyn IClientCallback>,
    ) -> BinderResult<()> {
        self.own(name, service, |entry| {
            entry.tell(callback.clone());
            Ok(())
        })
    }

    fn tryUnregisterService(&self, name: &str, service: &SIBinder) -> BinderResult<()> {
        self.own(name, service, |entry| {
            let Entry { binder, clients, .. } = entry;
            // We hold it, and so may this call.
            if clients.hold() || clients.count(name, binder, 2, false) {
                return Err(Status::from((ExceptionCode::IllegalState, "somebody holds it")));
            }
            Ok(())
        })?;
        self.registry.state().entries.remove(name);
        log::info!("{name} taken back");
        Ok(())
    }

    fn getServiceDebugInfo(&self) -> BinderResult<Vec<ServiceDebugInfo>> {
        self.access.list(&Caller::of_this_call()?)?;
        let state = self.registry.state();
        let info = |(name, entry): (&String, &Entry)| ServiceDebugInfo {
            name: name.clone(),
            debugPid: entry.pid,
        };
        Ok(state.entries.iter().map(info).collect())
    }
}

fn illegal_argument(why: &str) -> Status {
    Status::from((ExceptionCode::IllegalArgument, why))
}
