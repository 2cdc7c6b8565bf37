// SPDX-License-Identifier: Apache-2.0
//! Tries what a process in some domain may not be able to do, and prints how each ended: a name and `ok`, or the name of
//! the error, one a line. It is started as somebody by the suite; by itself it is nobody.

use android_system_cloudmessaging::aidl::android::system::cloudmessaging::{
    Grant::Grant, ICloudMessaging::ICloudMessaging, ICloudMessagingConsent::ICloudMessagingConsent,
    ICloudMessagingPlatform::ICloudMessagingPlatform, NetworkReport::NetworkReport,
};
use binder::{FromIBinder, SpIBinder, Strong};
use nix::errno::Errno;
use rsbinder::hub::android_16::android::os::Service::Service;
use rsbinder::hub::android_16::{BnServiceManager, IServiceManager};
use rsbinder::{hub, ExceptionCode, ProcessState, Status, StatusCode};
use std::error::Error;
use std::fs::File;
use std::io::{Read, Write};
use std::net::UdpSocket;
use std::os::unix::net::UnixStream;

mod given {
    //! Hands binders to whoever asks, without a question: what a careless process might do.

    use rsbinder::hub::android_16::android::os::{
        Service::Service, ServiceWithMetadata::ServiceWithMetadata,
    };
    use rsbinder::hub::android_16::IServiceManager;
    use rsbinder::hub::{ConnectionInfo, IClientCallback, IServiceCallback, ServiceDebugInfo};
    use rsbinder::{BinderResult, Interface, SIBinder, StatusCode, Strong};

    /// Names and binders; found under the names by `getService`.
    pub struct Given(pub Vec<(String, SIBinder)>);

    impl Interface for Given {}

    macro_rules! not_here {
        ($($name:ident($($argument:ty),*) -> $result:ty;)*) => {
            $(fn $name(&self, $(_: $argument),*) -> BinderResult<$result> {
                Err(StatusCode::UnknownTransaction.into())
            })*
        };
    }

    impl IServiceManager for Given {
        fn getService(&self, name: &str) -> BinderResult<Option<SIBinder>> {
            Ok(self.0.iter().find(|one| one.0 == name).map(|one| one.1.clone()))
        }

        fn getService2(&self, name: &str) -> BinderResult<Service> {
            let service = self.0.iter().find(|one| one.0 == name).map(|one| one.1.clone());
            Ok(Service::ServiceWithMetadata(ServiceWithMetadata { service, isLazyService: false }))
        }

        not_here! {
            checkService(&str) -> Option<SIBinder>;
            checkService2(&str) -> Service;
            addService(&str, &SIBinder, bool, i32) -> ();
            listServices(i32) -> Vec<String>;
            registerForNotifications(&str, &Strong<dyn IServiceCallback>) -> ();
            unregisterForNotifications(&str, &Strong<dyn IServiceCallback>) -> ();
            isDeclared(&str) -> bool;
            getDeclaredInstances(&str) -> Vec<String>;
            updatableViaApex(&str) -> Option<String>;
            getUpdatableNames(&str) -> Vec<String>;
            getConnectionInfo(&str) -> Option<ConnectionInfo>;
            registerClientCallback(&str, &SIBinder, &Strong<dyn IClientCallback>) -> ();
            tryUnregisterService(&str, &SIBinder) -> ();
            getServiceDebugInfo() -> Vec<ServiceDebugInfo>;
        }
    }
}

const CONSENT: &str = "android.system.cloudmessaging.ICloudMessagingConsent";
const PLATFORM: &str = "android.system.cloudmessaging.ICloudMessagingPlatform";
const MESSAGING: &str = "android.system.cloudmessaging.ICloudMessaging";

/// Where [`given::Given`] is found, by everybody.
const HANDOVER: &str = "vm.handover";

type Result<T> = std::result::Result<T, Box<dyn Error>>;

fn main() -> Result<()> {
    env_logger::init();
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (verb, rest) = arguments.split_first().ok_or("what is to be tried?")?;
    match &verb[..] {
        "sockets" => sockets(),
        "open" => open(rest),
        "find" => find(rest)?,
        "present" => present(rest)?,
        "add" => add(rest)?,
        "list" => list()?,
        "give" => give()?,
        "hold" => hold(rest)?,
        "call" => call()?,
        "set" => set(rest)?,
        _ => return Err(format!("there is no {verb} to be tried").into()),
    }
    Ok(())
}

