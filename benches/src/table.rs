// SPDX-License-Identifier: Apache-2.0
//! The table that comes out.
use crate::quantiles::{shown, Quantiles};

/// Rows and remarks.
#[derive(Debug, Default)]
pub struct Table {
    rows: Vec<[String; 4]>,
    notes: Vec<String>,
}

impl Table {
    /// A row of quantiles.
    pub fn quantiles(&mut self, what: &str, quantiles: &Quantiles) {
        let what = format!("{what} (n = {})", quantiles.count());
        self.rows.push([what, shown(quantiles.at(50)), shown(quantiles.at(99)), String::new()]);
    }

    /// A row of one figure.
    pub fn figure(&mut self, what: &str, figure: String) {
        self.rows.push([what.to_owned(), figure, String::new(), String::new()]);
    }

    /// A row of one figure that has a target.
    pub fn target(&mut self, what: &str, figure: String, target: &str, met: bool) {
        let verdict = format!("{target}: {}", if met { "met" } else { "MISSED" });
        self.rows.push([what.to_owned(), figure, String::new(), verdict]);
    }

    /// A remark below the table.
    pub fn note(&mut self, note: &str) {
        self.notes.push(note.to_owned());
    }

    /// The lines.
    pub fn text(&self) -> String {
        let head = ["".to_owned(), "p50 / figure".into(), "p99".into(), "target".into()];
        let rows: Vec<&[String; 4]> = std::iter::once(&head).chain(&self.rows).collect();
        let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max();
        let widths: Vec<usize> = (0..4).map(|column| width(column).unwrap_or(0)).collect();
        let mut text = String::new();
        for row in rows {
            let gap = |column: usize| {
                " ".repeat(widths[column].saturating_sub(row[column].chars().count()))
            };
            let line = format!(
                "{}{}  {}{}  {}{}  {}",
                row[0],
                gap(0),
                gap(1),
                row[1],
                gap(2),
                row[2],
                row[3]
            );
            text.push_str(line.trim_end());
            text.push('\n');
        }
        for note in &self.notes {
            text.push_str(&format!("\n{note}"));
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missed_target_is_not_hidden() {
        let mut table = Table::default();
        table.target("size", "5 MB".into(), "below 4 MB", false);
        table.note("a note");
        let text = table.text();
        assert!(text.contains("size          5 MB       below 4 MB: MISSED"), "{text}");
        assert!(text.ends_with("\na note"), "{text}");
    }
}
