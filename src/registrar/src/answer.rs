// SPDX-License-Identifier: Apache-2.0
//! What is done about a believed request, and what is answered. The only state is the bundle retained
//! under the routing id; nothing is written before everything about a request has been checked.

use std::future::Future;
use std::time::{Duration, Instant};

use cloudmessaging_seal::{
    issue_bundle, issue_sender_certificate, verify_bundle, CertificateError, CertifiedIdentity,
    ReaderKeys, RoutingId,
};
use cloudmessaging_wire::proto::registrar::refused::Reason;
use cloudmessaging_wire::proto::registrar::reply::Kind;
use cloudmessaging_wire::proto::registrar::{Erased, Found, NotRegistered, Refused, Registered};
use tokio::sync::{Mutex, MutexGuard};

use crate::check::{Check, Verdict};
use crate::keys::Keys;
use crate::limit::{Deed, Limits};
use crate::request::{Asked, Register, SignedPrekeys};

/// The broker did not do what it was asked, or not in time. Nothing is known then: in particular not that
/// there is no bundle.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the broker did not answer")]
pub struct Unavailable;

/// Where bundles are retained. Of calls about one routing id the caller makes one at a time.
pub trait Bundles: Send + Sync {
    /// The bundle of a routing id; `None` only if the broker said that there is none.
    fn read(
        &self,
        routing_id: &RoutingId,
    ) -> impl Future<Output = Result<Option<Vec<u8>>, Unavailable>> + Send;

    /// Retains a bundle for so long; on return the broker has it.
    fn keep(
        &self,
        routing_id: &RoutingId,
        bundle: Vec<u8>,
        time: Duration,
    ) -> impl Future<Output = Result<(), Unavailable>> + Send;

    /// Removes a bundle; on return the broker has removed it.
    fn erase(&self, routing_id: &RoutingId)
        -> impl Future<Output = Result<(), Unavailable>> + Send;
}

/// Everything an answer needs.
pub struct Desk<B> {
    keys: Keys,
    bundles: B,
    limits: Limits,
    check: Check,
    lease: Duration,
    // By the first byte of the routing id, an HMAC: enough of them that two seldom meet.
    turns: [Mutex<()>; 256],
}

impl<B: Bundles> Desk<B> {
    /// A desk whose registrations live for `lease`.
    pub fn new(keys: Keys, bundles: B, limits: Limits, check: Check, lease: Duration) -> Desk<B> {
        let turns = std::array::from_fn(|_| Mutex::new(()));
        Desk { keys, bundles, limits, check, lease, turns }
    }

    /// The keys that requests are sealed to.
    pub fn keys(&self) -> &Keys {
        &self.keys
    }

    /// Does what is asked for, or refuses; at this time in ms since the Unix epoch.
    pub async fn answer(&self, asked: Result<Asked, Reason>, now_ms: i64) -> Kind {
        let done = match asked {
            // Counted first, so that a flood is refused before it costs the broker anything.
            _ if !self.limits.admit(Instant::now()) => Err(Reason::TooOften),
            Ok(asked) => self.act(asked, now_ms).await,
            Err(reason) => Err(reason),
        };
        done.unwrap_or_else(|reason| Kind::Refused(Refused { reason: reason.into() }))
    }

    async fn act(&self, asked: Asked, now_ms: i64) -> Result<Kind, Reason> {
        let (deed, number) = match &asked {
            Asked::Register(register) => (Deed::Change, &register.number),
            Asked::Renew(identity, _) | Asked::Erase(identity) => (Deed::Change, &identity.number),
            Asked::LookUp { asker, .. } => (Deed::LookUp, &asker.number),
        };
        if !self.limits.charge(deed, number, Instant::now()) {
            return Err(Reason::TooOften);
        }
        match asked {
            Asked::Register(register) => self.register(register, now_ms).await,
            Asked::Renew(identity, prekeys) => self.renew(identity, prekeys, now_ms).await,
            Asked::LookUp { number, .. } => {
                self.look_up(&self.keys.routing().routing_id(&number), now_ms).await
            }
            Asked::Erase(identity) => self.erase(&identity, now_ms).await,
        }
    }

    /// A registration replaces whatever is there: for now the owner is taken at their word.
    async fn register(&self, register: Register, now_ms: i64) -> Result<Kind, Reason> {
        match self.check.ask(&register.number, &register.identities).await {
            Verdict::Accepted => {}
            Verdict::Refused => return Err(Reason::Identity),
            Verdict::Unavailable => return Err(Reason::Unavailable),
        }
        let routing_id = self.keys.routing().routing_id(&register.number);
        let _turn = self.turn(&routing_id).await;
        let retained = self.replaceable(&routing_id, now_ms).await?;
        let identity = CertifiedIdentity {
            number: register.number,
            routing_id,
            identity_key: register.identity_key,
            serial: serial(&retained, now_ms),
            not_after_ms: self.lease_end(now_ms),
        };
        self.issue(&identity, register.prekeys).await
    }

