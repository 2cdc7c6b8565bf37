// SPDX-License-Identifier: Apache-2.0
//! The registrar's one connection to its broker: MQTT 5 over TLS 1.3, by mqtt-protocol-core and rustls.
//!
//! Why not a client with batteries: the answer to a phone waits for the acknowledgement of one certain
//! PUBLISH, and a request is acknowledged only once it was answered, so that a broker sends no more than
//! its window of them ahead. Both need packets, not a stream of messages.
//!
//! A session ends with its connection. What was asked of a connection that ended fails with
//! [`LinkError::Down`]; phones try again.

mod packets;
mod session;
mod tls;
mod upkeep;

use std::collections::HashMap;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinHandle;

pub use tls::{authorities, client_config, TlsError};

/// Requests that are worked on at a time.
pub const AT_A_TIME: u16 = 64;

/// Requests that wait for their turn; more are dropped, and their phones try again. At most 5 MiB.
const WAITING: usize = 1024;

/// Subscription identifier of the requests.
const REQUESTS: u32 = 1;

/// Subscription identifier of the fence.
const FENCE: u32 = 2;

/// The first subscription identifier of one that comes and goes; they come round again after
/// [`LAST_ID`].
const FIRST_ID: u32 = 3;

/// The largest that MQTT allows.
const LAST_ID: u32 = 268_435_455;

/// Messages that one subscription may hold before somebody takes them.
const HELD: usize = 4;

/// Where the broker is, and how to speak to it.
pub struct Endpoint {
    /// Name or address; the broker's certificate has to bear it.
    pub host: String,
    /// TCP port.
    pub port: u16,
    /// Authority, client certificate, TLS 1.3.
    pub tls: Arc<rustls::ClientConfig>,
    /// Name of the shared subscription.
    pub share: String,
}

/// A PUBLISH to send with QoS 1.
pub struct Message {
    /// Where to.
    pub topic: String,
    /// What; empty and retained: removes what is retained.
    pub payload: Vec<u8>,
    /// Whether the broker keeps it for later subscribers.
    pub retain: bool,
    /// When the broker drops it; whole seconds, at least one.
    pub expiry: Option<Duration>,
}

/// A PUBLISH that came.
pub struct Arrival {
    /// What.
    pub payload: Vec<u8>,
    /// Whether it had been retained.
    pub retain: bool,
    acknowledgement: Option<Acknowledgement>,
}

/// What one connection was given is acknowledged to no other.
#[derive(Clone, Copy)]
struct Acknowledgement {
    connection: u64,
    packet_id: u16,
}

/// Why the broker did not do something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LinkError {
    /// There is no connection, or it ended before the answer came.
    #[error("not connected")]
    Down,
    /// The broker answered with this MQTT reason code.
    #[error("refused by the broker with reason {0:#04x}")]
    Refused(u8),
}

type Done = oneshot::Sender<Result<(), LinkError>>;

enum Command {
    Publish { message: Message, done: Done },
    Subscribe { filter: String, id: u32, done: Done },
    Unsubscribe { filter: String, done: Done },
    Fence { done: Done },
    Acknowledge(Acknowledgement),
}

/// Who listens to which subscription identifier.
#[derive(Default)]
struct Ears {
    listening: Mutex<HashMap<u32, mpsc::Sender<Arrival>>>,
    missed: AtomicU64,
}

impl Ears {
    /// Hands it to whoever listens. False if nobody does, or they have too many already.
    fn hand_over(&self, id: u32, arrival: Arrival) -> bool {
        let heard = self.lock().get(&id).is_some_and(|ear| ear.try_send(arrival).is_ok());
        if !heard && id == REQUESTS {
            self.missed.fetch_add(1, Ordering::Relaxed);
        }
        heard
    }

    fn listen(&self, id: u32, held: usize) -> mpsc::Receiver<Arrival> {
        let (ear, arrivals) = mpsc::channel(held);
        self.lock().insert(id, ear);
        arrivals
    }

