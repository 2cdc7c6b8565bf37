// SPDX-License-Identifier: Apache-2.0
//! What came of a check, for people: the verdict first, then what was found, what that means, and what it does not.
//! And what each kind of tampering means.
use super::file::unread;
use crate::answer::{Answer, Exit, Failure};
use crate::output::{printable, wrapped, Table};
use cloudmessaging_ledger::checkpoint::{CheckpointError, LedgerKey};
use cloudmessaging_ledger::export::ExportError;
use cloudmessaging_ledger::tampered::Tampered;
use serde_json::{json, Map, Value};
use std::path::Path;

/// What came of a check.
pub struct Verdict {
    /// One word for programs.
    pub name: &'static str,
    /// One or two words for people, in capitals.
    pub headline: &'static str,
    /// What was found, in one sentence without a full stop.
    pub found: String,
    /// Names and values.
    pub facts: Vec<(&'static str, String)>,
    /// What it means.
    pub means: String,
    /// What it does not mean.
    pub not: String,
    /// For programs, beside what all verdicts have.
    pub json: Value,
    /// What the exit code says.
    pub exit: Exit,
}

impl Verdict {
    /// Both ways to say it.
    pub fn answer(self) -> Answer {
        let text = self.text();
        let Value::Object(more) = self.json else {
            return Answer::ended(self.json, text, self.exit);
        };
        let mut json = Map::new();
        json.insert("verdict".into(), json!(self.name));
        json.insert("good".into(), json!(self.exit == Exit::Done));
        json.insert("found".into(), json!(self.found));
        json.extend(more);
        json.insert("means".into(), json!(self.means));
        json.insert("meansNot".into(), json!(self.not));
        Answer::ended(Value::Object(json), text, self.exit)
    }

    /// For people.
    pub fn text(&self) -> String {
        let mut text = wrapped(&format!("{}: {}.", self.headline, printable(&self.found)));
        let facts = self.facts.iter().map(|(name, value)| (*name, printable(value)));
        if !self.facts.is_empty() {
            text.push_str(&format!("\n\n{}", Table::pairs(facts).text()));
        }
        for (head, says) in [("What it means", &self.means), ("What it does not mean", &self.not)] {
            if !says.is_empty() {
                text.push_str(&format!("\n\n{}", wrapped(&format!("{head}: {says}"))));
            }
        }
        text
    }
}

/// What is said of the key that something was checked with.
pub fn key_facts(key: &LedgerKey, given: bool) -> (&'static str, String) {
    let whose = if given { "" } else { "  (the export's own)" };
    ("Key", format!("{key}{whose}"))
}

/// What a check with the export's own key does not say.
pub const OWN_KEY: &str =
    "The key came with the export, and any ledger can bring a key: only --key, with the key \
    that the phone itself shows (cmctl ledger checkpoint), shows that it is the owner's.";

/// Of an export that does not pass. That a file cannot be read, or by this version, is no verdict on it.
pub fn tampered(found: &Tampered, export: &Path) -> Result<Answer, Failure> {
    let (headline, means, not) = match found {
        Tampered::Export(ExportError::Io(error)) => return Err(unread(export, error)),
        Tampered::Export(ExportError::Version(_)) => return Err(unread(export, found)),
        _ => meaning(found),
    };
    let mut facts = vec![("Found", found.name().to_owned())];
    let mut json = json!({"from": null, "to": null});
    if let Some(at) = found.at() {
        let (from, to) = (*at.start(), *at.end());
        facts.push((
            "Position",
            if from == to { from.to_string() } else { format!("{from} to {to}") },
        ));
        json = json!({"from": from, "to": to});
    }
    facts.push(("Export", export.display().to_string()));
    let verdict = Verdict {
        name: found.name(),
        headline,
        found: found.to_string(),
        facts,
        means: means.into(),
        not: not.into(),
        json,
        exit: Exit::Tampered,
    };
    Ok(verdict.answer())
}

const DAMAGE: &str =
    "A bad disk or a copy that broke off looks the same: it does not show who did it, or that \
    somebody did. Nothing that the entries say is to be believed.";

/// Headline, what it means and what it does not.
fn meaning(found: &Tampered) -> (&'static str, &'static str, &'static str) {
    const TAMPERED: &str = "TAMPERED";
    match found {
        Tampered::Export(ExportError::Checkpoint(CheckpointError::Unsigned(_))) => (
            TAMPERED,
            "The key that it names did not sign the checkpoint that it brings: one of them was changed, or somebody \
             without the key made it.",
            "It does not show whether an entry was changed: none was looked at.",
        ),
        Tampered::Export(ExportError::Checkpoint(_)) => (
            TAMPERED,
            "It begins as an export, but its checkpoint or its key is broken: somebody changed it, or it is damaged.",
            "It does not show whether an entry was changed: none was looked at.",
        ),
        Tampered::Export(_) => (
            "NO LEDGER",
            "It is another file, or its beginning was changed or cut off.",
            "It does not show whether an entry was changed: none was looked at.",
        ),
        Tampered::OtherKey { .. } => (
            TAMPERED,
            "It is not what the phone with the key that you gave has signed: it is another phone's, or somebody made \
             it with a key of their own.",
            "It may be right in itself; that was not looked at.",
        ),
        Tampered::Older(_) => (
            TAMPERED,
            "The checkpoint that was kept is not signed by the key of this ledger: the ledger was made anew with \
             another key, or one of the two is another phone's.",
            "It does not show whether an entry was changed: none was looked at.",
        ),
        Tampered::Changed { .. } => (TAMPERED, "What stands there is not what was written there.", DAMAGE),
        Tampered::Removed { .. } => (
            TAMPERED,
            "Entries that were signed are not there any more. Of a range of positions, the first that is missing is \
             one: entries whose content was erased do not say where they stand.",
            DAMAGE,
        ),
        Tampered::Added { .. } => (
            TAMPERED,
            "There are entries that were not signed. Of a range of positions, the first of them is at one.",
            DAMAGE,
        ),
        Tampered::Reordered { .. } => (
            TAMPERED,
            "Entries were put into another order: what came first would read as if it came later.",
            DAMAGE,
        ),
        Tampered::Cut { .. } => (
            TAMPERED,
            "The newest entries are missing: the copy broke off, or somebody cut them off.",
            DAMAGE,
        ),
        Tampered::Replaced { .. } => (
            TAMPERED,
            "Each entry is whole and says the position at which it stands; but one at least is not the one that was \
             signed. Nothing tells which.",
            DAMAGE,
        ),
        Tampered::RolledBack { .. } => (
            TAMPERED,
            "What was written after it is not there: somebody put the phone's files back to an earlier copy and \
             exported them.",
            "An export that was made before the checkpoint looks the same. Make a new one, and verify that.",
        ),
        Tampered::Rewritten { .. } => (
            TAMPERED,
            "The phone's key has signed two histories: entries that were there when the checkpoint was kept have \
             been changed since. No damage looks like this; who can sign with the phone's key did it.",
            "It does not show which entries: compare with an export that was made back then, if there is one.",
        ),
        Tampered::Erased { .. } => (
            TAMPERED,
            "When its owner erases, or entries grow old, the phone writes that down first. Nothing says so here: \
             somebody else took content out.",
            "It does not show that the rest was changed: the tree over all entries is the one that was signed.",
        ),
    }
}
