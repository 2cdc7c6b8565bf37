// SPDX-License-Identifier: Apache-2.0
//! A service of the same interface on the same transport that does nothing: what a call costs anyway.
use android_system_cloudmessaging::aidl::android::system::cloudmessaging::{
    ICloudMessaging::{BnCloudMessaging, ICloudMessaging},
    ICloudMessagingCallback::ICloudMessagingCallback,
    InboundMessage::InboundMessage,
    KeyChange::KeyChange,
    Outcome::Outcome,
    OutgoingMessage::OutgoingMessage,
    Refusal::Refusal,
    ServiceState::ServiceState,
};
use binder::host::{Limits, Server};
use binder::{BinderFeatures, Interface, Strong};
use std::path::Path;
use std::process::ExitCode;

/// Its name.
pub const NAME: &str = "benches.no_op";

/// Serves it until this process is killed.
pub fn serve(socket: &Path) -> ExitCode {
    let binder = BnCloudMessaging::new_binder(NoOp, BinderFeatures::default());
    let uids = [nix::unistd::geteuid().as_raw()];
    match Server::serve(socket, NAME, binder.as_binder(), &uids, &Limits::default()) {
        Ok(_served) => {
            println!("ready");
            loop {
                std::thread::park();
            }
        }
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

struct NoOp;

impl Interface for NoOp {}

impl ICloudMessaging for NoOp {
    fn state(&self) -> binder::Result<ServiceState> {
        Ok(ServiceState::default())
    }
    fn send(&self, _: &OutgoingMessage) -> binder::Result<Refusal> {
        Ok(Refusal::OFF)
    }
    fn outcomes(&self, _: i64, _: i32) -> binder::Result<Vec<Outcome>> {
        Ok(Vec::new())
    }
    fn acknowledgeOutcomes(&self, _: i64) -> binder::Result<()> {
        Ok(())
    }
    fn inbound(&self, _: i64, _: i32) -> binder::Result<Vec<InboundMessage>> {
        Ok(Vec::new())
    }
    fn acknowledgeInbound(&self, _: i64) -> binder::Result<()> {
        Ok(())
    }
    fn checkSms(&self, _: i32, _: &str, _: &str, _: i64) -> binder::Result<Vec<u8>> {
        Ok(Vec::new())
    }
    fn submitCode(&self, _: i32, _: &str) -> binder::Result<()> {
        Ok(())
    }
    fn keyChanged(&self) -> binder::Result<Vec<KeyChange>> {
        Ok(Vec::new())
    }
    fn acknowledgeKeyChanges(&self, _: i64) -> binder::Result<()> {
        Ok(())
    }
    fn fingerprint(&self, _: i32, _: &str) -> binder::Result<String> {
        Ok(String::new())
    }
    fn setCallback(&self, _: Option<&Strong<dyn ICloudMessagingCallback>>) -> binder::Result<()> {
        Ok(())
    }
}
