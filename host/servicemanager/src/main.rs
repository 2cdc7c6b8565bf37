// SPDX-License-Identifier: Apache-2.0
//! What Android's servicemanager is on a phone, over the kernel's Binder driver: the context manager, which knows
//! services by name ([`registry`]), lets nobody add, find or list one whom the policy does not let ([`access`]), has
//! init start a lazy service that is asked for ([`start`]), and tells a lazy service whether anybody holds it.
//!
//! It trusts the kernel for the caller's uid and domain. It is for a virtual machine with SELinux; `servicemanager
//! --device FILE --contexts FILE...` takes the service_contexts in that order.

mod access;
mod clients;
mod names;
mod registry;
mod start;

use access::Access;
use cloudmessaging_selinux::{kernel, ServiceContexts};
use names::Names;
use registry::Registry;
use rsbinder::hub::android_16::BnServiceManager;
use rsbinder::{BinderFeatures, Interface, ProcessState};
use std::error::Error;
use std::process::ExitCode;
use std::sync::Arc;

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("servicemanager: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<(), Box<dyn Error>> {
    env_logger::Builder::from_env(env_logger::Env::default().default_filter_or("info")).init();
    let mut arguments = std::env::args().skip(1);
    let mut device = rsbinder::LEGACY_BINDER_PATH.to_owned();
    let mut contexts = ServiceContexts::default();
    while let Some(argument) = arguments.next() {
        let value = arguments.next().ok_or_else(|| format!("{argument} needs a value"))?;
        match &argument[..] {
            "--device" => device = value,
            "--contexts" => {
                let text =
                    std::fs::read_to_string(&value).map_err(|error| format!("{value}: {error}"))?;
                contexts.read(&value, &text)?;
            }
            _ => return Err(format!("unknown option {argument}").into()),
        }
    }
    let registry = Arc::new(Registry::default());
    let names =
        Names { registry: registry.clone(), access: Access::new(contexts, kernel::current()?) };
    // One thread answers, as in Android's: no call sees another's half.
    let state = ProcessState::init(&device, 0)?;
    let mut features = BinderFeatures::default();
    features.set_requesting_sid = true;
    let binder = BnServiceManager::new_binder_with_features(names, features).as_binder();
    state.become_context_manager(binder)?;
    std::thread::Builder::new().name("clients".into()).spawn(move || registry.watch())?;
    log::info!("ready");
    ProcessState::join_thread_pool()?;
    Ok(())
}
