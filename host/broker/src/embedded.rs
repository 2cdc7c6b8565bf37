// SPDX-License-Identifier: Apache-2.0
//! The embedded broker: crate mqtt5's router and connections behind our own accept loop.
//!
//! mqtt5's own listener does not tell its access rules which certificate a client showed. So we accept
//! and do the TLS handshake ourselves, and give each connection a [`Guard`] that knows its role from the
//! certificate and can be told nothing else.
//!
//! Everything is in memory and is gone with the process.
//!
//! mqtt5 has a certificate provider of its own. It is not used: it believes the client id, which a client
//! chooses. Nor does mqtt5 keep a client from replacing another's session by a clean start; the [`Guard`] does.
//! Nor does it ask who may have a message kept: for all but registrars, [`Unkept`] says nobody.
//!
//! What is weak: all phones share the post certificate, so one that knows the client id of another's post
//! connection can end it. mqtt5 adds the sender's client id to each PUBLISH as a user
//! property, so who gets a message learns the id of the post connection it came from: such ids must say
//! nothing and serve once. Inbox connections never publish. A registrar's id is told, too, but is refused to
//! phones. A connection may outlive its certificate, as with any broker.

use std::future::Future;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use cloudmessaging_wire::{limits, step};
use mqtt5::broker::auth::{AuthProvider, AuthResult};
use mqtt5::broker::client_handler::ClientHandler;
use mqtt5::broker::router::MessageRouter;
use mqtt5::broker::storage::QueueLimits;
use mqtt5::broker::sys_topics::BrokerStats;
use mqtt5::broker::tls_acceptor::TlsStreamWrapper;
use mqtt5::broker::transport::BrokerTransport;
use mqtt5::broker::{
    BrokerConfig, BrokerEventHandler, ClientPublishEvent, DynamicStorage, MemoryBackend,
    MessageDeliveredEvent, PublishAction, ResourceLimits, ResourceMonitor, StorageBackend,
};
use mqtt5_protocol_names::{ConnectPacket, ReasonCode};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{broadcast, Semaphore};
use tokio_rustls::TlsAcceptor;

use crate::acl::{self, Client, Role};
use crate::tls::{self, Authorities, TlsError};

/// mqtt5 exports these two under long paths.
mod mqtt5_protocol_names {
    pub use mqtt5::packet::connect::ConnectPacket;
    pub use mqtt5::protocol::v5::reason_codes::ReasonCode;
}

/// Largest packet in bytes: the largest payload with topic and properties. mqtt5's own default makes
/// clients refuse the CONNACK.
pub const MAX_PACKET: usize = limits::PAYLOAD_MAX + 4096;

/// Most connections at a time, those still in the handshake included.
const MAX_CLIENTS: usize = 10_000;

/// How long a client may take for the TLS handshake.
const HANDSHAKE: Duration = Duration::from_secs(10);

/// How often expired sessions and messages are swept out.
const SWEEP: Duration = Duration::from_secs(60);

/// Most a session that is away may have queued.
const QUEUE: QueueLimits = QueueLimits { max_messages: 10_000, max_bytes: 64 * 1024 * 1024 };

/// Most bundles, and the largest in bytes.
const RETAINED: (usize, usize) = (100_000, 16 * 1024);

/// Why the broker did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The PKI is incomplete.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// The port is taken.
    #[error("cannot listen on {0}: {1}")]
    Listen(SocketAddr, io::Error),
}

/// A broker that listens. Dropping it closes its connections.
pub struct Broker {
    address: SocketAddr,
    stop: broadcast::Sender<()>,
}

/// What every connection shares.
struct Shared {
    config: Arc<BrokerConfig>,
    /// Of whoever is no registrar: nothing of theirs is kept.
    unkept: Arc<BrokerConfig>,
    router: Arc<MessageRouter>,
    storage: Arc<DynamicStorage>,
    stats: Arc<BrokerStats>,
    monitor: Arc<ResourceMonitor>,
    acceptor: TlsAcceptor,
    authorities: Authorities,
    stop: broadcast::Sender<()>,
}

