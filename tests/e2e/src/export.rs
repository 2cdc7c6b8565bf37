// SPDX-License-Identifier: Apache-2.0
//! P5, its second half: a ledger that was taken away is checked where no service runs, and what left the phone before
//! finds out whoever rewrites it, the holder of its key included.
use crate::{bed, deliver, entries, refused, two_phones, Broker, Claim, SOON};
use cloudmessaging_ledger::checkpoint::{Checkpoint, SignError, Signer};
use cloudmessaging_ledger::export::Head;
use cloudmessaging_ledger::leaf::{encode, encode_erased, LeafRef, Leaves};
use cloudmessaging_ledger::tree::Frontier;
use cloudmessaging_testbed::{Answer, Error, Phone, Result};
use ring::signature::{Ed25519KeyPair, KeyPair as _};
use serde_json::{json, Value};
use std::fs;
use std::path::{Path, PathBuf};

/// A file beside the phone's data.
fn beside(phone: &Phone, name: &str) -> PathBuf {
    phone.run().with_file_name(name)
}

fn text(path: &Path) -> String {
    path.display().to_string()
}

fn write(path: &Path, content: impl AsRef<[u8]>) -> Result<String> {
    fs::write(path, content).map_err(Error::file("write", path))?;
    Ok(text(path))
}

/// Takes the ledger away. Returns where it is, and the phone's own key.
fn export(phone: &Phone, name: &str) -> Result<(String, String)> {
    let file = text(&beside(phone, name));
    phone.cmctl(&["ledger", "export", &file])?;
    let key = phone.cmctl(&["ledger", "checkpoint"])?["key"].clone();
    Ok((file, key.as_str().unwrap_or_default().to_owned()))
}

/// What a check says that asks no service.
fn says(phone: &Phone, arguments: &[&str], verdict: &str, code: i32) -> Result<Answer> {
    let answer = phone.ask_nobody(&[&["ledger"], arguments].concat())?;
    assert_eq!(answer.json["verdict"], verdict, "{arguments:?}: {}", answer.output);
    assert_eq!(answer.code, code, "{}", answer.output);
    Ok(answer)
}

/// An export taken apart.
#[derive(Clone)]
struct Parts {
    head: Vec<u8>,
    leaves: Vec<Vec<u8>>,
}

impl Parts {
    fn read(file: &str) -> Result<Self> {
        let bytes = fs::read(file).map_err(Error::file("read", Path::new(file)))?;
        let mut rest = &bytes[..];
        assert!(Head::read(&mut rest).is_ok(), "no export");
        let (head, rest) = bytes.split_at(bytes.len() - rest.len());
        let (mut reader, mut from, mut leaves) = (Leaves::new(rest), 0, Vec::new());
        while let Ok(Some(_)) = reader.read() {
            let end = reader.offset() as usize;
            leaves.push(rest[from..end].to_vec());
            from = end;
        }
        Ok(Self { head: head.to_vec(), leaves })
    }

    fn bytes(&self) -> Vec<u8> {
        [self.head.clone(), self.leaves.concat()].concat()
    }

    /// The leaf at a position without its length, whole.
    fn leaf(&self, at: usize) -> LeafRef<'_> {
        let body = &self.leaves[at][if self.leaves[at][0] < 0x80 { 1 } else { 2 }..];
        LeafRef::check(body).expect("as the phone wrote it")
    }

    /// The same entry, as if it had been written at another time: another leaf, which is right in itself.
    fn replaced(&self, at: usize) -> Self {
        let (_, entry) = self.leaf(at).content.expect("not erased");
        let mut replaced = self.clone();
        replaced.leaves[at] = encode(&[7; 16], entry.to_vec()).0;
        replaced
    }

    fn with(&self, change: impl FnOnce(&mut Vec<Vec<u8>>)) -> Self {
        let mut changed = self.clone();
        change(&mut changed.leaves);
        changed
    }

    /// Signed as the phone would, by who has its key.
    fn signed(mut self, key: &Stolen, origin: &str) -> Self {
        let mut tree = Frontier::default();
        (0..self.leaves.len()).for_each(|at| tree.push(*self.leaf(at).hash));
        let checkpoint = Checkpoint { origin: origin.into(), size: tree.size(), root: tree.root() };
        let note = checkpoint.sign(key).expect("a key in memory");
        let public = key.public_key().expect("in memory");
        let key = cloudmessaging_ledger::checkpoint::LedgerKey::new(origin, public);
        self.head = Head::encode(&key.expect("a name"), note);
        self
    }
}

