// SPDX-License-Identifier: Apache-2.0
//! `cmctl ledger ...`: the verbs and their arguments. The `///` comments are what `--help` prints.
use crate::time::{day, LAST_DAY};
use android_system_cloudmessaging::aidl::android::system::cloudmessaging::DataClass::DataClass;
use clap::{Args, Subcommand};
use cloudmessaging_ledger::checkpoint::LedgerKey;
use cloudmessaging_ledger::filter::EVENT_NAMES;
use cloudmessaging_ledger::tree::Hash;
use std::path::PathBuf;

/// `cmctl ledger ...`
#[derive(Debug, Subcommand)]
pub enum LedgerVerb {
    /// Entries, newest first
    Show(ShowArguments),
    /// What left on each day: how often, how many bytes, of which classes
    Totals(TotalsArguments),
    /// Take the whole ledger away, signed: anybody can check it without this phone
    Export(ExportArguments),
    /// How far the ledger is, signed: keep it, and nothing before it can be changed unnoticed
    Checkpoint {
        /// Write it there instead of printing it
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
    },
    /// Erase what all entries say; asks first
    #[cfg(not(target_os = "android"))]
    Erase {
        /// Do not ask
        #[arg(long)]
        yes: bool,
    },
    /// What needs no service.
    #[command(flatten)]
    Offline(OfflineVerb),
}

/// What is done with files alone: where no service runs, by whoever was given them.
#[derive(Debug, Subcommand)]
pub enum OfflineVerb {
    /// Whether an export is what its phone signed; needs no service
    Verify(VerifyArguments),
    /// Take a proof out of an export, to give it away alone; needs no service
    Prove(ProveArguments),
    /// Check such a proof; needs no service
    Check {
        /// A proof, as prove writes it
        proof: PathBuf,
        /// The key of the ledger's owner
        #[arg(long, value_name = "KEY", value_parser = key)]
        key: LedgerKey,
        /// The checkpoint that the proof continues, if it is one of prove --older
        #[arg(long, value_name = "CHECKPOINT-FILE")]
        older: Option<PathBuf>,
    },
    /// Find the message in whose ciphertext somebody received this checkpoint hash; needs no service
    Compare {
        /// What to look in.
        #[command(flatten)]
        export: ExportFile,
        /// What the recipient's `cmctl inbox --json` shows as checkpointHash, 64 hexadecimal digits
        #[arg(long, value_name = "HEX", value_parser = hash)]
        hash: Hash,
    },
}

/// `cmctl ledger show`
#[derive(Debug, Args)]
pub struct ShowArguments {
    /// Most entries to show
    #[arg(long, default_value_t = 50, value_name = "N")]
    pub limit: usize,
    /// Only entries before this position
    #[arg(long, value_name = "POSITION")]
    pub before: Option<u64>,
    /// Only this event, for example intent; may be repeated
    #[arg(long, value_name = "NAME", value_parser = event)]
    pub event: Vec<&'static str>,
    /// Only what revealed this class of data; may be repeated
    #[arg(long, value_name = "CLASS", value_parser = crate::words::parse_class)]
    pub class: Vec<DataClass>,
}

/// `cmctl ledger totals`
#[derive(Debug, Args)]
pub struct TotalsArguments {
    /// First day, UTC [default: 30 days before the last one]
    #[arg(long, value_name = "YYYY-MM-DD", value_parser = date)]
    pub from: Option<i32>,
    /// Last day, UTC [default: today]
    #[arg(long, value_name = "YYYY-MM-DD", value_parser = date)]
    pub to: Option<i32>,
}

/// `cmctl ledger export`
#[derive(Debug, Args)]
pub struct ExportArguments {
    /// Where to; readable for its owner alone
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// Replace a file that is there
    #[arg(long)]
    pub force: bool,
}

/// An export, and whose it has to be.
#[derive(Debug, Args)]
pub struct ExportFile {
    /// An export, as export writes it
    #[arg(value_name = "EXPORT")]
    pub file: PathBuf,
    /// The key that it has to be signed with, from the phone itself [default: any, the export brings its own]
    #[arg(long, value_name = "KEY", value_parser = key)]
    pub key: Option<LedgerKey>,
}

