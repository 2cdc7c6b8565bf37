// SPDX-License-Identifier: Apache-2.0
//! The verbs and their arguments. The `///` comments are what `--help` prints.
use crate::ledger::LedgerVerb;
use crate::sim::SimText;
use android_system_cloudmessaging::aidl::android::system::cloudmessaging::DataClass::DataClass;
#[cfg(not(target_os = "android"))]
use clap::ValueEnum;
use clap::{Args, Parser, Subcommand};
use std::path::PathBuf;

const AFTER_HELP: &str = "\
Exit codes:
  0  done
  1  failed
  2  wrong usage
  3  refused, or cloud messaging is off
  4  send --wait: not delivered in that time, or to be sent as an SMS
  5  a ledger, or a proof, is not what was signed

Personal data in arguments can be read by others on this machine while the command runs;
--sims FILE and --body - keep numbers, identities and text out of them.";

/// Cloud Messaging: see what it may do, what it did, and use it.
// No Debug: messages and numbers are in it.
#[derive(Parser)]
#[command(name = "cmctl", version, after_help = AFTER_HELP, max_term_width = 100)]
pub struct Cli {
    /// Print JSON instead of text.
    #[arg(long, global = true)]
    pub json: bool,
    /// Directory of the service's sockets [default: $CLOUDMESSAGING_RUN]
    #[cfg(not(target_os = "android"))]
    #[arg(long, global = true, value_name = "DIR")]
    pub run: Option<PathBuf>,
    /// Ask over the kernel's Binder driver instead, by the names at its service manager
    #[cfg(not(target_os = "android"))]
    #[arg(long, global = true, value_name = "DEVICE", conflicts_with = "run")]
    pub binder: Option<PathBuf>,
    /// What to do.
    #[command(subcommand)]
    pub verb: Verb,
}

/// What can be asked.
#[derive(Subcommand)]
pub enum Verb {
    /// Whether it is on, what holds it back, and how far each SIM is
    Status,
    /// The owner's choice: read it, make it, take it back
    #[command(subcommand)]
    Consent(ConsentVerb),
    /// What a registration would reveal, byte for byte; sends nothing, needs no consent
    Preview(PreviewArguments),
    /// Facts that a phone's Java side reports
    #[command(subcommand)]
    Platform(PlatformVerb),
    /// Send a message
    Send(SendArguments),
    /// Messages that arrived
    Inbox(PageArguments),
    /// How messages that were sent have ended
    Outcomes(PageArguments),
    /// Whether somebody's identity key has changed
    #[command(subcommand)]
    Keys(KeysVerb),
    /// 60 digits to compare with somebody: the same on both phones if nobody stands between them
    Fingerprint {
        /// Subscription id of your SIM
        #[arg(long, value_name = "ID")]
        sim: i32,
        /// The other's number, with the leading plus
        #[arg(value_name = "NUMBER")]
        peer: String,
    },
    /// Everything that left this phone, and why; and whether that was tampered with
    #[command(subcommand)]
    Ledger(LedgerVerb),
}

/// `cmctl consent ...`
// No Debug: a code is in it.
#[derive(Subcommand)]
pub enum ConsentVerb {
    /// What was agreed to, when, and under which conditions
    Show,
    /// The text that is shown before anybody is asked, and its hash
    Disclosure {
        /// Language of the text (BCP 47); the closest there is comes back
        #[arg(long, default_value = "en", value_name = "TAG")]
        locale: String,
    },
    /// The consent in force as ISO/IEC TS 27560 JSON
    Receipt,
    /// Turn on: shows the disclosure and asks
    #[cfg(not(target_os = "android"))]
    Grant(GrantArguments),
    /// Hand in the code that came by SMS, which proves that the number is yours, or have another sent
    #[cfg(not(target_os = "android"))]
    Code {
        /// Subscription id of the SIM
        #[arg(long, value_name = "ID")]
        sim: i32,
        /// Its 8 characters, in upper or lower case
        #[arg(required_unless_present = "again")]
        code: Option<String>,
        /// Have another SMS sent: the last one did not come, or its code is not good any more
        #[arg(long, conflicts_with = "code")]
        again: bool,
    },
    /// Turn off, at once
    #[cfg(not(target_os = "android"))]
    Withdraw {
        /// Also ask the registrar to erase the registration now (2 s at most)
        #[arg(long)]
        erase: bool,
    },
    /// Allow or forbid one class of data
    #[cfg(not(target_os = "android"))]
    Class {
        /// For example message-content or imsi
        #[arg(value_parser = crate::words::parse_class)]
        class: DataClass,
        /// What to do with it
        verdict: Verdict,
    },
}