/// A phone's key in the hands of somebody else.
struct Stolen(Ed25519KeyPair);

impl Stolen {
    fn from(phone: &Phone) -> Result<Self> {
        let file = phone.consent_file().with_file_name("ledger_key");
        let document = fs::read(&file).map_err(Error::file("read", &file))?;
        Ok(Self(Ed25519KeyPair::from_pkcs8(&document).expect("the phone's key")))
    }
}

impl Signer for Stolen {
    fn public_key(&self) -> std::result::Result<[u8; 32], SignError> {
        Ok(self.0.public_key().as_ref().try_into().expect("32 bytes"))
    }

    fn sign(&self, text: &[u8]) -> std::result::Result<[u8; 64], SignError> {
        Ok(self.0.sign(text).as_ref().try_into().expect("64 bytes"))
    }
}

/// P5: with the gate dead, an export is checked; and each thing that can be done to its file has its name.
pub fn whatever_is_done_to_an_export_is_named_where_no_service_runs(broker: Broker) -> Claim {
    let bed = bed(broker)?;
    let (mut anna, ben) = two_phones(&bed)?;
    deliver(&anna, &ben, "one")?;
    let shown = anna.ledger()?.len() as u64;
    let (file, key) = export(&anna, "ledger.export")?;
    let again = anna.ask(&["ledger", "export", &file])?;
    assert_eq!(again.code, 2, "it replaced a file unasked: {}", again.output);
    anna.cmctl(&["ledger", "export", &file, "--force"])?;
    let receipt = anna.cmctl(&["consent", "receipt"])?;
    anna.kill_gate();

    let good = says(&anna, &["verify", &file, "--key", &key], "ok", 0)?;
    assert!(good.json["size"].as_u64() >= Some(shown), "{}", good.output);
    let whole = Parts::read(&file)?;
    let (last, at) = (whole.leaves.len() - 1, whole.leaves.len() / 2);
    let flip = |leaves: &mut Vec<Vec<u8>>| {
        if let Some(byte) = leaves[at].last_mut() {
            *byte ^= 1;
        }
    };
    let copy = whole.leaves[at].clone();
    let half = [whole.bytes()[..whole.bytes().len() - 3].to_vec()].concat();
    let hash = *whole.leaf(at).hash;
    let tampered = [
        ("changed", whole.with(flip).bytes(), at),
        ("removed", whole.with(|leaves| drop(leaves.remove(at))).bytes(), at),
        ("added", whole.with(|leaves| leaves.insert(at, copy)).bytes(), at + 1),
        ("reordered", whole.with(|leaves| leaves.swap(at, at + 1)).bytes(), at),
        ("cut", half, last),
        ("erased", whole.with(|leaves| leaves[at] = encode_erased(&hash)).bytes(), at),
    ];
    for (name, bytes, position) in tampered {
        let file = write(&beside(&anna, name), bytes)?;
        let found = says(&anna, &["verify", &file, "--key", &key], name, 5)?;
        assert_eq!((&found.json["from"], &found.json["to"]), (&json!(position), &json!(position)));
    }
    let replaced = write(&beside(&anna, "replaced"), whole.replaced(at).bytes())?;
    says(&anna, &["verify", &replaced], "replaced", 5)?;

    // The receipt names the entry of its grant, and that is proven, with nothing but two files.
    let receipt = write(&beside(&anna, "receipt.json"), receipt.to_string())?;
    let proof = text(&beside(&anna, "grant.tlog-proof"));
    let prove = ["prove", &file, "--receipt", &receipt, "--out", &proof];
    let proven = says(&anna, &prove, "ok", 0)?;
    assert_eq!(proven.json["entry"]["event"], "grant");
    let checked = says(&anna, &["check", &proof, "--key", &key], "ok", 0)?;
    assert_eq!(checked.json["entry"], proven.json["entry"]);
    Ok(())
}

