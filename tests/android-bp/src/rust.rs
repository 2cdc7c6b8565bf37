// SPDX-License-Identifier: Apache-2.0
//! The files that a crate consists of, found as rustc finds them: from its root, by its `mod` lines.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::{root, text};

/// In an attribute: not on a phone.
const HOST: &str = "not(target_os = \"android\")";

/// Which files.
#[derive(Clone, Copy)]
pub enum Which {
    /// What a phone has.
    Phone,
    /// That, and the tests of it.
    Tested,
    /// All, those for a Linux host too.
    All,
}

/// The files of a crate, relative to the project's folder.
pub fn files_of(crate_root: &str, which: Which) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    visit(crate_root, true, which, &mut found);
    found
}

fn visit(file: &str, is_root: bool, which: Which, found: &mut BTreeSet<String>) {
    if !found.insert(file.to_owned()) {
        return;
    }
    let path = Path::new(file);
    let here = path.parent().unwrap();
    let inner = match path.file_stem().unwrap().to_str().unwrap() {
        _ if is_root => here.to_owned(),
        "mod" => here.to_owned(),
        stem => here.join(stem),
    };
    for part in parts(&text(file)) {
        match which {
            Which::Phone if part.is_test || part.is_host => continue,
            Which::Tested if part.is_host => continue,
            _ => {}
        }
        let all = matches!(which, Which::All);
        let given = part.paths.iter().filter(|(_, for_host)| all || !for_host);
        let mut next: Vec<_> = given.map(|(path, _)| here.join(path)).collect();
        if part.paths.is_empty() {
            let beside = inner.join(format!("{}.rs", part.name));
            next.push(match root().join(&beside).exists() {
                true => beside,
                false => inner.join(&part.name).join("mod.rs"),
            });
        }
        for next in next.iter().map(|next| plain(next)) {
            assert!(root().join(&next).exists(), "{file}: there is no {next}, for {}", part.name);
            visit(&next, false, which, found);
        }
    }
}

/// A `mod` without a body, or an `include!`.
struct Part {
    name: String,
    /// Given by attributes: one, or one for each system, and whether that is a host.
    paths: Vec<(String, bool)>,
    is_test: bool,
    is_host: bool,
}

fn parts(source: &str) -> Vec<Part> {
    let mut parts = Vec::new();
    let (mut paths, mut is_test, mut is_host) = (Vec::new(), false, false);
    for line in source.lines().map(str::trim) {
        let path = line.split_once("path = \"").filter(|_| line.starts_with("#["));
        if let Some((_, rest)) = path {
            let for_host = line.contains(HOST);
            paths.extend(rest.split('"').next().map(|path| (path.to_owned(), for_host)));
        } else if line.starts_with("#[cfg(test)]") {
            is_test = true;
        } else if line.starts_with("#[cfg(") && line.contains(HOST) {
            is_host = true;
        } else if line.starts_with("#[") || line.starts_with("//") {
            // Another attribute of the same item.
        } else {
            let after_mod = line.split_once("mod ").filter(|(before, _)| {
                before.is_empty() || (before.starts_with("pub") && before.ends_with(' '))
            });
            if let Some(name) = after_mod.and_then(|(_, rest)| rest.strip_suffix(';')) {
                parts.push(Part { name: name.to_owned(), paths: paths.clone(), is_test, is_host });
            }
            if let Some(file) = line.split_once("include!(\"").and_then(|(_, r)| r.split_once('"'))
            {
                let paths = vec![(file.0.to_owned(), false)];
                parts.push(Part { name: "include!".to_owned(), paths, is_test, is_host });
            }
            (paths, is_test, is_host) = (Vec::new(), false, false);
        }
    }
    parts
}

/// Without `..`.
fn plain(path: &Path) -> String {
    let mut plain = PathBuf::new();
    for part in path.components() {
        match part {
            std::path::Component::ParentDir => assert!(plain.pop()),
            other => plain.push(other),
        }
    }
    plain.to_str().unwrap().to_owned()
}

/// Whether these files name the crate: `name::`, `use name;`, `use name as`.
pub fn name(files: &BTreeSet<String>, krate: &str) -> bool {
    files.iter().any(|file| {
        text(file).lines().map(str::trim_start).filter(|line| !line.starts_with("//")).any(|line| {
            let starts = |at: usize| {
                let before = line[..at].chars().next_back();
                !before.is_some_and(|c| c.is_alphanumeric() || c == '_' || c == ':')
                    || line[..at].ends_with(" ::")
                    || line[..at].ends_with("(::")
                    || line[..at].ends_with("<::")
                    || line[..at] == *"::"
            };
            line.match_indices(krate).any(|(at, _)| {
                let after = &line[at + krate.len()..];
                let used = line.starts_with("use ")
                    && (after.starts_with(';') || after.starts_with(" as "));
                starts(at) && (after.starts_with("::") || used)
            })
        })
    })
}