/// `cmctl consent class CLASS ...`
#[cfg(not(target_os = "android"))]
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Verdict {
    /// May be revealed from now on
    Allow,
    /// Must not be revealed; ends what is under way
    Forbid,
}

/// `cmctl platform ...`
#[derive(Debug, Subcommand)]
pub enum PlatformVerb {
    /// Report users, network, storage keys and identities from a JSON file
    ///
    /// {"users": [{"user": 0, "serial": 1, "unlocked": true, "defaultSmsUid": 1000,
    /// "smsForbidden": false, "forbiddenByOrganisation": false}],
    /// "network": {"handle": 0, "connected": true, "metered": false, "roaming": false,
    /// "dataSaver": false, "batterySaver": false},
    /// "storageKeys": {"0": "<64 hexadecimal digits>"},
    /// "identities": {"0": [{"subscriptionId": 1, "number": "+15550100", "imsi": "", "imei": ""}]}}
    ///
    /// Every part may be left out. A user without defaultSmsUid gets the caller's own uid. Identities
    /// are handed over only for users for whom cloud messaging is on.
    Report {
        /// The file; - reads standard input
        #[arg(long)]
        file: PathBuf,
    },
}

/// `cmctl keys ...`
#[derive(Debug, Subcommand)]
pub enum KeysVerb {
    /// The changes that were noticed and not acknowledged, oldest first
    Changed,
    /// Forget those noticed up to and including that time (atMillis of the last one seen)
    Acknowledge {
        /// Milliseconds since the Unix epoch
        #[arg(value_name = "MILLIS")]
        at: i64,
    },
}

/// SIMs, given one by one or as a file.
#[derive(Debug, Args)]
#[group(required = true, multiple = true)]
pub struct Sims {
    /// A SIM: subscription id, number, and where they exist IMSI and IMEI; may be repeated
    #[arg(long = "sim", value_name = "ID,NUMBER[,IMSI[,IMEI]]")]
    pub sim: Vec<SimText>,
    /// The SIMs as JSON: [{"subscriptionId": 1, "number": "+15550100", "imsi": "", "imei": ""}]
    #[arg(long, value_name = "FILE")]
    pub sims: Option<PathBuf>,
}

/// Changes to the classes that are needed, which are allowed unless forbidden here.
#[derive(Debug, Args)]
pub struct Classes {
    /// Also allow this class (imsi, imei); may be repeated
    #[arg(long, value_name = "CLASS", value_parser = crate::words::parse_class)]
    pub allow: Vec<DataClass>,
    /// Do not allow this class; may be repeated
    #[arg(long, value_name = "CLASS", value_parser = crate::words::parse_class)]
    pub forbid: Vec<DataClass>,
}

/// `cmctl preview`
#[derive(Debug, Args)]
pub struct PreviewArguments {
    /// Which SIMs.
    #[command(flatten)]
    pub sims: Sims,
    /// Which classes.
    #[command(flatten)]
    pub classes: Classes,
}

/// `cmctl consent grant`
#[cfg(not(target_os = "android"))]
#[derive(Debug, Args)]
pub struct GrantArguments {
    /// Which SIMs take part.
    #[command(flatten)]
    pub sims: Sims,
    /// Which classes.
    #[command(flatten)]
    pub classes: Classes,
    /// Language of the disclosure (BCP 47)
    #[arg(long, default_value = "en", value_name = "TAG")]
    pub locale: String,
    /// Also while roaming
    #[arg(long)]
    pub while_roaming: bool,
    /// Also while Data Saver is on
    #[arg(long)]
    pub with_data_saver: bool,
    /// Also while battery saver is on
    #[arg(long)]
    pub with_battery_saver: bool,
    /// Do not ask: the owner has read the disclosure with this SHA-256 (see consent disclosure)
    #[arg(long, value_name = "SHA256")]
    pub yes: Option<String>,
}

