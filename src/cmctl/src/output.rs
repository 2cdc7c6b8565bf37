// SPDX-License-Identifier: Apache-2.0
//! Text for a terminal: aligned columns, and nothing from outside that could move the cursor.

/// Which side of its column a cell leans to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lean {
    /// Words.
    Left,
    /// Figures.
    Right,
}

/// A table whose columns are as wide as their widest cell.
#[derive(Debug)]
pub struct Table {
    columns: Vec<Lean>,
    rows: Vec<Vec<String>>,
}

impl Table {
    /// A table with a head.
    pub fn new(head: &[(&str, Lean)]) -> Self {
        let names = head.iter().map(|(name, _)| (*name).to_owned()).collect();
        Self { columns: head.iter().map(|(_, lean)| *lean).collect(), rows: vec![names] }
    }

    /// A list of names and values, without a head.
    pub fn pairs<'a>(pairs: impl IntoIterator<Item = (&'a str, String)>) -> Self {
        let rows = pairs.into_iter().map(|(name, value)| vec![name.to_owned(), value]).collect();
        Self { columns: vec![Lean::Left, Lean::Left], rows }
    }

    /// One more row. Cells are made printable here, so that no caller can forget it.
    pub fn row(&mut self, cells: Vec<String>) {
        self.rows.push(cells.iter().map(|cell| printable(cell)).collect());
    }

    /// The lines, without trailing blanks.
    pub fn text(&self) -> String {
        let width = |column: usize| {
            self.rows.iter().filter_map(|row| row.get(column)).map(|cell| width(cell)).max()
        };
        let widths: Vec<usize> =
            (0..self.columns.len()).map(|column| width(column).unwrap_or(0)).collect();
        let line = |row: &Vec<String>| {
            let mut line = String::new();
            for ((cell, lean), widest) in row.iter().zip(&self.columns).zip(&widths) {
                let gap = " ".repeat(widest.saturating_sub(self::width(cell)));
                match lean {
                    Lean::Left => line.push_str(&format!("{cell}{gap}  ")),
                    Lean::Right => line.push_str(&format!("{gap}{cell}  ")),
                }
            }
            line.trim_end().to_owned()
        };
        self.rows.iter().map(line).collect::<Vec<_>>().join("\n")
    }
}

// Characters, not cells of the terminal: what goes into tables is ASCII but for message texts, which stand
// last in their row.
fn width(cell: &str) -> usize {
    cell.chars().count()
}

/// Without control characters and without marks that turn the direction of writing: a message from
/// outside must not be able to paint over what stands beside it.
pub fn printable(text: &str) -> String {
    text.chars()
        .map(|character| match character {
            '\n' | '\t' => ' ',
            character if character.is_control() => '\u{fffd}',
            '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => '\u{fffd}',
            character => character,
        })
        .collect()
}

/// The text with its lines broken at blanks where they are longer than a page is wide.
pub fn wrapped(text: &str) -> String {
    const PAGE: usize = 96;
    let mut lines = Vec::new();
    for paragraph in text.lines() {
        let mut line = String::new();
        for word in paragraph.split(' ') {
            if !line.is_empty() && width(&line) + 1 + width(word) > PAGE {
                lines.push(std::mem::take(&mut line));
            }
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(word);
        }
        lines.push(line);
    }
    lines.join("\n")
}

/// As a shell takes it for one word and nothing else: commands are shown to be pasted, and names in them come from
/// outside.
pub fn quoted(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_+=/.,:@".contains(c);
    match !text.is_empty() && text.chars().all(plain) {
        true => text.to_owned(),
        false => format!("'{}'", printable(text).replace('\'', r"'\''")),
    }
}

/// `yes` or `no`.
pub fn yes_no(value: bool) -> String {
    if value { "yes" } else { "no" }.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_aligned_and_lines_end_without_blanks() {
        let mut table =
            Table::new(&[("POS", Lean::Right), ("EVENT", Lean::Left), ("", Lean::Left)]);
        table.row(vec!["9".into(), "grant".into(), "x".into()]);
        table.row(vec!["1234".into(), "é".into(), String::new()]);
        assert_eq!(table.text(), " POS  EVENT\n   9  grant  x\n1234  é");
    }

    #[test]
    fn long_lines_are_broken_and_no_word_is_lost() {
        let text = format!("HEAD\n\n- {}\nend", "word ".repeat(60).trim_end());
        let broken = wrapped(&text);
        assert!(broken.lines().all(|line| line.len() <= 96), "{broken}");
        assert!(broken.starts_with("HEAD\n\n- word"));
        let words = |text: &str| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
        assert_eq!(words(&broken), words(&text));
        // A script without blanks is left to the terminal.
        assert_eq!(wrapped(&"字".repeat(200)), "字".repeat(200));
    }

    #[test]
    fn a_name_in_a_command_cannot_end_it() {
        assert_eq!(
            quoted("ledger.example/phone+4c09151a+AYq="),
            "ledger.example/phone+4c09151a+AYq="
        );
        assert_eq!(quoted("a b"), "'a b'");
        assert_eq!(quoted("';rm${IFS}-r;'"), r"''\'';rm${IFS}-r;'\'''");
        assert_eq!(quoted(""), "''");
    }

    #[test]
    fn text_from_outside_cannot_move_the_cursor() {
        assert_eq!(printable("a\u{1b}[2Jb\r\u{202e}c\nd"), "a\u{fffd}[2Jb\u{fffd}\u{fffd}c d");
        let mut table = Table::new(&[("", Lean::Left)]);
        table.row(vec!["\u{7}".into()]);
        assert!(!table.text().contains('\u{7}'));
    }
}