    fn forget(&self, id: u32) {
        self.lock().remove(&id);
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<u32, mpsc::Sender<Arrival>>> {
        self.listening.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A handle on the connection; the connection ends with the last one.
#[derive(Clone)]
pub struct Link {
    commands: mpsc::Sender<Command>,
    ears: Arc<Ears>,
    next_id: Arc<AtomicU32>,
}

/// A link that was started.
pub struct Started {
    /// The handle.
    pub link: Link,
    /// Requests, as they come in.
    pub requests: mpsc::Receiver<Arrival>,
    /// Whether we are subscribed to them.
    pub subscribed: watch::Receiver<bool>,
    /// Ends once the last handle is gone and the broker was told goodbye.
    pub task: JoinHandle<()>,
}

/// A subscription; what it receives is its alone, even if another has the same filter.
pub struct Subscription {
    filter: String,
    id: u32,
    ears: Arc<Ears>,
    arrivals: mpsc::Receiver<Arrival>,
}

impl Subscription {
    /// The next message; pends for ever if none comes.
    pub async fn next(&mut self) -> Arrival {
        match self.arrivals.recv().await {
            Some(arrival) => arrival,
            None => std::future::pending().await,
        }
    }
}

impl Drop for Subscription {
    fn drop(&mut self) {
        self.ears.forget(self.id);
    }
}

impl Link {
    /// Connects, and again whenever the connection ends, until every `Link` is gone.
    pub fn start(endpoint: Endpoint) -> Started {
        let (commands, receiver) = mpsc::channel(4 * usize::from(AT_A_TIME));
        let (up, subscribed) = watch::channel(false);
        let ears = Arc::new(Ears::default());
        let requests = ears.listen(REQUESTS, WAITING);
        let task = tokio::spawn(upkeep::run(endpoint, receiver, ears.clone(), up));
        let link = Link { commands, ears, next_id: Arc::new(AtomicU32::new(FIRST_ID)) };
        Started { link, requests, subscribed, task }
    }

    /// Publishes with QoS 1; on return the broker has acknowledged it.
    pub async fn publish(&self, message: Message) -> Result<(), LinkError> {
        self.ask(|done| Command::Publish { message, done }).await
    }

    /// Subscribes with QoS 0; what is retained comes at once.
    pub async fn subscribe(&self, filter: String) -> Result<Subscription, LinkError> {
        let id = self.fresh_id();
        let arrivals = self.ears.listen(id, HELD);
        let subscription =
            Subscription { filter: filter.clone(), id, ears: self.ears.clone(), arrivals };
        self.ask(|done| Command::Subscribe { filter, id, done }).await?;
        Ok(subscription)
    }

    /// Ends a subscription. Another one to the same filter has to wait until this has returned.
    pub async fn unsubscribe(&self, subscription: Subscription) -> Result<(), LinkError> {
        let filter = subscription.filter.clone();
        self.ask(|done| Command::Unsubscribe { filter, done }).await
    }

    /// Publishes to itself with QoS 0 and waits for it to come back: what the broker had for us before, it
    /// has sent before.
    pub async fn fence(&self) -> Result<(), LinkError> {
        self.ask(|done| Command::Fence { done }).await
    }

    /// Acknowledges a message: the broker may send another one.
    pub async fn acknowledge(&self, arrival: Arrival) {
        if let Some(acknowledgement) = arrival.acknowledgement {
            // Without a connection there is nobody to acknowledge it to.
            let _ = self.commands.send(Command::Acknowledge(acknowledgement)).await;
        }
    }

    /// How many requests were dropped since the last call, because too many were waiting.
    pub fn take_missed(&self) -> u64 {
        self.ears.missed.swap(0, Ordering::Relaxed)
    }

    async fn ask(&self, command: impl FnOnce(Done) -> Command) -> Result<(), LinkError> {
        let (done, answer) = oneshot::channel();
        self.commands.send(command(done)).await.map_err(|_| LinkError::Down)?;
        answer.await.unwrap_or(Err(LinkError::Down))
    }

    fn fresh_id(&self) -> u32 {
        let next = |id: u32| Some(if id >= LAST_ID { FIRST_ID } else { id + 1 });
        // The closure never says None, so both arms are the id before.
        match self.next_id.fetch_update(Ordering::Relaxed, Ordering::Relaxed, next) {
            Ok(id) | Err(id) => id,
        }
    }
}
