// SPDX-License-Identifier: Apache-2.0
//! What a device inherits: the makefiles, read by make; init's file and the user's.

use std::fs;
use std::process::Command;

use crate::{root, text};

/// The words of a variable, after make has read a makefile of `product/`.
pub fn variable(makefile: &str, variable: &str) -> Vec<String> {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("Makefile");
    let included = root().join("product").join(makefile);
    let makefile = format!("include {}\nall: ; @echo $({variable})\n", included.display());
    fs::write(&file, makefile).unwrap();
    let output = Command::new("make").arg("-f").arg(&file).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let words = String::from_utf8(output.stdout).unwrap();
    words.split_whitespace().map(str::to_owned).collect()
}

/// The lines of a file with `#` comments, in words.
pub fn lines(file: &str) -> Vec<Vec<String>> {
    let text = text(file);
    let code = text.lines().map(|line| line.split('#').next().unwrap());
    let words = code.map(|line| line.split_whitespace().map(str::to_owned).collect::<Vec<_>>());
    words.filter(|words| !words.is_empty()).collect()
}

/// init's file.
pub struct Rc {
    lines: Vec<Vec<String>>,
}

impl Rc {
    /// Reads it.
    pub fn read() -> Self {
        Self { lines: lines("product/cloudmessagingd.rc") }
    }

    /// What follows `word` in each line that begins with it.
    pub fn all(&self, word: &str) -> Vec<&[String]> {
        let lines = self.lines.iter().filter(|line| line[0] == word);
        lines.map(|line| &line[1..]).collect()
    }

    /// The same, of the one line that there has to be.
    pub fn one(&self, word: &str) -> &[String] {
        let all = self.all(word);
        assert_eq!(all.len(), 1, "lines `{word}`: {all:?}");
        all[0]
    }
}

/// The user of config.fs: its name for init, and its number.
pub fn user() -> (String, u32) {
    let lines = lines("product/config.fs");
    let [section, value] = &lines[..] else { panic!("not one section: {lines:?}") };
    let name = section[0].strip_prefix("[AID_").and_then(|s| s.strip_suffix(']')).unwrap();
    assert_eq!(value[0], "value:");
    (name.to_lowercase(), value[1].parse().unwrap())
}
