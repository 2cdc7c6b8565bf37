// SPDX-License-Identifier: Apache-2.0
//! The telephone network of a bed: what the registrar sends to a number by SMS ends up in a file of that
//! number, one text a line, where its phone reads it.
use crate::{Error, Result};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Gets a number and a text, as `registrar run --sms-command` has it.
const SCRIPT: &str = r#"#!/bin/sh
exec /bin/cat >> "${0%/*}/sms/$1"
"#;

/// Where the program is.
pub(crate) fn program(bed: &Path) -> PathBuf {
    bed.join("send-sms")
}

/// Makes the program. Another process writes it: one that we fork meanwhile would hold a file of ours open
/// for writing, and it could not be executed.
pub(crate) fn install(bed: &Path) -> Result<()> {
    let folder = bed.join("sms");
    fs::create_dir(&folder).map_err(Error::file("make", &folder))?;
    let program = program(bed);
    let write = r#"printf %s "$1" > "$0" && chmod 755 "$0""#;
    let status = Command::new("/bin/sh").args(["-c", write]).arg(&program).arg(SCRIPT).status();
    match status.map_err(Error::io("start /bin/sh"))?.success() {
        true => Ok(()),
        false => Err(Error::Program {
            program: "sh".into(),
            why: "it did not write the SMS program".into(),
            log: String::new(),
        }),
    }
}

/// All that was sent to a number, oldest first.
pub(crate) fn texts(bed: &Path, number: &str) -> Vec<String> {
    // There is no file until there is an SMS.
    let texts = fs::read_to_string(bed.join("sms").join(number)).unwrap_or_default();
    texts.lines().map(str::to_owned).collect()
}

/// The code that was sent to a number last.
pub(crate) fn last_code(bed: &Path, number: &str) -> Option<String> {
    texts(bed, number).last()?.split_whitespace().next().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_text_to_a_number_has_its_code() {
        let bed = tempfile::tempdir().unwrap();
        install(bed.path()).unwrap();
        assert_eq!(last_code(bed.path(), "+15550100"), None);
        for (number, code) in [("+15550100", "AAAA"), ("+15550100", "BBBB"), ("+15550101", "CCCC")]
        {
            let text = format!("{code} is your code.\n");
            let typed = bed.path().join("typed");
            fs::write(&typed, text).unwrap();
            let sent = Command::new(program(bed.path()))
                .arg(number)
                .env_clear()
                .stdin(fs::File::open(typed).unwrap())
                .status();
            assert!(sent.unwrap().success());
        }
        assert_eq!(last_code(bed.path(), "+15550100").as_deref(), Some("BBBB"));
        assert_eq!(last_code(bed.path(), "+15550101").as_deref(), Some("CCCC"));
        assert_eq!(texts(bed.path(), "+15550100"), ["AAAA is your code.", "BBBB is your code."]);
    }
}