/// P5: who has the phone's key can sign another history; not one that a kept checkpoint, a proof or a recipient of a
/// message agrees with.
pub fn a_history_signed_anew_is_found_by_what_left_the_phone_before(broker: Broker) -> Claim {
    let bed = bed(broker)?;
    let (anna, ben) = two_phones(&bed)?;
    deliver(&anna, &ben, "one")?;
    let kept = text(&beside(&anna, "kept"));
    anna.cmctl(&["ledger", "checkpoint", "--out", &kept])?;
    let (earlier, key) = export(&anna, "earlier")?;
    deliver(&anna, &ben, "two")?;
    let later = text(&beside(&anna, "later-checkpoint"));
    anna.cmctl(&["ledger", "checkpoint", "--out", &later])?;
    let (file, _) = export(&anna, "ledger.export")?;
    let hash = ben.received("two", SOON)?["checkpointHash"].clone();
    let hash = hash.as_str().unwrap_or_default().to_owned();

    says(&anna, &["verify", &file, "--key", &key, "--older", &kept, "--older", &later], "ok", 0)?;
    says(&anna, &["verify", &earlier, "--key", &key, "--older", &later], "rolled-back", 5)?;
    let opened = says(&anna, &["compare", &file, "--key", &key, "--hash", &hash], "opened", 0)?;
    assert_eq!(opened.json["entry"]["event"], "intent", "{}", opened.output);

    let honest = Parts::read(&file)?;
    let forged = honest.replaced(1).signed(&Stolen::from(&anna)?, "cloudmessaging.example/ledger");
    let forged = write(&beside(&anna, "forged"), forged.bytes())?;
    says(&anna, &["verify", &forged, "--key", &key], "ok", 0)?;
    says(&anna, &["verify", &forged, "--key", &key, "--older", &kept], "rewritten", 5)?;
    says(&anna, &["compare", &forged, "--key", &key, "--hash", &hash], "not-opened", 5)?;
    Ok(())
}

/// P5 and P1: the owner may erase what it says; hashes, checkpoints and consent stay.
pub fn an_erased_history_still_verifies_and_consent_is_as_it_was(broker: Broker) -> Claim {
    let bed = bed(broker)?;
    let (anna, ben) = two_phones(&bed)?;
    deliver(&anna, &ben, "one")?;
    let totals = anna.cmctl(&["ledger", "totals"])?;
    let bytes = |list: &Value| -> i64 {
        list.as_array().into_iter().flatten().filter_map(|of| of["bytes"].as_i64()).sum()
    };
    let intents = json!(entries(&anna, "intent")?);
    assert!(bytes(&intents) > 0 && bytes(&totals["days"]) >= bytes(&intents), "{totals}");
    let only =
        anna.cmctl(&["ledger", "show", "--event", "intent", "--class", "message-content"])?;
    assert_eq!(only["entries"].as_array().map(Vec::len), Some(1), "{only}");

    let kept = text(&beside(&anna, "kept"));
    anna.cmctl(&["ledger", "checkpoint", "--out", &kept])?;
    let unasked = anna.ask_typing(&["ledger", "erase"], "yes\n")?;
    assert_eq!(unasked.code, 2, "a pipe is not the owner: {}", unasked.output);
    let before = anna.cmctl(&["consent", "show"])?;
    anna.cmctl(&["ledger", "erase", "--yes"])?;
    let after = anna.cmctl(&["consent", "show"])?;
    assert_eq!(before["grantedAtMillis"], after["grantedAtMillis"]);
    assert_eq!(after["on"], true, "{after}");
    assert_eq!(entries(&anna, "history_erased")?.len(), 1);
    assert!(entries(&anna, "grant")?.is_empty(), "its content is gone");

    let (file, key) = export(&anna, "ledger.export")?;
    let good = says(&anna, &["verify", &file, "--key", &key, "--older", &kept], "ok", 0)?;
    assert!(good.json["erased"].as_u64() > Some(0), "{}", good.output);
    let gone = anna.ask_nobody(&["ledger", "prove", &file, "--position", "1"])?;
    assert_eq!(
        (gone.code, gone.json["error"]["code"].as_str()),
        (1, Some("OTHER")),
        "{}",
        gone.output
    );
    deliver(&anna, &ben, "two")?;
    anna.cmctl(&["consent", "withdraw"])?;
    refused(&anna, ben.number(), "OFF")
}