fn say(what: &str, how: &str) {
    println!("{what} {how}");
}

/// P2: sockets of every family that reaches further than this machine.
fn sockets() {
    use nix::libc::{socket, AF_INET, AF_INET6, AF_NETLINK, AF_PACKET, AF_VSOCK};
    use nix::libc::{SOCK_DGRAM, SOCK_RAW, SOCK_STREAM};
    for (name, family, kind, protocol) in [
        ("AF_INET", AF_INET, SOCK_STREAM, 0),
        ("AF_INET/udp", AF_INET, SOCK_DGRAM, 0),
        ("AF_INET/icmp", AF_INET, SOCK_RAW, 1),
        ("AF_INET6", AF_INET6, SOCK_STREAM, 0),
        ("AF_INET6/udp", AF_INET6, SOCK_DGRAM, 0),
        ("AF_NETLINK", AF_NETLINK, SOCK_RAW, 0),
        ("AF_PACKET", AF_PACKET, SOCK_RAW, 0x0300),
        ("AF_VSOCK", AF_VSOCK, SOCK_STREAM, 0),
    ] {
        // SAFETY: three numbers. The descriptor is closed when this process ends.
        let fd = unsafe { socket(family, kind, protocol) };
        let how = if fd >= 0 { "ok".to_owned() } else { format!("{:?}", Errno::last()) };
        say(name, &how);
    }
    // That there is a socket need not mean that anything leaves by it.
    let sent =
        UdpSocket::bind("127.0.0.1:0").and_then(|socket| socket.send_to(b"x", "127.0.0.1:9"));
    say("UDP/bind", &ended(sent));
}

fn ended<T>(result: std::io::Result<T>) -> String {
    match result {
        Ok(_) => "ok".into(),
        Err(error) => format!("{:?}", Errno::from_raw(error.raw_os_error().unwrap_or(0))),
    }
}

/// Has init do something, by a property: `NAME=VALUE`.
fn set(properties: &[String]) -> Result<()> {
    for property in properties {
        let (name, value) = property.split_once('=').ok_or("no value")?;
        let asked = || -> std::io::Result<u32> {
            let mut init = UnixStream::connect("/dev/socket/property_service")?;
            // PROP_MSG_SETPROP2.
            let mut message = 0x0002_0001_u32.to_ne_bytes().to_vec();
            for text in [name, value] {
                message.extend((text.len() as u32).to_ne_bytes());
                message.extend(text.as_bytes());
            }
            init.write_all(&message)?;
            let mut answer = [0; 4];
            init.read_exact(&mut answer)?;
            Ok(u32::from_ne_bytes(answer))
        };
        match asked() {
            Ok(0) => say(property, "ok"),
            Ok(0x18) => say(property, "denied"),
            Ok(other) => say(property, &format!("{other:#x}")),
            error => say(property, &ended(error)),
        }
    }
    Ok(())
}

/// Reading, and writing to, files and devices.
fn open(files: &[String]) {
    for file in files {
        for (how, options) in
            [("read", File::options().read(true)), ("write", File::options().write(true))]
        {
            say(&format!("{file}/{how}"), &ended(options.open(file)));
        }
    }
}

fn outcome<T>(result: std::result::Result<T, Status>) -> String {
    match result {
        Ok(_) => "ok".into(),
        Err(status) => match status.exception_code() {
            ExceptionCode::TransactionFailed => format!("{:?}", status.transaction_error()),
            exception => format!("{exception:?}"),
        },
    }
}

/// The service manager, as anybody reaches it.
fn names() -> Result<Strong<dyn IServiceManager>> {
    let state = ProcessState::init_default()?;
    Ok(FromIBinder::try_from(state.context_object()?)?)
}

fn find(wanted: &[String]) -> Result<()> {
    let names = names()?;
    for name in wanted {
        // checkService starts nothing.
        say(name, &outcome(names.checkService2(name)));
    }
    Ok(())
}