/// `cmctl ledger verify`
#[derive(Debug, Args)]
pub struct VerifyArguments {
    /// What to verify.
    #[command(flatten)]
    pub export: ExportFile,
    /// A checkpoint that was kept: the ledger has to begin with all that it was then; may be repeated
    #[arg(long, value_name = "CHECKPOINT-FILE")]
    pub older: Vec<PathBuf>,
}

/// `cmctl ledger prove`
#[derive(Debug, Args)]
pub struct ProveArguments {
    /// What to take it from.
    #[command(flatten)]
    pub export: ExportFile,
    /// What is to be proven.
    #[command(flatten)]
    pub which: Which,
    /// Write the proof there instead of printing it
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
}

/// What is to be proven.
#[derive(Debug, Default, Args)]
#[group(required = true, multiple = false)]
pub struct Which {
    /// That the entry at this position is in the ledger
    #[arg(long, value_name = "N")]
    pub position: Option<u64>,
    /// That this consent was given, as consent receipt prints it
    #[arg(long, value_name = "RECEIPT-FILE")]
    pub receipt: Option<PathBuf>,
    /// That the ledger has only grown since this checkpoint; C2SP witnesses take such a proof too
    #[arg(long, value_name = "CHECKPOINT-FILE")]
    pub older: Option<PathBuf>,
}

fn event(word: &str) -> Result<&'static str, String> {
    let wanted = word.to_lowercase().replace('-', "_");
    let known = EVENT_NAMES.into_iter().find(|name| *name == wanted);
    known.ok_or_else(|| format!("the events are {}", EVENT_NAMES.join(", ")))
}

fn key(text: &str) -> Result<LedgerKey, String> {
    LedgerKey::parse(text.trim()).map_err(|error| error.to_string())
}

fn hash(text: &str) -> Result<Hash, String> {
    let bytes = hex::decode(text.trim()).ok().and_then(|bytes| Hash::try_from(bytes).ok());
    bytes.ok_or_else(|| "not 64 hexadecimal digits".into())
}

fn date(text: &str) -> Result<i32, String> {
    day(text).ok_or_else(|| format!("not a day of the calendar from 1970-01-01 to {LAST_DAY}"))
}

#[cfg(test)]
mod tests {
    use crate::cli::Cli;
    use clap::Parser;

    fn parse(line: &str) -> Result<Cli, clap::Error> {
        Cli::try_parse_from(["cmctl", "ledger"].into_iter().chain(line.split_whitespace()))
    }

    const KEY: &str = "ledger.example/phone+4c09151a+AYqI4910CfGV/VLbLTy6XXLKZwm/HZQSG/N0iAG0D29c";

    #[test]
    fn every_verb_takes_json_and_its_arguments() {
        let hash = "ab".repeat(32);
        for line in [
            "show --limit 5 --before 9 --event intent --event found-on --class imsi --json",
            "totals --from 2026-01-31 --to 2026-02-28 --json",
            "export ledger.cml --force --json",
            "checkpoint --out today.checkpoint --json",
            "erase --yes --json",
            &format!("verify ledger.cml --key {KEY} --older a --older b --json"),
            "prove ledger.cml --position 3 --out a.tlog-proof --json",
            "prove ledger.cml --receipt receipt.json --json",
            "prove ledger.cml --older a --json",
            &format!("check a.growth --key {KEY} --older a --json"),
            &format!("check a.tlog-proof --key {KEY} --json"),
            &format!("compare ledger.cml --hash {hash} --json"),
        ] {
            let cli = parse(line).unwrap_or_else(|error| panic!("{line}: {error}"));
            assert!(cli.json, "{line}");
        }
    }

    #[test]
    fn bad_input_is_a_usage_error_that_names_it() {
        for (line, names) in [
            ("show --event boots", "boots"),
            ("show --event boots", "class_change"),
            ("show --class contacts", "message-content"),
            ("totals --from 2026-02-30", "2026-02-30"),
            ("verify a --key phone+00000000+AAAA", "not Ed25519"),
            ("compare a --hash abcd", "64 hexadecimal"),
            ("prove a", "--position"),
            ("prove a --position 1 --receipt b", "--receipt"),
            ("check a", "--key"),
        ] {
            let error = parse(line).err().unwrap_or_else(|| panic!("{line} was taken"));
            assert!(error.to_string().contains(names), "{line}: {error}");
            assert_eq!(error.exit_code(), 2, "{line}");
        }
    }
}
