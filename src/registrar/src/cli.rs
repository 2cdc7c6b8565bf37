// SPDX-License-Identifier: Apache-2.0
//! The command line.

use std::io::Write as _;
use std::path::PathBuf;

use clap::builder::RangedI64ValueParser;
use clap::{ArgGroup, Args, Parser, Subcommand};

use crate::keys::{self, KeyFileError, Keys};
use crate::limit::{
    PER_ASKER, PER_NUMBER, PER_SECOND, SMS, SMS_A_DAY, SMS_IN_ALL, TRIES, TRIES_IN_ALL,
};

const ON_CODES: &str = "\
A number is registered by who types the code that was sent to it by SMS: 8 characters, good for 10 to 20
minutes. Two codes are right at a time, out of 2^40; with the limits as they are, fewer than 4 in 10^11
numbers are taken by guessing for ten minutes without a pause, however many phones guess.

Limits are counted in memory: a restart forgets them, and adds half as many tries to those ten minutes.
Each instance allows its part, and one at least.";

/// `registrar`.
#[derive(Parser)]
#[command(about = "The server's half of Cloud Messaging: keeps nothing, answers sealed requests")]
pub struct Arguments {
    /// What to do.
    #[command(subcommand)]
    pub verb: Verb,
}

/// What to do.
#[derive(Subcommand)]
pub enum Verb {
    /// Make the private keys of a registrar, and print what phones have to know of them.
    Keygen(Keygen),
    /// Serve requests until interrupted; prints "ready" once it is subscribed.
    Run(Box<Run>),
}

/// `registrar keygen`.
#[derive(Args)]
pub struct Keygen {
    /// File for the private keys, made with mode 0600; never overwritten.
    #[arg(long, value_name = "FILE")]
    pub out: PathBuf,
    /// File for the public keys, instead of standard output: the "registrar" object of a phone's
    /// config.json.
    #[arg(long, value_name = "FILE")]
    pub public: Option<PathBuf>,
}

/// `registrar run`.
#[derive(Args)]
#[command(group(ArgGroup::new("sms").required(true)), after_help = ON_CODES)]
pub struct Run {
    /// Private keys that keygen made; refused unless its mode is 0600.
    #[arg(long, value_name = "FILE")]
    pub keys: PathBuf,
    /// Broker to serve at.
    #[arg(long, value_name = "HOST:PORT")]
    pub broker: String,
    /// Certificate authority of the broker, PEM.
    #[arg(long, value_name = "FILE")]
    pub ca: PathBuf,
    /// Client certificate of this registrar, PEM.
    #[arg(long, value_name = "FILE")]
    pub cert: PathBuf,
    /// Private key of the client certificate, PEM.
    #[arg(long, value_name = "FILE")]
    pub key: PathBuf,
    /// Certificate of the authority for phones' inbox connections, PEM; the broker has to trust it.
    #[arg(long, value_name = "FILE")]
    pub phone_ca: PathBuf,
    /// Private key of that authority, PEM; refused unless its mode is 0600.
    #[arg(long, value_name = "FILE")]
    pub phone_ca_key: PathBuf,
    /// Program that sends an SMS: the number is its only argument, the text on its standard input; it is
    /// run directly, with an empty environment, and has sent it if it exits with 0.
    #[arg(long, value_name = "PROGRAM", group = "sms")]
    pub sms_command: Option<PathBuf>,
    /// Address that sends an SMS: a POST of {"to","text"}; any 2xx has sent it.
    #[arg(long, value_name = "URL", group = "sms")]
    pub sms_url: Option<String>,
    /// Headers to send along to that address, one `Name: value` a line, such as Authorization; refused unless
    /// its mode is 0600.
    #[arg(long, value_name = "FILE", requires = "sms_url", conflicts_with = "sms_command")]
    pub sms_header_file: Option<PathBuf>,
    /// Certificate authorities of an https address, PEM.
    #[arg(long, value_name = "FILE", default_value = "/etc/ssl/certs/ca-certificates.crt")]
    pub sms_ca: PathBuf,
    /// How long sending an SMS may take. A phone waits for its answer meanwhile.
    #[arg(long, value_name = "SECONDS", default_value_t = 10,
          value_parser = clap::value_parser!(u32).range(1..=60))]
    pub sms_timeout: u32,
    /// How long a registration lives without renewal, at most 7 days.
    #[arg(long, value_name = "SECONDS", default_value_t = 604_800,
          value_parser = clap::value_parser!(u32).range(1..=604_800))]
    pub lease: u32,
    /// Name of the subscription that all instances share. By default a secret that follows from the keys, as
    /// it has to be at a broker that hands requests to whoever knows it, as Mosquitto does.
    #[arg(long, value_name = "NAME")]
    pub share: Option<String>,
    /// Program that decides on an IMSI or IMEI whose owner allowed it: {"number","imsi","imei"} on its
    /// standard input, accepted if it exits with 0 within 5 seconds.
    #[arg(long, value_name = "PROGRAM")]
    pub identity_check: Option<PathBuf>,
    /// How many instances share the load: each allows its part of the limits.
    #[arg(long, value_name = "N", default_value_t = 1,
          value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub instances: u32,
    /// SMS to one number within 10 minutes.
    #[arg(long, value_name = "N", default_value_t = SMS, value_parser = at_least_one())]
    pub sms_per_number: u32,
    /// SMS to one number within a day.
    #[arg(long, value_name = "N", default_value_t = SMS_A_DAY, value_parser = at_least_one())]
    pub sms_per_number_a_day: u32,
    /// SMS to all numbers within 10 minutes.
    #[arg(long, value_name = "N", default_value_t = SMS_IN_ALL, value_parser = at_least_one())]
    pub sms_in_all: u32,
    /// Tries of a code for one number within 10 minutes.
    #[arg(long, value_name = "N", default_value_t = TRIES, value_parser = at_least_one())]
    pub tries_per_number: u32,
    /// Tries of a code for all numbers within 10 minutes.
    #[arg(long, value_name = "N", default_value_t = TRIES_IN_ALL, value_parser = at_least_one())]
    pub tries_in_all: u32,
    /// Registrations with a right code, renewals and erasures of one number within 10 minutes.
    #[arg(long, value_name = "N", default_value_t = PER_NUMBER, value_parser = at_least_one())]
    pub changes_per_number: u32,
    /// Look-ups by one number within 10 minutes.
    #[arg(long, value_name = "N", default_value_t = PER_ASKER, value_parser = at_least_one())]
    pub look_ups_per_number: u32,
    /// Requests of all phones within a second.
    #[arg(long, value_name = "N", default_value_t = PER_SECOND, value_parser = at_least_one())]
    pub requests_per_second: u32,
}

