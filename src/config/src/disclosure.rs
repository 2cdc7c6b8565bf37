// SPDX-License-Identifier: Apache-2.0
//! The texts that an owner is shown before being asked, as the build ships them.
//!
//! A directory holds `<BCP 47 tag>.txt` for each language, `en.txt` among them. The first line is
//! `version: N`; lines `new in N: ...` may follow, which say in a sentence what a version reveals that the one before
//! did not; the rest, byte for byte, is what is shown and what the SHA-256 in a record is over. All
//! files of a build have one version: it rises with each widening of what is revealed, and a translation
//! that lags behind would ask for less than is taken.
//!
//! `earlier.json`, if there is one, lists texts of earlier builds:
//! `{"earlier": [{"version": 1, "locale": "en", "sha256": "<64 hex>"}]}`. A consent to a listed text of the version that
//! is current holds on: it was reworded since, or says less. One to a listed text of an earlier version is outdated, and
//! its owner is told what is new: for each version after the first one listed there has to be such a line. One to a text
//! that is not listed is unknown. Outdated and unknown read as off.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use ring::digest;
use serde::Deserialize;

use crate::Parties;

/// The longest text, in bytes.
pub const MAX_TEXT: usize = 32 * 1024;

/// The longest tag that is accepted (RFC 5646, section 4.4.1), in characters.
pub const MAX_TAG: usize = 35;

/// The most lines that say what is new.
const MAX_NEWS: usize = 16;

/// The longest of them, in bytes.
const MAX_NEWS_TEXT: usize = 1024;

/// The language that every build ships.
pub(crate) const FALLBACK: &str = "en";
const EARLIER: &str = "earlier.json";
const EARLIER_MAX: u64 = 1024 * 1024;

/// What is wrong with the disclosures that a build ships, and in which file.
#[derive(Debug, thiserror::Error)]
pub enum DisclosureError {
    /// It could not be read.
    #[error("{file}: {source}")]
    Io {
        /// The file or directory.
        file: String,
        /// What the kernel said.
        #[source]
        source: std::io::Error,
    },
    /// It is not what a disclosure has to be.
    #[error("{file}: {wrong}")]
    Malformed {
        /// The file.
        file: String,
        /// What is wrong with it.
        wrong: String,
    },
    /// There is no English text, which is what other languages fall back to.
    #[error("{0}: no en.txt")]
    NoFallback(String),
}

/// One text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Disclosure {
    version: u32,
    locale: String,
    text: String,
    sha256: [u8; 32],
    /// What is new, each with the version that it is new in.
    news: Vec<(u32, String)>,
}

impl Disclosure {
    /// Rises with each widening of what is revealed; 1 or more.
    pub fn version(&self) -> u32 {
        self.version
    }

    /// BCP 47 tag of the text.
    pub fn locale(&self) -> &str {
        &self.locale
    }

    /// The text that is shown.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// What it reveals that one of this version did not, oldest first.
    pub fn news_since(&self, version: u32) -> impl Iterator<Item = &str> {
        self.news.iter().filter(move |(new_in, _)| *new_in > version).map(|(_, what)| what.as_str())
    }

    /// SHA-256 of the text.
    pub fn sha256(&self) -> &[u8; 32] {
        &self.sha256
    }
}

/// What a disclosure that a record names is to this build.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DisclosureStatus {
    /// Of the current version: shipped, or known as one that said no less.
    Current,
    /// Known, of an earlier version: more is revealed now than was agreed to.
    Outdated,
    /// Neither shipped nor known, or of a version that this build does not have yet.
    Unknown,
}

/// All texts of a build.
#[derive(Debug)]
pub struct Disclosures {
    version: u32,
    /// By tag, in lower case.
    texts: BTreeMap<String, Disclosure>,
    /// SHA-256 and version of what earlier builds shipped.
    earlier: Vec<([u8; 32], u32)>,
    parties: Parties,
}

