// SPDX-License-Identifier: Apache-2.0
//! How the story is printed.
use std::io::{IsTerminal, Write};

/// Tells, or keeps silent when the figures are wanted as JSON.
#[derive(Debug)]
pub struct Teller {
    tells: bool,
    bold: bool,
}

impl Teller {
    /// `tells` is false with `--json`.
    pub fn new(tells: bool) -> Self {
        Self { tells, bold: std::io::stdout().is_terminal() }
    }

    /// A line of its own.
    pub fn line(&self, text: &str) {
        if self.tells {
            // A reader that closed the pipe has heard enough.
            let _ = writeln!(std::io::stdout(), "{text}");
        }
    }

    /// The head of a chapter.
    pub fn chapter(&self, number: u32, title: &str) {
        let head = format!("{number}. {title}");
        self.line("");
        self.line(&if self.bold { format!("\x1b[1m{head}\x1b[0m") } else { head });
    }

    /// What was done to get what follows.
    pub fn command(&self, whose: &str, command: &str) {
        self.line(&format!("   {whose}$ {command}"));
    }

    /// What came back or was counted, each line indented.
    pub fn fact(&self, text: &str) {
        for line in text.lines() {
            self.line(format!("     {line}").trim_end());
        }
    }
}

/// The text in lines of at most 92 characters, broken at blanks.
pub fn wrapped(text: &str) -> String {
    let mut lines = vec![String::new()];
    for word in text.split_whitespace() {
        let last = lines.len() - 1;
        if lines[last].chars().count() + word.chars().count() >= 92 {
            lines.push(String::new());
        }
        let line = lines.len() - 1;
        if !lines[line].is_empty() {
            lines[line].push(' ');
        }
        lines[line].push_str(word);
    }
    lines.join("\n")
}

/// `1.25 s` or `12 ms`.
pub fn seconds(ms: u64) -> String {
    if ms < 1000 {
        format!("{ms} ms")
    } else {
        format!("{}.{:02} s", ms / 1000, ms % 1000 / 10)
    }
}

/// `1 byte`, `2 bytes`.
pub fn many(count: u64, of: &str) -> String {
    match (count, of) {
        (1, _) => format!("1 {of}"),
        (_, "process") => format!("{count} processes"),
        (_, "copy") => format!("{count} copies"),
        _ => format!("{count} {of}s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_text_is_broken_at_blanks_and_nothing_is_lost() {
        let text = "word ".repeat(100);
        let broken = wrapped(&text);
        assert!(broken.lines().all(|line| line.len() <= 92 && !line.starts_with(' ')));
        assert_eq!(broken.split_whitespace().count(), 100);
        assert_eq!(wrapped(""), "");
    }

    #[test]
    fn figures_read_like_words() {
        assert_eq!((seconds(12), seconds(1259)), ("12 ms".into(), "1.25 s".into()));
        assert_eq!((many(0, "byte"), many(1, "process")), ("0 bytes".into(), "1 process".into()));
        assert_eq!(many(2, "process"), "2 processes");
        assert_eq!((many(1, "copy"), many(2, "copy")), ("1 copy".into(), "2 copies".into()));
    }
}