impl Broker {
    /// Listens on 127.0.0.1 with the certificates that [`crate::pki::create`] wrote to `pki`. Port 0 lets
    /// the kernel choose. Needs a tokio runtime.
    pub async fn start(pki: &Path, port: u16) -> Result<Broker, StartError> {
        let acceptor = TlsAcceptor::from(tls::server(pki)?);
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        let listen = |e| StartError::Listen(address, e);
        let listener = TcpListener::bind(address).await.map_err(listen)?;
        let address = listener.local_addr().map_err(listen)?;
        let (stop, _) = broadcast::channel(1);
        let shared = Shared::new(acceptor, Authorities::new(pki)?, stop.clone());
        let shared = Arc::new(shared);
        tokio::spawn(sweep(shared.clone()));
        tokio::spawn(accept(listener, shared));
        Ok(Broker { address, stop })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for Broker {
    fn drop(&mut self) {
        // Nobody left to tell is fine: then nothing runs.
        let _ = self.stop.send(());
    }
}

impl Shared {
    fn new(acceptor: TlsAcceptor, authorities: Authorities, stop: broadcast::Sender<()>) -> Shared {
        let config = BrokerConfig::default()
            .with_max_packet_size(MAX_PACKET)
            .with_maximum_qos(1)
            .with_session_expiry(limits::LEASE)
            .with_sys_topics_enabled(false);
        let storage = Arc::new(DynamicStorage::Memory(MemoryBackend::with_queue_limits(QUEUE)));
        let router = MessageRouter::with_storage(storage.clone())
            .with_fallback_queue_limits(QUEUE)
            .with_retained_limits(RETAINED.0, RETAINED.1);
        let limits = ResourceLimits {
            max_connections: MAX_CLIENTS,
            max_connections_per_ip: MAX_CLIENTS,
            max_message_rate_per_client: 0,
            max_bandwidth_per_client: 0,
            max_connection_rate: MAX_CLIENTS as u32,
            rate_limit_window: Duration::from_secs(1),
        };
        let unkept =
            config.clone().with_retain_available(false).with_event_handler(Arc::new(Unkept));
        Shared {
            config: Arc::new(config),
            unkept: Arc::new(unkept),
            router: Arc::new(router),
            storage,
            stats: Arc::new(BrokerStats::new()),
            monitor: Arc::new(ResourceMonitor::new(limits)),
            acceptor,
            authorities,
            stop,
        }
    }

    /// One connection, from the handshake to its end.
    async fn serve(&self, stream: TcpStream, address: SocketAddr) {
        let handshake = tokio::time::timeout(HANDSHAKE, self.acceptor.accept(stream));
        let stream = match handshake.await {
            Ok(Ok(stream)) => stream,
            Ok(Err(e)) => return log::info!("TLS handshake failed: {e}"),
            Err(_) => return log::info!("TLS handshake not finished within {HANDSHAKE:?}"),
        };
        step!("broker.handshake.done");
        let chain = stream.get_ref().1.peer_certificates();
        let who = chain.and_then(|chain| self.authorities.identify(chain.first()?));
        log::debug!("connection with the certificate of {:?}", who.as_ref().map(|(role, _)| role));
        let config = match who {
            Some((Role::Registrar, _)) => self.config.clone(),
            _ => self.unkept.clone(),
        };
        let connection = ClientHandler::new(
            BrokerTransport::tls(TlsStreamWrapper::new(stream)),
            address,
            config,
            self.router.clone(),
            Arc::new(Guard { who, storage: self.storage.clone() }),
            Some(self.storage.clone()),
            self.stats.clone(),
            self.monitor.clone(),
            self.stop.subscribe(),
        );
        if let Err(e) = connection.run().await {
            log::debug!("connection ended: {e}");
        }
        step!("broker.connection.ended");
    }
}

async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    let mut stop = shared.stop.subscribe();
    let places = Arc::new(Semaphore::new(MAX_CLIENTS));
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            _ = stop.recv() => return,
        };
        let (stream, address) = match accepted {
            Ok(accepted) => accepted,
            Err(e) => {
                // Out of descriptors, most likely: let some connection end rather than spin.
                log::warn!("cannot accept: {e}");
                tokio::time::sleep(Duration::from_millis(100)).await;
                continue;
            }
        };
        let Ok(place) = places.clone().try_acquire_owned() else {
            log::warn!("{MAX_CLIENTS} connections: one more is refused");
            continue;
        };
        step!("broker.accepted");
        // Latency over throughput: acknowledgements are small packets.
        let _ = stream.set_nodelay(true);
        let shared = shared.clone();
        tokio::spawn(async move {
            shared.serve(stream, address).await;
            drop(place);
        });
    }
}

