// SPDX-License-Identifier: Apache-2.0
//! Personal data are in no log line, no error, no dump, and no file in clear.
use crate::{bed, deliver, two_phones, Broker, Claim, ANNA, BEN, SOON};
use std::fs;
use std::path::{Path, PathBuf};

/// With every program at RUST_LOG=trace, through success, refusals, errors and crashes.
pub fn no_log_and_no_file_holds_a_number_an_identity_or_a_text(broker: Broker) -> Claim {
    let bed = bed(broker)?;
    let (mut anna, ben) = two_phones(&bed)?;
    let texts = ["Heliotrope at the old mill", "Bring the amphora, quietly"];
    deliver(&anna, &ben, texts[0])?;
    deliver(&ben, &anna, texts[1])?;
    // What goes wrong is what tempts a log most, and what is printed then may be mailed to somebody.
    let unknown = "+15550177";
    let wrong = [
        anna.send(unknown, texts[0], &["--wait", "60"])?,
        anna.send("15550177 is no number", texts[0], &[])?,
        anna.send(BEN, "", &[])?,
        anna.send(BEN, texts[0], &["--sms-deadline", "1"])?,
        anna.ask(&["send", "--sim", "7", "--to", BEN, "--body", texts[1]])?,
        anna.ask(&["consent", "grant", "--sim", "1,+1555", "--yes", &"0".repeat(64)])?,
        anna.ask(&["consent", "grant", "--sim", "1;+15550100", "--yes", &"0".repeat(64)])?,
    ];
    for answer in &wrong {
        assert_ne!(answer.code, 0, "{}", answer.output);
    }
    let mut printed: Vec<String> = wrong.into_iter().map(|answer| answer.output).collect();
    anna.cmctl(&["consent", "withdraw", "--erase"])?;
    printed.push(anna.send(BEN, texts[0], &[])?.output);
    anna.grant(&["--allow", "imsi", "--allow", "imei"])?;
    anna.reachable(SOON)?;
    deliver(&anna, &ben, texts[0])?;
    anna.kill_gate();
    anna.start()?;
    anna.report()?;
    anna.reachable(SOON)?;
    // Only inbox and preview are there to show personal data.
    for verb in [
        &["status"][..],
        &["consent", "show"],
        &["consent", "receipt"],
        &["outcomes"],
        &["ledger", "show", "--limit", "1000"],
    ] {
        printed.push(anna.show(verb)?);
        printed.push(anna.ask(verb)?.output);
    }

    let mut secrets: Vec<String> = texts.iter().map(|text| (*text).to_owned()).collect();
    for phone in [&anna, &ben] {
        // Without the plus: "tel:15550100" would be the number all the same.
        secrets.extend(phone.identities().iter().map(|id| id.trim_start_matches('+').to_owned()));
    }
    secrets.push(unknown.trim_start_matches('+').to_owned());
    assert!(secrets.contains(&ANNA.trim_start_matches('+').to_owned()));

    let mut files = Vec::new();
    collect(&bed.logs(), &mut files);
    let logs = files.len();
    collect(&anna.data(), &mut files);
    collect(&ben.data(), &mut files);
    // Six processes wrote logs, and at this level they wrote a lot.
    assert!(logs >= 8, "{files:?}");
    let size: u64 = files.iter().filter_map(|file| fs::metadata(file).ok()).map(|m| m.len()).sum();
    assert!(size > 10_000, "{size} bytes are hardly a log");
    let mut found = Vec::new();
    for text in &printed {
        let of = secrets.iter().filter(|secret| text.contains(secret.as_str()));
        found.extend(of.map(|secret| format!("{secret:?} in what cmctl printed:\n{text}")));
    }
    for file in &files {
        let bytes = fs::read(file).unwrap_or_default();
        for secret in &secrets {
            if contains(&bytes, secret.as_bytes()) {
                found.push(format!("{secret:?} in {}", file.display()));
            }
        }
    }
    assert!(found.is_empty(), "{}", found.join("\n"));
    Ok(())
}

fn contains(haystack: &[u8], needle: &[u8]) -> bool {
    haystack.windows(needle.len()).any(|window| window == needle)
}

fn collect(directory: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(directory).into_iter().flatten().flatten() {
        let path = entry.path();
        match entry.file_type() {
            Ok(kind) if kind.is_dir() => collect(&path, files),
            Ok(kind) if kind.is_file() => files.push(path),
            _ => {}
        }
    }
}
