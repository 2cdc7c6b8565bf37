// SPDX-License-Identifier: Apache-2.0
//! What is done about a believed request, and what is answered. The only state is the bundle retained
//! under the routing id; nothing is written before everything about a request has been checked.
//!
//! Only who holds a valid sender certificate is told whether a number is registered: to all others every
//! answer is the same, and as long, either way. That goes for who asks to register a number, too: until the
//! code is right the bundle is not even read.

use std::future::Future;
use std::time::{Duration, Instant};

use cloudmessaging_seal::{
    issue_bundle, issue_sender_certificate, verify_bundle, CertificateError, CertifiedIdentity,
    Number, ReaderKeys, RoutingId,
};
use cloudmessaging_wire::proto::registrar::refused::Reason;
use cloudmessaging_wire::proto::registrar::reply::Kind;
use cloudmessaging_wire::proto::registrar::{
    CodeSent, Erased, Found, NotRegistered, Refused, Registered,
};
use cloudmessaging_wire::step;
use tokio::sync::{Mutex, MutexGuard};

use crate::check::{Check, Verdict};
use crate::code::{self, CodeKey};
use crate::keys::Keys;
use crate::limit::{Deed, Limits};
use crate::moved::{self, Untold};
use crate::phone_ca::{PhoneCa, TlsKey};
use crate::request::{Asked, Register, SignedPrekeys};
use crate::sms::{self, Texts};

/// The broker did not do what it was asked, or not in time. Nothing is known then: in particular not that
/// there is no bundle.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the broker did not answer")]
pub struct Unavailable;

/// Where bundles are retained, and the inboxes beside them. Of calls about one routing id the caller makes one at a time.
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

    /// Puts an envelope into the inbox of a routing id, for so long; on return the broker has it.
    fn deliver(
        &self,
        routing_id: &RoutingId,
        envelope: Vec<u8>,
        time: Duration,
    ) -> impl Future<Output = Result<(), Unavailable>> + Send;
}

/// What a desk is made of.
pub struct Means<B, T> {
    /// The keys that requests are sealed to.
    pub keys: Keys,
    /// Certifies phones' inbox connections.
    pub phone_ca: PhoneCa,
    /// All the state there is.
    pub bundles: B,
    /// Sends codes.
    pub texts: T,
    /// How often is too often.
    pub limits: Limits,
    /// Decides on an IMSI or IMEI.
    pub check: Check,
    /// How long a registration lives.
    pub lease: Duration,
}

/// Everything an answer needs.
pub struct Desk<B, T> {
    means: Means<B, T>,
    codes: CodeKey,
    untold: Untold,
    // By the first byte of the routing id, an HMAC: enough of them that two seldom meet.
    turns: [Mutex<()>; 256],
}

impl<B: Bundles, T: Texts> Desk<B, T> {
    /// A desk with these means.
    pub fn new(means: Means<B, T>) -> Desk<B, T> {
        let codes = CodeKey::derive(means.keys.routing());
        let untold = Untold::default();
        Desk { means, codes, untold, turns: std::array::from_fn(|_| Mutex::new(())) }
    }

    /// The keys that requests are sealed to.
    pub fn keys(&self) -> &Keys {
        &self.means.keys
    }

    /// Does what is asked for, or refuses; at this time in ms since the Unix epoch.
    pub async fn answer(&self, asked: Result<Asked, Reason>, now_ms: i64) -> Kind {
        let done = match asked {
            // Counted first, so that a flood is refused before it costs the broker anything.
            _ if !self.means.limits.admit(Instant::now()) => Err(Reason::TooOften),
            Ok(asked) => self.act(asked, now_ms).await,
            Err(reason) => Err(reason),
        };
        done.unwrap_or_else(|reason| Kind::Refused(Refused { reason: reason.into() }))
    }

    async fn act(&self, asked: Asked, now_ms: i64) -> Result<Kind, Reason> {
        match asked {
            Asked::Register(register) if register.code.is_empty() => {
                self.send_code(&register, now_ms).await
            }
            Asked::Register(register) => self.register(register, now_ms).await,
            Asked::Renew { identity, prekeys, tls_key } => {
                self.charge(Deed::Change, &identity.number)?;
                self.renew(identity, prekeys, tls_key, now_ms).await
            }
            Asked::LookUp { asker, number } => {
                self.charge(Deed::LookUp, &asker.number)?;
                self.look_up(&self.keys().routing().routing_id(&number), now_ms).await
            }
            Asked::Erase(identity) => {
                self.charge(Deed::Change, &identity.number)?;
                self.erase(&identity, now_ms).await
            }
        }
    }

    fn charge(&self, deed: Deed, number: &Number) -> Result<(), Reason> {
        match self.means.limits.charge(deed, number, Instant::now()) {
            true => Ok(()),
            false => Err(Reason::TooOften),
        }
    }

    async fn send_code(&self, register: &Register, now_ms: i64) -> Result<Kind, Reason> {
        self.charge(Deed::Sms, &register.number)?;
        let code = self.codes.code(&register.number, &register.identity_key, now_ms);
        let sent = self.means.texts.send(&register.number, &sms::text(&code)).await;
        sent.map_err(|_| Reason::Unavailable)?;
        step!("registrar.sms.sent");
        Ok(Kind::CodeSent(CodeSent { valid_until_ms: code::valid_until_ms(now_ms) }))
    }