/// A limit of 0 would let nobody pass, and each instance allows one at least.
fn at_least_one() -> RangedI64ValueParser<u32> {
    clap::value_parser!(u32).range(1..)
}

impl Keygen {
    /// Makes keys and writes them.
    pub fn execute(&self) -> Result<(), KeyFileError> {
        let keys = Keys::generate()?;
        keys.store(&self.out)?;
        let public = keys.public_json();
        match &self.public {
            Some(path) => keys::write_public(path, &public),
            None => writeln!(std::io::stdout(), "{public}").map_err(KeyFileError::Stdout),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(more: &[&str]) -> Result<(), String> {
        let files = ["keys", "ca", "cert", "key", "phone-ca", "phone-ca-key", "sms-command"];
        let files = files.iter().flat_map(|name| [format!("--{name}"), "file".into()]);
        let line = ["registrar", "run", "--broker", "localhost:8883"].map(String::from);
        let line = line.into_iter().chain(files).chain(more.iter().map(|word| word.to_string()));
        Arguments::try_parse_from(line).map(drop).map_err(|refusal| refusal.to_string())
    }

    #[test]
    fn a_limit_of_nothing_is_refused_and_named() {
        assert_eq!(parse(&[]), Ok(()));
        for limit in [
            "--sms-per-number",
            "--sms-per-number-a-day",
            "--sms-in-all",
            "--tries-per-number",
            "--tries-in-all",
            "--changes-per-number",
            "--look-ups-per-number",
            "--requests-per-second",
            "--instances",
            "--lease",
        ] {
            assert!(parse(&[limit, "0"]).unwrap_err().contains(limit), "{limit}");
            assert_eq!(parse(&[limit, "1"]), Ok(()), "{limit}");
        }
    }

    #[test]
    fn headers_go_to_a_server_and_to_no_program() {
        // clap waives a requirement that another option's conflict rules out, so that alone would not do.
        assert!(parse(&["--sms-header-file", "file"]).unwrap_err().contains("--sms-header-file"));
    }

    #[test]
    fn one_way_to_send_sms_is_needed_and_two_are_too_many() {
        assert!(parse(&["--sms-url", "https://localhost/"]).unwrap_err().contains("--sms-url"));
        let none = Arguments::try_parse_from(["registrar", "run"]).map(drop).unwrap_err();
        assert!(none.to_string().contains("--sms-command <PROGRAM>|--sms-url <URL>"), "{none}");
    }
}
