// SPDX-License-Identifier: Apache-2.0
//! `cmctl`: Cloud Messaging from the command line.
//!
//! Asks the gate and prints its answers; it decides nothing and keeps nothing. What it may ask is for the
//! gate to say (promise P7): on a phone it has no verb that touches consent, so that no shell can turn
//! cloud messaging on.
mod answer;
mod cli;
#[cfg(not(target_os = "android"))]
mod confirm;
mod connect;
mod consent;
#[cfg(not(target_os = "android"))]
mod grant;
mod inbox;
mod keys;
mod ledger;
mod outcomes;
mod output;
mod platform;
mod preview;
mod send;
mod sim;
mod status;
mod time;
mod words;

use answer::{Answer, Failure};
use clap::Parser;
use cli::{Cli, ConsentVerb, KeysVerb, PlatformVerb, Verb};
use connect::Gate;
use ledger::LedgerVerb;
use std::process::ExitCode;

fn main() -> ExitCode {
    // A usage error ends here, with exit code 2.
    let cli = Cli::parse();
    let json = cli.json;
    let result = run(cli);
    answer::print(json, result)
}

fn run(cli: Cli) -> Result<Answer, Failure> {
    // Before anything is looked for: files are checked where no gate is.
    if let Verb::Ledger(LedgerVerb::Offline(verb)) = &cli.verb {
        return ledger::offline(verb);
    }
    let gate = Gate::new(&cli)?;
    match cli.verb {
        Verb::Status => status::status(&gate),
        Verb::Consent(ConsentVerb::Show) => consent::show(&gate),
        Verb::Consent(ConsentVerb::Disclosure { locale }) => consent::disclosure(&gate, &locale),
        Verb::Consent(ConsentVerb::Receipt) => consent::receipt(&gate),
        #[cfg(not(target_os = "android"))]
        Verb::Consent(ConsentVerb::Grant(asked)) => grant::grant(&gate, &asked),
        #[cfg(not(target_os = "android"))]
        Verb::Consent(ConsentVerb::Code { sim, code, .. }) => match code {
            Some(code) => consent::code(&gate, sim, &code),
            None => consent::another_code(&gate, sim),
        },
        #[cfg(not(target_os = "android"))]
        Verb::Consent(ConsentVerb::Withdraw { erase }) => consent::withdraw(&gate, erase),
        #[cfg(not(target_os = "android"))]
        Verb::Consent(ConsentVerb::Class { class, verdict }) => {
            consent::class(&gate, class, verdict)
        }
        Verb::Preview(asked) => preview::preview(&gate, &asked),
        Verb::Platform(PlatformVerb::Report { file }) => platform::report(&gate, &file),
        Verb::Send(asked) => send::send(&gate, &asked),
        Verb::Inbox(asked) => inbox::inbox(&gate, &asked),
        Verb::Outcomes(asked) => outcomes::outcomes(&gate, &asked),
        Verb::Keys(KeysVerb::Changed) => keys::changed(&gate),
        Verb::Keys(KeysVerb::Acknowledge { at }) => keys::acknowledge(&gate, at),
        Verb::Fingerprint { sim, peer } => keys::fingerprint(&gate, sim, &peer),
        Verb::Ledger(verb) => ledger::online(&gate, &verb),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_checked_by_whoever_cannot_say_where_a_service_is() {
        let nowhere = "/nonexistent/export";
        for verb in [
            &["verify", nowhere][..],
            &["prove", nowhere, "--position", "0"],
            &["compare", nowhere, "--hash", &"00".repeat(32)],
        ] {
            let cli = Cli::parse_from([&["cmctl", "ledger"], verb].concat());
            assert!(matches!(run(cli), Err(Failure::File { .. })), "{verb:?} looks for a service");
        }
    }
}
