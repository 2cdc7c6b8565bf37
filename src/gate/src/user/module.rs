// SPDX-License-Identifier: Apache-2.0
//! What all users of the phone share: what the build ships, and what works for them.

use std::path::PathBuf;
use std::sync::Arc;

use cloudmessaging_seal::{PublicKey, RegistrarKeys};
use cloudmessaging_wire::frame;
use cloudmessaging_wire::proto::uplink::{to_uplink::Frame, Configure, ToUplink};
use zeroize::Zeroizing;

use crate::checkpoint::Checkpoint;
use crate::clock::Clock;
use crate::config::Config;
use crate::consent::Disclosures;
use crate::gate::{Network, Refusal};
use crate::legacy::Leftovers;
use crate::seal::RegistrarKey;
use crate::secrets::Secrets;
use crate::service::facade::Hints;
use crate::stay::Stay;
use crate::work::{Started, Workers};

/// SO_SNDBUF of the uplink's sockets, bytes: what is in it when the uplink is killed is dropped, what has
/// left it is not; the kernel doubles it.
const SEND_BUFFER: u32 = 16 * 1024;

/// What all users share.
pub struct Module {
    /// As the build configures it.
    pub config: Config,
    /// What the build ships.
    pub disclosures: Disclosures,
    /// Start uplinks, and run couriers.
    pub workers: Box<dyn Workers>,
    /// Where the users' folders are.
    pub data: PathBuf,
    /// `ro.build.fingerprint`; the version of this program on a host.
    pub build: String,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Tells that there is something to ask for.
    pub hints: Arc<dyn Hints>,
    /// Where keys are that stay on this phone.
    pub secrets: Box<dyn Secrets>,
    /// Whether what is written stays written.
    pub checkpoint: Box<dyn Checkpoint>,
    /// For whom this process stays.
    pub stay: Arc<Stay>,
    /// What an earlier service left. Nothing that is decided asks it.
    pub legacy: Leftovers,
}

impl Module {
    /// The registrar's key that requests are sealed to.
    pub fn registrar_key(&self) -> RegistrarKey {
        let registrar = &self.config.registrar;
        RegistrarKey { id: registrar.hpke_key_id, key: PublicKey(registrar.hpke_key) }
    }

    /// The registrar's keys that certificates are signed with.
    pub fn registrar_keys(&self) -> RegistrarKeys {
        let keys = self.config.registrar.signing_keys.iter();
        RegistrarKeys::new(keys.map(|key| (key.id, key.key)).collect())
    }

    /// Starts an uplink on a network; it has been told where the broker is and may not connect yet.
    pub fn start_uplink(&self, network: &Network) -> Result<Started, Refusal> {
        let broker = &self.config.broker;
        let configure = Frame::Configure(Configure {
            host: broker.host.clone(),
            port: broker.port.into(),
            ca: broker.ca.clone(),
            client_certificate: broker.client_certificate.clone(),
            client_key: broker.client_key.to_vec(),
            network: network.handle,
            send_buffer: SEND_BUFFER,
        });
        let frame = frame::encode(&ToUplink { frame: Some(configure) });
        let frame = Zeroizing::new(frame.map_err(|e| {
            log::error!("the uplink's configuration does not fit a frame: {e}");
            Refusal::Busy
        })?);
        self.workers.start_uplink(&frame).map_err(|e| {
            log::error!("the uplink does not start: {e}");
            Refusal::Busy
        })
    }
}