    /// A registration with a right code replaces whatever is there: the number moves to who has its SMS.
    async fn register(&self, register: Register, now_ms: i64) -> Result<Kind, Reason> {
        self.charge(Deed::Try, &register.number)?;
        let Register { number, identity_key, code, .. } = &register;
        if !self.codes.accepts(number, identity_key, code, now_ms) {
            return Err(Reason::WrongCode);
        }
        // Only now: a stranger must not use up what the owner's renewals need.
        self.charge(Deed::Change, &register.number)?;
        match self.means.check.ask(&register.number, &register.identities).await {
            Verdict::Accepted => {}
            Verdict::Refused => return Err(Reason::Identity),
            Verdict::Unavailable => return Err(Reason::Unavailable),
        }
        let routing_id = self.keys().routing().routing_id(&register.number);
        let _turn = self.turn(&routing_id).await;
        let retained = self.replaceable(&routing_id, now_ms).await?;
        let identity = CertifiedIdentity {
            number: register.number,
            routing_id,
            identity_key: register.identity_key,
            serial: serial(&retained, now_ms),
            not_after_ms: self.lease_end(now_ms),
        };
        let issued = self.issue(&identity, register.prekeys, register.tls_key, now_ms).await?;
        // Told only once it is so: a phone that heard it gives up, and would be missed if it were not.
        if let Retained::Valid { keys: before, .. } = &retained {
            if before.identity_key != identity.identity_key {
                self.tell_moved(before, &identity, now_ms).await;
            }
        }
        Ok(issued)
    }

    /// Tells the phone that had the number, later if that fails; the registration stands.
    async fn tell_moved(&self, before: &ReaderKeys, now: &CertifiedIdentity, now_ms: i64) {
        let Some(notice) = moved::notice(before, now, self.keys().signing(), now_ms) else {
            log::info!("a number moved, and its phone of before has no prekey left to be told by");
            return;
        };
        if notice.tell(&self.means.bundles, now_ms).await.is_err() {
            let when = if self.untold.keep(notice) { "yet" } else { "and will not be" };
            log::warn!("a number moved, and its phone of before could not be told {when}");
        }
        step!("registrar.moved.told");
    }

    /// Tries to tell those who lost a number and could not be told when they did. Whether none is left.
    pub async fn tell_untold(&self, now_ms: i64) -> bool {
        self.untold.tell(&self.means.bundles, now_ms).await
    }

    async fn renew(
        &self,
        mut identity: CertifiedIdentity,
        prekeys: SignedPrekeys,
        tls_key: TlsKey,
        now_ms: i64,
    ) -> Result<Kind, Reason> {
        let _turn = self.turn(&identity.routing_id).await;
        let retained = self.replaceable(&identity.routing_id, now_ms).await?;
        if !retained.is_of(&identity) {
            return Err(Reason::Identity);
        }
        identity.serial = serial(&retained, now_ms).max(identity.serial.saturating_add(1));
        identity.not_after_ms = self.lease_end(now_ms);
        self.issue(&identity, prekeys, tls_key, now_ms).await
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
        self.means.bundles.erase(&identity.routing_id).await.map_err(unavailable)?;
        step!("registrar.bundle.erased");
        Ok(Kind::Erased(Erased {}))
    }

    async fn issue(
        &self,
        identity: &CertifiedIdentity,
        prekeys: SignedPrekeys,
        tls_key: TlsKey,
        now_ms: i64,
    ) -> Result<Kind, Reason> {
        let (key_id, signing) = self.keys().signing();
        // Before anything is written: what was kept has to be answered with all that belongs to it.
        let tls_certificate = self.certify(&tls_key, identity, now_ms)?;
        let bundle =
            issue_bundle(signing, key_id, &identity.into(), &prekeys.bytes, &prekeys.signature);
        let kept = self.means.bundles.keep(&identity.routing_id, bundle, self.means.lease);
        kept.await.map_err(unavailable)?;
        step!("registrar.bundle.kept");
        let sender_certificate = issue_sender_certificate(signing, key_id, identity);
        Ok(Kind::Registered(Registered { sender_certificate, tls_certificate }))
    }

    fn certify(
        &self,
        key: &TlsKey,
        identity: &CertifiedIdentity,
        now_ms: i64,
    ) -> Result<Vec<u8>, Reason> {
        let (routing_id, until) = (&identity.routing_id, identity.not_after_ms);
        self.means.phone_ca.certify(key, routing_id, now_ms, until).ok_or_else(|| {
            log::error!("cannot certify a phone's TLS key");
            Reason::Unavailable
        })
    }

    async fn read(&self, routing_id: &RoutingId, now_ms: i64) -> Result<Retained, Reason> {
        let bundle = self.means.bundles.read(routing_id).await.map_err(unavailable)?;
        step!("registrar.bundle.read");
        let Some(bundle) = bundle else { return Ok(Retained::Nothing) };
        match verify_bundle(&bundle, &self.keys().verifying(), routing_id, now_ms) {
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
        now_ms.saturating_add(self.means.lease.as_millis() as i64)
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