impl Disclosures {
    /// Loads what the build ships in `directory`; what it says is revealed goes to these.
    pub fn load(directory: &Path, parties: Parties) -> Result<Self, DisclosureError> {
        let shown = directory.display().to_string();
        let io = |source| DisclosureError::Io { file: shown.clone(), source };
        let mut texts = BTreeMap::new();
        for entry in fs::read_dir(directory).map_err(io)? {
            let path = entry.map_err(io)?.path();
            if path.extension().is_some_and(|extension| extension == "txt") {
                let disclosure = load_text(&path)?;
                let key = disclosure.locale.to_ascii_lowercase();
                if texts.insert(key, disclosure).is_some() {
                    return Err(malformed(&path, "another file has the same tag"));
                }
            }
        }
        let fallback: &Disclosure =
            texts.get(FALLBACK).ok_or_else(|| DisclosureError::NoFallback(shown.clone()))?;
        let version = fallback.version;
        if let Some(other) = texts.values().find(|text| text.version != version) {
            let wrong = format!("version {}, but en.txt is version {version}", other.version);
            return Err(malformed(&directory.join(format!("{}.txt", other.locale)), wrong));
        }
        let earlier = load_earlier(&directory.join(EARLIER), version)?;
        let oldest = earlier.iter().map(|(_, version)| *version).min().unwrap_or(version);
        for text in texts.values() {
            let silent = |new_in: &u32| text.news.iter().all(|(version, _)| version != new_in);
            if let Some(new_in) = (oldest + 1..=version).find(silent) {
                let wrong = format!("no line `new in {new_in}: ...`, for who agreed to less");
                return Err(malformed(&directory.join(format!("{}.txt", text.locale)), wrong));
            }
        }
        Ok(Self { version, texts, earlier, parties })
    }

    /// Who gets what is revealed.
    pub fn parties(&self) -> &Parties {
        &self.parties
    }

    /// The version of every text of this build.
    pub fn version(&self) -> u32 {
        self.version
    }

    /// The closest text there is, English in the end.
    pub fn lookup(&self, locale: &str) -> &Disclosure {
        // Checked when they were loaded.
        closest(&self.texts, locale).unwrap_or_else(|| &self.texts[FALLBACK])
    }

    /// The text with this hash, if this build ships it.
    pub fn by_hash(&self, sha256: &[u8]) -> Option<&Disclosure> {
        self.texts.values().find(|text| text.sha256 == sha256)
    }

    /// What the disclosure that a record names is to this build.
    pub fn status(&self, version: u32, sha256: &[u8; 32]) -> DisclosureStatus {
        if version > self.version {
            return DisclosureStatus::Unknown;
        }
        let known = self.by_hash(sha256).is_some() || self.earlier.contains(&(*sha256, version));
        match known {
            true if version == self.version => DisclosureStatus::Current,
            true => DisclosureStatus::Outdated,
            false => DisclosureStatus::Unknown,
        }
    }
}

/// The closest of texts by their tags in lower case: the tag itself, the tag with its end cut off subtag by subtag
/// (RFC 4647 lookup), any text of the language, English.
pub(crate) fn closest<'a, T>(texts: &'a BTreeMap<String, T>, locale: &str) -> Option<&'a T> {
    let wanted = locale.to_ascii_lowercase().replace('_', "-");
    let mut range = wanted.as_str();
    loop {
        if let Some(text) = texts.get(range) {
            return Some(text);
        }
        match range.rsplit_once('-') {
            Some((shorter, _)) => range = shorter,
            None => break,
        }
    }
    let language = format!("{range}-");
    let of_language = texts.iter().find(|(tag, _)| tag.starts_with(&language));
    of_language.map(|(_, text)| text).or_else(|| texts.get(FALLBACK))
}

/// Whether this is a well-formed tag, as far as it matters: subtags of 1 to 8 letters and digits, the
/// first of 2 or more letters, [`MAX_TAG`] characters at most.
pub fn is_tag(tag: &str) -> bool {
    let mut subtags = tag.split('-');
    let language = subtags.next().unwrap_or_default();
    tag.len() <= MAX_TAG
        && (2..=8).contains(&language.len())
        && language.bytes().all(|b| b.is_ascii_alphabetic())
        && subtags
            .all(|s| (1..=8).contains(&s.len()) && s.bytes().all(|b| b.is_ascii_alphanumeric()))
}

fn malformed(path: &Path, wrong: impl Into<String>) -> DisclosureError {
    DisclosureError::Malformed { file: path.display().to_string(), wrong: wrong.into() }
}

