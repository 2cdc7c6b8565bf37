// SPDX-License-Identifier: Apache-2.0
//! Whether a caller may: the policy's word for its domain and the label of the name.

use cloudmessaging_selinux::{kernel, ServiceContexts};
use rsbinder::{ExceptionCode, Status};

/// Uids from here on are apps'; below are the system's. `android.os.Process.FIRST_APPLICATION_UID`.
const FIRST_APPLICATION: u32 = 10_000;

/// Uids per Android user.
const PER_USER: u32 = 100_000;

/// Whoever makes the call that this thread handles.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    /// Its process.
    pub pid: i32,
    /// Its uid.
    pub uid: u32,
    /// Its domain.
    domain: String,
}

impl Caller {
    /// By the kernel's word. A caller without a domain is refused.
    pub fn of_this_call() -> Result<Self, Status> {
        let domain = rsbinder::get_calling_sid()
            .and_then(|domain| domain.into_string().ok())
            .ok_or_else(|| denied("a caller without a domain"))?;
        Ok(Self { pid: rsbinder::get_calling_pid(), uid: rsbinder::get_calling_uid(), domain })
    }
}

/// What is asked before anything else happens.
pub struct Access {
    contexts: ServiceContexts,
    own: String,
}

impl Access {
    /// With these labels; `own` is our own domain.
    pub fn new(contexts: ServiceContexts, own: String) -> Self {
        Self { contexts, own }
    }

    /// Whether the caller may find that service.
    pub fn find(&self, caller: &Caller, name: &str) -> Result<(), Status> {
        self.by_name(caller, "find", name)
    }

    /// Whether it may add it. An app never may.
    pub fn add(&self, caller: &Caller, name: &str) -> Result<(), Status> {
        if caller.uid % PER_USER >= FIRST_APPLICATION {
            return Err(denied("an app adds no service"));
        }
        self.by_name(caller, "add", name)
    }

    /// Whether it may have the names of all.
    pub fn list(&self, caller: &Caller) -> Result<(), Status> {
        self.ask(caller, "list", &self.own, "services")
    }

    fn by_name(&self, caller: &Caller, permission: &str, name: &str) -> Result<(), Status> {
        let label = self.contexts.label(name).ok_or_else(|| denied("a name without a label"))?;
        self.ask(caller, permission, label, name)
    }

    fn ask(
        &self,
        caller: &Caller,
        permission: &str,
        label: &str,
        name: &str,
    ) -> Result<(), Status> {
        let Caller { pid, uid, domain } = caller;
        match kernel::allows(domain, label, "service_manager", permission) {
            Ok(true) => Ok(()),
            Ok(false) => {
                log::error!(
                    "avc:  denied  {{ {permission} }} for pid={pid} uid={uid} name={name} \
                     scontext={domain} tcontext={label} tclass=service_manager permissive=0"
                );
                Err(denied("SELinux denied it"))
            }
            Err(error) => {
                log::error!("{permission} {name} for {domain}: {error}");
                Err(denied("SELinux was not to be asked"))
            }
        }
    }
}

fn denied(why: &str) -> Status {
    Status::from((ExceptionCode::Security, why))
}