async fn sweep(shared: Arc<Shared>) {
    let mut stop = shared.stop.subscribe();
    let mut tick = tokio::time::interval(SWEEP);
    loop {
        tokio::select! {
            _ = tick.tick() => {}
            _ = stop.recv() => return,
        }
        if let Err(e) = shared.storage.cleanup_expired().await {
            log::warn!("cannot sweep: {e}");
        }
        shared.router.sweep_sessions().await;
        shared.monitor.cleanup_expired_windows().await;
    }
}

/// Drops what is to be kept. Kept messages are bundles: whoever could fill their places with others would keep
/// everybody from registering. An honest client was told in CONNACK that nothing is kept, and does not ask.
struct Unkept;

impl BrokerEventHandler for Unkept {
    fn on_client_publish<'a>(&'a self, publish: ClientPublishEvent) -> Answer<'a, PublishAction> {
        Box::pin(std::future::ready(match publish.retain {
            true => PublishAction::Handled,
            false => PublishAction::Continue,
        }))
    }

    fn on_message_delivered<'a>(&'a self, _: MessageDeliveredEvent) -> Answer<'a, ()> {
        step!("broker.delivery.acknowledged");
        Box::pin(std::future::ready(()))
    }
}

/// What one connection may do: its role is its certificate's, for as long as it lives.
struct Guard {
    who: Option<(Role, String)>,
    storage: Arc<DynamicStorage>,
}

type Answer<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

impl Guard {
    async fn admit(&self, client_id: &str) -> mqtt5::Result<AuthResult> {
        let Some((role, name)) = &self.who else {
            return Ok(AuthResult::fail(ReasonCode::NotAuthorized));
        };
        // Who knows an id could end its session by a clean start, had mqtt5 to decide.
        let session = self.storage.get_session(client_id).await?;
        let anothers = session.is_some_and(|session| session.user_id.as_ref() != Some(name));
        if anothers || !acl::may_be_called(*role, client_id) {
            return Ok(AuthResult::fail(ReasonCode::ClientIdentifierNotValid));
        }
        Ok(AuthResult::success_with_user(name))
    }

    /// Whether the table lets this client.
    fn lets(&self, client_id: &str, may: impl FnOnce(&Client) -> bool) -> bool {
        let Some((role, name)) = &self.who else { return false };
        may(&Client { role: *role, common_name: name, id: client_id })
    }
}

impl AuthProvider for Guard {
    fn authenticate<'a>(
        &'a self,
        connect: &'a ConnectPacket,
        _address: SocketAddr,
    ) -> Answer<'a, mqtt5::Result<AuthResult>> {
        step!("broker.connect.read");
        Box::pin(self.admit(&connect.client_id))
    }

    fn authorize_publish<'a>(
        &'a self,
        client_id: &str,
        _user: Option<&'a str>,
        topic: &'a str,
    ) -> Answer<'a, bool> {
        step!("broker.publish.read");
        Box::pin(std::future::ready(self.lets(client_id, |client| client.may_write(topic))))
    }

    fn authorize_subscribe<'a>(
        &'a self,
        client_id: &str,
        _user: Option<&'a str>,
        filter: &'a str,
    ) -> Answer<'a, bool> {
        step!("broker.subscribe.read");
        Box::pin(std::future::ready(self.lets(client_id, |client| client.may_read(filter))))
    }
}