fn load_text(path: &Path) -> Result<Disclosure, DisclosureError> {
    let locale = path.file_stem().and_then(|stem| stem.to_str()).filter(|stem| is_tag(stem));
    let locale = locale.ok_or_else(|| malformed(path, "the name is not a BCP 47 tag"))?;
    let content = read(path, (MAX_TEXT + MAX_NEWS * (MAX_NEWS_TEXT + 32) + 64) as u64)?;
    let (header, text) =
        content.split_once('\n').ok_or_else(|| malformed(path, "no line `version: N`"))?;
    let version = header
        .strip_prefix("version: ")
        .and_then(|number| number.parse::<u32>().ok())
        .filter(|version| *version >= 1)
        .ok_or_else(|| malformed(path, "the first line is not `version: N`, N at least 1"))?;
    let (news, text) = load_news(path, version, text)?;
    if text.trim().is_empty() {
        return Err(malformed(path, "no text"));
    }
    if text.len() > MAX_TEXT {
        return Err(malformed(path, format!("{} bytes of text, {MAX_TEXT} at most", text.len())));
    }
    // What a terminal or a page would not show as it stands must not be in what an owner agrees to.
    if text.chars().any(|c| c.is_control() && c != '\n') {
        return Err(malformed(path, "a control character in the text"));
    }
    let text = text.to_owned();
    Ok(Disclosure { version, locale: locale.to_owned(), sha256: sha256(&text), text, news })
}

/// What is new, each with the version that it is new in; and what follows.
type News<'a> = (Vec<(u32, String)>, &'a str);

fn load_news<'a>(
    path: &Path,
    version: u32,
    mut text: &'a str,
) -> Result<News<'a>, DisclosureError> {
    let mut news: Vec<(u32, String)> = Vec::new();
    while let Some(line) = text.strip_prefix("new in ") {
        let (line, rest) = line.split_once('\n').unwrap_or((line, ""));
        let wrong = || malformed(path, "a line is not `new in N: ...`, N ascending from 2");
        let (new_in, what) = line.split_once(": ").ok_or_else(wrong)?;
        let new_in: u32 = new_in.parse().map_err(|_| wrong())?;
        let before = news.last().map_or(2, |(before, _)| *before);
        if !(before..=version).contains(&new_in) || what.trim().is_empty() || news.len() == MAX_NEWS
        {
            return Err(wrong());
        }
        if what.len() > MAX_NEWS_TEXT || what.chars().any(char::is_control) {
            return Err(malformed(path, "what is new takes more than a line of 1 KiB"));
        }
        news.push((new_in, what.to_owned()));
        text = rest;
    }
    Ok((news, text))
}

fn load_earlier(path: &Path, current: u32) -> Result<Vec<([u8; 32], u32)>, DisclosureError> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct File {
        earlier: Vec<Entry>,
    }
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Entry {
        version: u32,
        /// For whoever keeps the list.
        #[serde(rename = "locale")]
        _locale: String,
        sha256: String,
    }
    if !path.try_exists().unwrap_or(true) {
        return Ok(Vec::new());
    }
    let file: File = serde_json::from_str(&read(path, EARLIER_MAX)?)
        .map_err(|e| malformed(path, e.to_string()))?;
    let mut known = Vec::with_capacity(file.earlier.len());
    for (at, entry) in file.earlier.iter().enumerate() {
        if entry.version == 0 || entry.version > current {
            return Err(malformed(path, format!("earlier[{at}].version is not 1 to {current}")));
        }
        let mut sha256 = [0; 32];
        hex::decode_to_slice(&entry.sha256, &mut sha256)
            .map_err(|_| malformed(path, format!("earlier[{at}].sha256 is not 64 hex digits")))?;
        known.push((sha256, entry.version));
    }
    Ok(known)
}

fn read(path: &Path, max: u64) -> Result<String, DisclosureError> {
    use std::io::Read as _;
    let io = |source| DisclosureError::Io { file: path.display().to_string(), source };
    let mut bytes = Vec::new();
    fs::File::open(path).map_err(io)?.take(max + 1).read_to_end(&mut bytes).map_err(io)?;
    if bytes.len() as u64 > max {
        return Err(malformed(path, "too large"));
    }
    String::from_utf8(bytes).map_err(|_| malformed(path, "not UTF-8"))
}

fn sha256(text: &str) -> [u8; 32] {
    let mut out = [0; 32];
    out.copy_from_slice(digest::digest(&digest::SHA256, text.as_bytes()).as_ref());
    out
}

#[cfg(test)]
mod tests;