/// Whether they are there, which to be allowed to find them does not say.
fn present(wanted: &[String]) -> Result<()> {
    let names = names()?;
    for name in wanted {
        let there = service(names.checkService2(name)?).is_some();
        say(name, if there { "ok" } else { "absent" });
    }
    Ok(())
}

fn add(wanted: &[String]) -> Result<()> {
    let names = names()?;
    for name in wanted {
        let binder = BnServiceManager::new_binder(given::Given(Vec::new())).as_binder();
        say(
            name,
            &outcome(names.addService(name, &binder, false, hub::DUMP_FLAG_PRIORITY_DEFAULT)),
        );
    }
    Ok(())
}

fn list() -> Result<()> {
    say("list", &outcome(names()?.listServices(hub::DUMP_FLAG_PRIORITY_ALL)));
    Ok(())
}

/// Asks for services, and holds them until it is killed.
fn hold(wanted: &[String]) -> Result<()> {
    ProcessState::init_default()?;
    ProcessState::start_thread_pool();
    let find = |name: &String| hub::wait_for_service(name).ok_or("it is not there");
    let held = wanted.iter().map(find).collect::<std::result::Result<Vec<_>, _>>()?;
    println!("ready");
    ProcessState::join_thread_pool()?;
    drop(held);
    Ok(())
}

/// Hands the gate's three binders to everybody, until it is killed.
fn give() -> Result<()> {
    ProcessState::init_default()?;
    ProcessState::start_thread_pool();
    let mut given = Vec::new();
    for name in [CONSENT, PLATFORM, MESSAGING] {
        let binder = hub::wait_for_service(name).ok_or("the gate is not there")?;
        given.push((name.to_owned(), binder));
    }
    let binder = BnServiceManager::new_binder(given::Given(given)).as_binder();
    hub::add_service(HANDOVER, binder)?;
    println!("ready");
    ProcessState::join_thread_pool()?;
    Ok(())
}

/// Calls the gate with binders that were handed over, whoever this is.
fn call() -> Result<()> {
    let careless = service(names()?.checkService2(HANDOVER)?).ok_or("nothing is handed over")?;
    let careless: Strong<dyn IServiceManager> = FromIBinder::try_from(careless)?;
    if let Some(consent) = handed::<dyn ICloudMessagingConsent>(&*careless, CONSENT) {
        say("state", &outcome(consent.state()));
        say("grant", &outcome(consent.grant(&Grant::default())));
        say("withdraw", &outcome(consent.withdraw(false)));
        say("ledger", &outcome(consent.ledger(i64::MAX, 1, &[], &[])));
    }
    if let Some(platform) = handed::<dyn ICloudMessagingPlatform>(&*careless, PLATFORM) {
        say("reportUsers", &outcome(platform.reportUsers(&[])));
        say("reportNetwork", &outcome(platform.reportNetwork(&NetworkReport::default())));
        say("provideStorageKey", &outcome(platform.provideStorageKey(0, &[0; 32])));
    }
    if let Some(messaging) = handed::<dyn ICloudMessaging>(&*careless, MESSAGING) {
        say("inbound", &outcome(messaging.inbound(0, 1)));
    }
    Ok(())
}

fn service(found: Service) -> Option<SpIBinder> {
    match found {
        Service::ServiceWithMetadata(found) => found.service,
        Service::Accessor(_) => None,
    }
}

/// The interface of that name, out of somebody else's hand. Taking a binder asks its process what it is: that is a call,
/// and may be denied as one.
fn handed<T: FromIBinder + ?Sized>(
    careless: &dyn IServiceManager,
    name: &str,
) -> Option<Strong<T>> {
    let found = careless.getService2(name).map(service);
    match found {
        Ok(Some(binder)) => {
            let interface: std::result::Result<Strong<T>, StatusCode> =
                FromIBinder::try_from(binder);
            interface.inspect_err(|status| say(name, &format!("{status:?}"))).ok()
        }
        Ok(None) => {
            say(name, "absent");
            None
        }
        Err(status) => {
            say(name, &outcome::<()>(Err(status)));
            None
        }
    }
}
