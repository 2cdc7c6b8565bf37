// SPDX-License-Identifier: Apache-2.0
//! `Configure`, checked: whom to connect to, whom to trust and with which certificate. Nothing of it
//! changes in the life of the process.

use std::sync::Arc;

use cloudmessaging_wire::proto::uplink::Configure;
use rustls::pki_types::ServerName;
use rustls::ClientConfig;

use crate::end::End;
use crate::tls::Trust;

/// What holds for every connection of this process.
pub struct Settings {
    /// The broker's host name.
    pub(crate) host: String,
    pub(crate) port: u16,
    /// The host name, as it is checked against the broker's certificate.
    pub(crate) server_name: ServerName<'static>,
    pub(crate) trust: Trust,
    /// TLS with the build-wide client certificate.
    pub(crate) build_wide: Arc<ClientConfig>,
    /// SO_SNDBUF of each TCP socket, bytes; the kernel keeps to its own least and most.
    pub(crate) send_buffer: usize,
    /// `android.net.Network`'s handle; 0 on a host.
    pub network: u64,
}

impl Settings {
    /// Takes a `Configure` that can be used, and ends the uplink on any other.
    pub fn check(configure: Configure) -> Result<Self, End> {
        let port = u16::try_from(configure.port).ok().filter(|port| *port != 0);
        let server_name = ServerName::try_from(configure.host.clone())
            .map_err(|_| End::Configuration("the host is neither a name nor an address"))?;
        let trust = Trust::new(&configure.ca).map_err(End::Configuration)?;
        let build_wide = trust
            .with_client_certificate(configure.client_certificate, configure.client_key)
            .map_err(End::Configuration)?;
        Ok(Self {
            host: configure.host,
            port: port.ok_or(End::Configuration("no port"))?,
            server_name,
            trust,
            build_wide,
            send_buffer: configure.send_buffer as usize,
            network: configure.network,
        })
    }
}