    async fn renew(
        &self,
        mut identity: CertifiedIdentity,
        prekeys: SignedPrekeys,
        now_ms: i64,
    ) -> Result<Kind, Reason> {
        let _turn = self.turn(&identity.routing_id).await;
        let retained = self.replaceable(&identity.routing_id, now_ms).await?;
        if !retained.is_of(&identity) {
            return Err(Reason::Identity);
        }
        identity.serial = serial(&retained, now_ms).max(identity.serial.saturating_add(1));
        identity.not_after_ms = self.lease_end(now_ms);
        self.issue(&identity, prekeys).await
    }

    async fn look_up(&self, routing_id: &RoutingId, now_ms: i64) -> Result<Kind, Reason> {
        let _turn = self.turn(routing_id).await;
        match self.read(routing_id, now_ms).await? {
            Retained::Valid { bundle, .. } => {
                Ok(Kind::Found(Found { routing_id: routing_id.to_vec(), bundle }))
            }
            Retained::Nothing => Ok(Kind::NotRegistered(NotRegistered {})),
            // Somebody is registered, or the broker has made this up: not ours to say which.
            Retained::Newer | Retained::Foreign => Err(Reason::Unavailable),
        }
    }

    async fn erase(&self, identity: &CertifiedIdentity, now_ms: i64) -> Result<Kind, Reason> {
        let _turn = self.turn(&identity.routing_id).await;
        // Read first: what somebody else has registered meanwhile is not this owner's to erase.
        let retained = self.read(&identity.routing_id, now_ms).await?;
        if !retained.is_of(identity) {
            return Err(Reason::Identity);
        }
        self.bundles.erase(&identity.routing_id).await.map_err(unavailable)?;
        Ok(Kind::Erased(Erased {}))
    }

    async fn issue(
        &self,
        identity: &CertifiedIdentity,
        prekeys: SignedPrekeys,
    ) -> Result<Kind, Reason> {
        let (key_id, signing) = self.keys.signing();
        let bundle =
            issue_bundle(signing, key_id, &identity.into(), &prekeys.bytes, &prekeys.signature);
        self.bundles.keep(&identity.routing_id, bundle, self.lease).await.map_err(unavailable)?;
        let sender_certificate = issue_sender_certificate(signing, key_id, identity);
        Ok(Kind::Registered(Registered { sender_certificate, tls_certificate: Vec::new() }))
    }

    async fn read(&self, routing_id: &RoutingId, now_ms: i64) -> Result<Retained, Reason> {
        let Some(bundle) = self.bundles.read(routing_id).await.map_err(unavailable)? else {
            return Ok(Retained::Nothing);
        };
        match verify_bundle(&bundle, &self.keys.verifying(), routing_id, now_ms) {
            Ok(keys) => Ok(Retained::Valid { bundle, keys }),
            // Its lease has lapsed; the broker is late to drop it.
            Err(CertificateError::Expired) => Ok(Retained::Nothing),
            Err(CertificateError::Future(_)) => Ok(Retained::Newer),
            Err(why) => {
                log::warn!("a retained bundle is not to be believed: {why}");
                Ok(Retained::Foreign)
            }
        }
    }

    /// What is retained, unless it must not be replaced.
    async fn replaceable(&self, routing_id: &RoutingId, now_ms: i64) -> Result<Retained, Reason> {
        match self.read(routing_id, now_ms).await? {
            Retained::Newer => Err(Reason::Unavailable),
            retained => Ok(retained),
        }
    }

    async fn turn(&self, routing_id: &RoutingId) -> MutexGuard<'_, ()> {
        self.turns[usize::from(routing_id[0])].lock().await
    }

    fn lease_end(&self, now_ms: i64) -> i64 {
        now_ms.saturating_add(self.lease.as_millis() as i64)
    }
}

/// What is retained under a routing id.
enum Retained {
    Nothing,
    Valid {
        bundle: Vec<u8>,
        keys: ReaderKeys,
    },
    /// Ours, of a version that this build does not know: left as it is until its owner erases it.
    Newer,
    /// Not a bundle of ours.
    Foreign,
}

impl Retained {
    /// Whether it leaves this identity in its rights: it names the same key, or none at all.
    fn is_of(&self, identity: &CertifiedIdentity) -> bool {
        match self {
            Retained::Valid { keys, .. } => keys.identity_key == identity.identity_key,
            Retained::Nothing | Retained::Newer | Retained::Foreign => true,
        }
    }
}

/// Rises with each bundle, and after an erasure too: then there is nothing retained to rise from, but time
/// has passed.
fn serial(retained: &Retained, now_ms: i64) -> u64 {
    let now = u64::try_from(now_ms).unwrap_or(0);
    match retained {
        Retained::Valid { keys, .. } => now.max(keys.serial.saturating_add(1)),
        Retained::Nothing | Retained::Newer | Retained::Foreign => now,
    }
}

fn unavailable(_: Unavailable) -> Reason {
    Reason::Unavailable
}
