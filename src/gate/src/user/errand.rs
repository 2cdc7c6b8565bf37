// SPDX-License-Identifier: Apache-2.0
//! The one transmission after off: the erase that the owner asked for, inside `withdraw`, for two seconds at most
//! (P2, P3). Its uplink is given the signed erase and nothing else, and is gone before `withdraw` returns.

use std::sync::mpsc;
use std::sync::Arc;
use std::time::{Duration, Instant};

use cloudmessaging_seal::{SealError, SealedEnvelope};
use cloudmessaging_wire::proto::ledger::{erasure::Stage, Erasure, Purpose};
use cloudmessaging_wire::proto::registrar::reply;
use cloudmessaging_wire::proto::uplink::{from_uplink, Connect};
use cloudmessaging_wire::step;

use super::User;
use crate::courier::request::{self, Asked};
use crate::gate::{Closed, Errand, Publication, Refusal, Terms, Topic};
use crate::identity::{client_id, Keys, SimKeys};
use crate::ledger::Event;
use crate::seal;
use crate::work::Started;

/// How long the erase may take.
const LIMIT: Duration = Duration::from_secs(2);
const CONNECTION: u32 = 1;
const KEEP_ALIVE_S: u32 = 30;
const EXPIRY_S: u32 = 60;
/// One answer for each SIM; none is acknowledged.
const RECEIVE_MAXIMUM: u32 = 8;

#[derive(Debug, thiserror::Error)]
enum Failed {
    #[error("refused: {0:?}")]
    Refused(Refusal),
    #[error(transparent)]
    Seal(#[from] SealError),
    #[error("the connection ended, or the answer was another one")]
    Unanswered,
}

impl From<Refusal> for Failed {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl User {
    /// Asks the registrar to erase what was registered under terms that are no longer in force. The keys are
    /// destroyed with this. Whether it was confirmed.
    pub(super) fn erase(self: &Arc<Self>, terms: Terms, keys: Arc<Keys>) -> bool {
        let (done, result) = mpsc::channel();
        let user = self.clone();
        // On a thread of its own, since the ledger's disk can hang: then the errand is given up, and what it
        // might still hand over goes to a process that is gone.
        let errand = move || {
            let erased = user.run_errand(terms, &keys);
            drop(keys);
            let _ = done.send(erased);
        };
        let started = std::thread::Builder::new().name("erase".into()).spawn(errand);
        let erased = match started {
            Ok(_) => result.recv_timeout(LIMIT).unwrap_or(false),
            Err(_) => false,
        };
        // Whether or not the errand came to its end: no process is left.
        self.gate.close(Closed::Off);
        let stage = if erased { Stage::Confirmed } else { Stage::Failed };
        self.book.note(Event::Erasure(Erasure { stage: stage as i32 }));
        erased
    }

    fn run_errand(&self, terms: Terms, keys: &Keys) -> bool {
        let asked = Event::Erasure(Erasure { stage: Stage::Asked as i32 });
        if self.book.append(asked).is_err() {
            return false;
        }
        step!("gate.erase.written_down");
        let start = |network: &_| self.module.start_uplink(network).map_err(Failed::from);
        let result = self.gate.errand(terms, start, |errand| {
            let client_id = client_id()?;
            let deadline = Instant::now() + LIMIT;
            connect(&errand, &client_id, self)?;
            wait(errand.uplink, deadline, |frame| match frame {
                from_uplink::Frame::Connected(_) => Some(()),
                _ => None,
            })?;
            for (n, (sim, keys)) in (0..).zip(&keys.sims) {
                self.erase_one(&errand, (*sim, keys), &client_id, n, deadline)?;
            }
            Ok::<_, Failed>(())
        });
        match result {
            Ok(()) => true,
            Err(e) => {
                log::warn!("the erase is not confirmed: {e}");
                false
            }
        }
    }

    fn erase_one(
        &self,
        errand: &Errand<'_, Started>,
        (sim, keys): (i32, &SimKeys),
        client_id: &str,
        n: u32,
        deadline: Instant,
    ) -> Result<(), Failed> {
        let Some(certificate) = &keys.certificate else { return Ok(()) };
        let registrar = self.module.registrar_key();
        let (asked, head) = Asked::new(client_id, n, self.module.clock.wall_ms())?;
        let registrar_id = registrar.id.to_be_bytes();
        errand.permit(Purpose::Erase, sim, |mut permit| {
            let payload = request::erase(permit.disclosure(), head, &certificate.bytes)?;
            let sealed = seal::to_registrar(payload, &registrar, &keys.identity)?;
            let to = Publication {
                connection: CONNECTION,
                token: u64::from(n) + 1,
                topic: Topic::Registrar(&registrar_id),
                expiry_s: EXPIRY_S,
                message_id: None,
                checkpoint: None,
            };
            Ok::<_, Failed>(permit.transmit(sealed, to, &self.book)?)
        })?;
        let answer = wait(errand.uplink, deadline, |frame| {
            let from_uplink::Frame::Received(received) = frame else { return None };
            let envelope = SealedEnvelope::parse(&received.payload).ok()?;
            asked.open(&envelope).ok()
        })?;
        step!("gate.erase.answered");
        match answer {
            reply::Kind::Erased(_) => Ok(()),
            _ => Err(Failed::Unanswered),
        }
    }
}

fn connect(errand: &Errand<'_, Started>, client_id: &str, user: &User) -> Result<(), Failed> {
    let connect = Connect {
        connection: CONNECTION,
        client_id: client_id.to_owned(),
        clean_start: true,
        keep_alive_s: KEEP_ALIVE_S,
        receive_maximum: RECEIVE_MAXIMUM,
        ..Connect::default()
    };
    let sim = errand.sim().ok_or(Refusal::SimChanged)?;
    errand.permit(Purpose::Connect, sim, |permit| {
        Ok::<_, Failed>(permit.connect(connect, None, &user.book)?)
    })
}

/// Reads frames until one is what is waited for.
fn wait<T>(
    uplink: &Started,
    deadline: Instant,
    mut wanted: impl FnMut(from_uplink::Frame) -> Option<T>,
) -> Result<T, Failed> {
    let mut buffer = Vec::new();
    while Instant::now() < deadline {
        match uplink.read(&mut buffer) {
            Ok(from_uplink::Frame::Closed(_)) | Err(_) => return Err(Failed::Unanswered),
            Ok(frame) => {
                if let Some(found) = wanted(frame) {
                    return Ok(found);
                }
            }
        }
    }
    Err(Failed::Unanswered)
}
