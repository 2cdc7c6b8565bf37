// SPDX-License-Identifier: Apache-2.0
//! Contexts files, as a ROM's build concatenates them: of the platform first, ours behind.

use crate::Error;
use regex::Regex;

/// Lines of a contexts file without comments and empty ones, split into words, with their number.
fn lines<'a>(text: &'a str) -> impl Iterator<Item = (usize, Vec<&'a str>)> + 'a {
    text.lines().enumerate().filter_map(|(index, line)| {
        let words: Vec<&str> = line.split_whitespace().collect();
        match words.first() {
            None => None,
            Some(first) if first.starts_with('#') => None,
            Some(_) => Some((index + 1, words)),
        }
    })
}

fn wrong(file: &str, line: usize, why: impl Into<String>) -> Error {
    Error::Contexts { file: file.to_owned(), line, why: why.into() }
}

/// `file_contexts`: a regular expression over the whole path, perhaps a type of file, a label.
#[derive(Debug, Default)]
pub struct FileContexts {
    lines: Vec<(Regex, Option<char>, String)>,
}

impl FileContexts {
    /// Takes in one more file. Where several of its lines match, the last one holds; so does a later file.
    pub fn read(&mut self, file: &str, text: &str) -> Result<(), Error> {
        for (line, words) in lines(text) {
            let (path, kind, label) = match words[..] {
                [path, label] => (path, None, label),
                [path, kind, label] => {
                    let kind = kind.strip_prefix('-').and_then(|kind| kind.chars().next());
                    (path, Some(kind.ok_or_else(|| wrong(file, line, "no type of file"))?), label)
                }
                _ => return Err(wrong(file, line, "neither two words nor three")),
            };
            let whole = Regex::new(&format!("^(?:{path})$"))
                .map_err(|error| wrong(file, line, error.to_string()))?;
            self.lines.push((whole, kind, label.to_owned()));
        }
        Ok(())
    }

    /// The label of a path; `kind` is `-` for a regular file, `d` for a directory, and so on, as `ls` has it.
    pub fn label(&self, path: &str, kind: char) -> Option<&str> {
        let fits = |line: &&(Regex, Option<char>, String)| {
            line.1.is_none_or(|only| only == kind) && line.0.is_match(path)
        };
        self.lines.iter().rev().find(fits).map(|line| line.2.as_str())
    }
}

/// `service_contexts`: a name, or `*` for every other, and a label.
#[derive(Debug, Default)]
pub struct ServiceContexts {
    lines: Vec<(String, String)>,
}

impl ServiceContexts {
    /// Takes in one more file.
    pub fn read(&mut self, file: &str, text: &str) -> Result<(), Error> {
        for (line, words) in lines(text) {
            let [name, label] = words[..] else {
                return Err(wrong(file, line, "not a name and a label"));
            };
            if self.lines.iter().any(|known| known.0 == name) {
                return Err(wrong(file, line, format!("{name} has a label already")));
            }
            self.lines.push((name.to_owned(), label.to_owned()));
        }
        Ok(())
    }

    /// The label of a service.
    pub fn label(&self, name: &str) -> Option<&str> {
        let of = |name: &str| self.lines.iter().find(|line| line.0 == name);
        of(name).or_else(|| of("*")).map(|line| line.1.as_str())
    }
}

/// `property_contexts`: a name, or the beginning of names, and a label; perhaps `exact` or `prefix`, and a type.
#[derive(Debug, Default)]
pub struct PropertyContexts {
    lines: Vec<(String, bool, String)>,
}

impl PropertyContexts {
    /// Takes in one more file.
    pub fn read(&mut self, file: &str, text: &str) -> Result<(), Error> {
        for (line, words) in lines(text) {
            let (Some(name), Some(label)) = (words.first(), words.get(1)) else {
                return Err(wrong(file, line, "not a name and a label"));
            };
            let exact = match words.get(2) {
                Some(&"exact") => true,
                Some(&"prefix") | None => false,
                Some(other) => {
                    return Err(wrong(file, line, format!("{other} is no kind of match")))
                }
            };
            self.lines.push(((*name).to_owned(), exact, (*label).to_owned()));
        }
        Ok(())
    }

    /// The label of a property: the exact name's, else that of the longest beginning, else `*`'s.
    pub fn label(&self, name: &str) -> Option<&str> {
        let exact = self.lines.iter().find(|line| line.1 && line.0 == name);
        let prefix = || {
            let fitting = self.lines.iter().filter(|line| !line.1 && name.starts_with(&line.0));
            fitting.max_by_key(|line| line.0.len())
        };
        let rest = || self.lines.iter().find(|line| line.0 == "*");
        exact.or_else(prefix).or_else(rest).map(|line| line.2.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_has_the_label_of_the_last_line_that_fits_its_whole_path() {
        let mut contexts = FileContexts::default();
        let platform = "# all\n/data(/.*)?  u:data\n/dev/socket -d u:dir\n";
        contexts.read("platform", platform).unwrap();
        contexts.read("ours", "/data/misc/x(/.*)?\tu:ours\n").unwrap();
        assert_eq!(contexts.label("/data", 'd'), Some("u:data"));
        assert_eq!(contexts.label("/data/misc/x/0/consent", '-'), Some("u:ours"));
        assert_eq!(contexts.label("/data/misc/xy", '-'), Some("u:data"));
        assert_eq!(contexts.label("/dev/socket", 'd'), Some("u:dir"));
        assert_eq!(contexts.label("/dev/socket", 's'), None);
        assert_eq!(contexts.label("/database", '-'), None);
    }

    #[test]
    fn a_service_without_a_line_has_the_star_s_label() {
        let mut contexts = ServiceContexts::default();
        contexts.read("platform", "a.b u:b\n* u:rest\n").unwrap();
        assert_eq!(contexts.label("a.b"), Some("u:b"));
        assert_eq!(contexts.label("a.b.c"), Some("u:rest"));
        assert!(contexts.read("ours", "a.b u:other\n").is_err());
    }

    #[test]
    fn a_property_has_the_label_of_the_longest_beginning_unless_it_is_named_exactly() {
        let mut contexts = PropertyContexts::default();
        contexts.read("platform", "* u:rest\nctl. u:ctl\nctl.a$ u:a prefix\n").unwrap();
        contexts.read("ours", "ctl.a$x u:x exact string\n").unwrap();
        assert_eq!(contexts.label("ctl.a$x"), Some("u:x"));
        assert_eq!(contexts.label("ctl.a$xy"), Some("u:a"));
        assert_eq!(contexts.label("ctl.b$x"), Some("u:ctl"));
        assert_eq!(contexts.label("sys"), Some("u:rest"));
    }

    #[test]
    fn a_line_that_is_not_understood_is_named() {
        let error = FileContexts::default().read("f", "\n/a b c d\n").unwrap_err();
        assert!(error.to_string().starts_with("f, line 2: "), "{error}");
        assert!(FileContexts::default().read("f", "/a( u:b\n").is_err());
        assert!(PropertyContexts::default().read("f", "a u:a around\n").is_err());
    }
}