/// `cmctl send`
#[derive(Args)]
pub struct SendArguments {
    /// Subscription id of the SIM to send from
    #[arg(long, value_name = "ID")]
    pub sim: i32,
    /// Number of the recipient, with the leading plus
    #[arg(long, value_name = "NUMBER")]
    pub to: String,
    /// The text; - reads standard input
    #[arg(long, value_name = "TEXT", allow_hyphen_values = true)]
    pub body: String,
    /// When you would send an SMS instead, from now; at least 20
    #[arg(long, default_value_t = 600, value_name = "SECONDS")]
    pub sms_deadline: u32,
    /// Id of the message, 32 hexadecimal digits: the same id is the same message [default: random]
    #[arg(long, value_name = "HEX")]
    pub id: Option<String>,
    /// Wait so long for the message to end
    #[arg(long, value_name = "SECONDS")]
    pub wait: Option<u32>,
}

/// `cmctl inbox` and `cmctl outcomes`
#[derive(Debug, Args)]
pub struct PageArguments {
    /// Only what came after this cursor
    #[arg(long, default_value_t = 0, value_name = "CURSOR")]
    pub after: i64,
    /// Most entries to show
    #[arg(long, default_value_t = 100, value_name = "N")]
    pub limit: usize,
    /// Wait so long for something to be there
    #[arg(long, value_name = "SECONDS")]
    pub wait: Option<u32>,
    /// The service may forget what is shown
    #[arg(long)]
    pub acknowledge: bool,
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    fn parse(line: &str) -> Result<Cli, clap::Error> {
        Cli::try_parse_from(std::iter::once("cmctl").chain(line.split_whitespace()))
    }

    #[test]
    fn the_definition_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn every_verb_takes_json_behind_it() {
        for line in [
            "status --json",
            "consent show --json",
            "consent disclosure --json",
            "consent receipt --json",
            "consent grant --sim 1,+15550100 --json",
            "consent withdraw --json",
            "consent class imsi allow --json",
            "preview --sim 1,+15550100 --json",
            "platform report --file - --json",
            "send --sim 1 --to +15550101 --body hi --json",
            "inbox --json",
            "outcomes --json",
            "consent code --sim 1 ABCD1234 --json",
            "consent code --sim 1 --again --json",
            "fingerprint --sim 1 +15550101 --json",
            "keys changed --json",
            "keys acknowledge 1 --json",
            "ledger show --json",
        ] {
            let cli = parse(line).unwrap_or_else(|error| panic!("{line}: {error}"));
            assert!(cli.json, "{line}");
        }
    }

    #[test]
    fn a_code_is_handed_in_or_another_is_asked_for() {
        assert!(parse("consent code --sim 1").is_err());
        assert!(parse("consent code --sim 1 ABCD1234 --again").is_err());
    }

    #[test]
    fn grant_and_preview_need_a_sim() {
        assert!(parse("consent grant").is_err());
        assert!(parse("preview").is_err());
    }

    #[test]
    fn the_optional_identities_are_never_assumed() {
        let cli = parse("consent grant --sim 1,+15550100").unwrap();
        let Verb::Consent(ConsentVerb::Grant(grant)) = cli.verb else { panic!() };
        let allowed = crate::words::allowed(&grant.classes.allow, &grant.classes.forbid);
        assert!(!allowed.contains(&DataClass::IMSI) && !allowed.contains(&DataClass::IMEI));
    }

    #[test]
    fn an_unknown_class_is_a_usage_error_that_names_the_known_ones() {
        let error = parse("consent class contacts allow").err().unwrap().to_string();
        assert!(error.contains("message-content"), "{error}");
    }
}
