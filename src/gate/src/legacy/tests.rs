// SPDX-License-Identifier: Apache-2.0
use std::fs;
use std::path::PathBuf;

use cloudmessaging_config::legacy::{Legacy, Table};
use nix::sys::stat::Mode;
use serde_json::{json, Value as Json};
use tempfile::TempDir;

use super::*;
use crate::file::copied::copied;
use crate::file::faults;
use crate::service::facade::Personal;

const USERS: [(i32, i64); 2] = [(0, 7), (10, 8)];
/// More than any operation here makes.
const CHANGES: usize = 64;

/// A phone to which this module came.
struct Phone {
    data: TempDir,
    /// What the earlier service left.
    old: TempDir,
    items: Json,
}

impl Phone {
    fn new(items: impl FnOnce(&str) -> Json) -> Self {
        let (data, old) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let items = items(old.path().to_str().unwrap());
        Self { data, old, items }
    }

    /// One whose earlier service was on and had registered each user, in a file of text.
    fn with_text() -> Self {
        let phone = Self::new(|old| {
            json!([
                {"file": format!("{old}/{{user}}.txt"), "format": "text",
                 "values": {"on": ["on"], "off": [], "both": ["on", "registered"]}},
            ])
        });
        phone.put("0.txt", "both");
        phone.put("10.txt", "off");
        phone
    }

    fn put(&self, name: &str, content: &str) {
        fs::write(self.old.path().join(name), content).unwrap();
    }

    /// The gate starts.
    fn start(&self) -> Leftovers {
        self.start_on(self.data.path())
    }

    fn start_on(&self, data: &Path) -> Leftovers {
        let list = json!({
            "items": self.items,
            "texts": {"en": {"name": "Acme Chat", "erasure": "Write to us."}},
        });
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("legacy.json"), list.to_string()).unwrap();
        let list = Legacy::load_beside(&folder.path().join("config.json")).unwrap();
        Leftovers::new(list, data)
    }

    /// What is found of user 0 by the first start.
    fn found(&self) -> Found {
        let legacy = self.start();
        legacy.look(&USERS);
        legacy.found(0, 7)
    }
}

fn found(on: bool, registered: bool) -> Found {
    Found { found: true, on, registered, settings_read: true, told: false }
}

#[test]
fn each_user_is_told_of_what_was_found_of_them() {
    let phone = Phone::with_text();
    let legacy = phone.start();
    assert_eq!(legacy.found(0, 7), Found::default(), "before it was looked for");
    legacy.look(&USERS);
    assert_eq!(legacy.found(0, 7), found(true, true));
    assert_eq!(legacy.found(10, 8), found(false, false));
    assert_eq!(legacy.found(10, 9), Found::default(), "another person under that id");
    assert_eq!(legacy.found(11, 9), Found::default());
    assert!(legacy.found(0, 7).is_to_be_told());
    assert!(!legacy.found(10, 8).is_to_be_told());
}

#[test]
fn what_is_the_phones_is_said_to_everyone_who_was_there() {
    let phone = Phone::new(|old| json!([{"there": old, "means": ["on"]}]));
    phone.put("anything", "");
    let legacy = phone.start();
    legacy.look(&USERS);
    assert_eq!(legacy.found(0, 7), found(true, false));
    assert_eq!(legacy.found(10, 8), found(true, false));
    legacy.look(&[(0, 7), (10, 8), (11, 9)]);
    assert_eq!(legacy.found(11, 9), Found::default(), "who came later never had it");
}

#[test]
fn nothing_is_read_a_second_time() {
    let phone = Phone::with_text();
    phone.start().look(&USERS);
    phone.put("0.txt", "off");
    phone.put("10.txt", "both");
    for _ in 0..2 {
        let legacy = phone.start();
        legacy.look(&USERS);
        assert_eq!(legacy.found(0, 7), found(true, true));
        assert_eq!(legacy.found(10, 8), found(false, false));
    }
}

#[test]
fn a_phone_on_which_nothing_was_found_does_not_look_again() {
    let phone = Phone::with_text();
    for name in ["0.txt", "10.txt"] {
        fs::remove_file(phone.old.path().join(name)).unwrap();
    }
    phone.start().look(&USERS);
    phone.put("0.txt", "both");
    assert_eq!(phone.found(), Found::default());
}

#[test]
fn a_mark_that_cannot_be_read_says_that_it_was_looked_for() {
    for damage in ["garbage", "", "a directory"] {
        let phone = Phone::with_text();
        let mark = phone.data.path().join("legacy");
        match damage {
            "a directory" => fs::create_dir(mark).unwrap(),
            bytes => fs::write(mark, bytes).unwrap(),
        }
        assert_eq!(phone.found(), Found::default(), "{damage}");
        assert!(!phone.data.path().join("0/legacy").exists(), "{damage}");
    }
}

#[test]
fn a_record_that_cannot_be_read_says_nothing_and_one_of_a_newer_version_is_left() {
    let phone = Phone::with_text();
    phone.start().look(&USERS);
    let file = phone.data.path().join("0/legacy");
    for bytes in [&b"\xff\xff"[..], b"", &[8, 2, 16, 7, 24, 1, 32, 1]] {
        fs::write(&file, bytes).unwrap();
        let legacy = phone.start();
        assert_eq!(legacy.found(0, 7), Found::default());
        assert!(!legacy.told(0, 7).unwrap());
        assert!(!legacy.said(0, 7, &[]).unwrap());
        assert_eq!(fs::read(&file).unwrap(), bytes);
    }
}

#[test]
fn a_first_start_cut_anywhere_finds_the_same_when_it_is_repeated() {
    let mut whole = false;
    for at in 0..CHANGES {
        let phone = Phone::with_text();
        faults::from(at);
        let legacy = phone.start();
        legacy.look(&USERS);
        // Nobody is told what may be found anew.
        let shown = legacy.found(0, 7);
        let told = legacy.told(0, 7).is_ok_and(|told| told);
        whole = faults::seen().len() <= at;
        faults::none();
        let disk = copied(phone.data.path());
        let legacy = phone.start_on(disk.path());
        legacy.look(&USERS);
        let after = legacy.found(0, 7);
        assert_eq!(Found { told: false, ..after }, found(true, true), "cut at {at}");
        assert!(shown == Found::default() || shown == found(true, true), "cut at {at}: {shown:?}");
        assert!(!told || after.told, "told again, cut at {at}");
        assert_eq!(legacy.found(10, 8), found(false, false), "cut at {at}");
        if whole {
            break;
        }
    }
    assert!(whole, "the last round is the one in which nothing failed");
}

#[test]
fn an_owner_who_was_told_is_not_told_again() {
    let phone = Phone::with_text();
    let legacy = phone.start();
    legacy.look(&USERS);
    assert!(legacy.told(0, 7).unwrap());
    assert!(!legacy.told(0, 7).unwrap(), "nothing has changed");
    let legacy = phone.start();
    legacy.look(&USERS);
    assert!(!legacy.found(0, 7).is_to_be_told());
    assert!(legacy.found(0, 7).registered, "the page goes on saying so");
}

#[test]
fn what_the_disk_does_not_take_is_not_told() {
    let phone = Phone::with_text();
    let legacy = phone.start();
    legacy.look(&USERS);
    faults::once(0);
    let told = legacy.told(0, 7);
    faults::none();
    assert!(matches!(told, Err(LegacyError::File(_))));
    assert!(legacy.found(0, 7).is_to_be_told());
    assert!(legacy.told(0, 7).unwrap());
}

fn setting(key: &str, value: Option<&str>) -> SettingValue {
    let name = SettingName { table: Table::Secure, key: key.into() };
    SettingValue { name, value: value.map(Personal::new) }
}

fn with_settings() -> Phone {
    Phone::new(|old| {
        json!([
            {"setting": "secure/on", "values": {"1": ["on"], "0": []}},
            {"setting": "secure/id", "values": {"yes": ["registered"]}},
            {"there": format!("{old}/keys"), "means": ["registered"]},
        ])
    })
}

#[test]
fn settings_are_asked_for_until_they_were_reported_and_never_after() {
    let phone = with_settings();
    let legacy = phone.start();
    assert_eq!(legacy.wanted(0, 7), [], "nobody knows yet who is there");
    legacy.look(&[(0, 7)]);
    let keys: Vec<_> = legacy.wanted(0, 7).into_iter().map(|name| name.key).collect();
    assert_eq!(keys, ["id", "on"]);
    assert_eq!(legacy.wanted(0, 8), [], "somebody else");
    assert_eq!(legacy.wanted(10, 8), [], "who came later");
    let half = legacy.said(0, 7, &[setting("on", Some("1"))]);
    assert!(matches!(half, Err(LegacyError::Incomplete)));
    assert!(!legacy.found(0, 7).found, "half of it is nothing");
    let legacy = phone.start();
    assert_eq!(legacy.wanted(0, 7).len(), 2);
    assert!(legacy.said(0, 7, &[setting("on", Some("1")), setting("id", None)]).unwrap());
    assert_eq!(legacy.found(0, 7), found(true, false));
    assert_eq!(legacy.wanted(0, 7), []);
    let again = [setting("on", Some("0")), setting("id", Some("yes"))];
    assert!(!legacy.said(0, 7, &again).unwrap());
    let legacy = phone.start();
    assert_eq!(legacy.wanted(0, 7), []);
    assert!(!legacy.said(0, 7, &again).unwrap());
    assert_eq!(legacy.found(0, 7), found(true, false));
}

#[test]
fn a_setting_that_nobody_understands_was_found_and_means_nothing() {
    let long = "1".repeat(256);
    for value in ["", "true", "1 ", "\u{0}", &long] {
        let phone = with_settings();
        let legacy = phone.start();
        legacy.look(&[(0, 7)]);
        legacy.said(0, 7, &[setting("on", Some(value)), setting("id", None)]).unwrap();
        assert_eq!(legacy.found(0, 7), found(false, false), "{value:?}");
    }
    let phone = with_settings();
    let legacy = phone.start();
    legacy.look(&[(0, 7)]);
    legacy.said(0, 7, &[setting("on", None), setting("id", None)]).unwrap();
    assert!(!legacy.found(0, 7).found);
}

#[test]
fn what_is_no_file_is_found_and_not_waited_for() {
    let text = |name: &str| {
        Phone::new(
            |old| json!([{"file": format!("{old}/{name}"), "format": "text", "values": {"on": ["on"]}}]),
        )
    };
    type Make = fn(PathBuf);
    let make: [(&str, Make); 5] = [
        ("a directory", |path| fs::create_dir(path).unwrap()),
        ("a FIFO", |path| nix::unistd::mkfifo(&path, Mode::S_IRWXU).unwrap()),
        ("a link", |path| {
            fs::write(path.with_extension("real"), "on").unwrap();
            std::os::unix::fs::symlink(path.with_extension("real"), path).unwrap();
        }),
        ("too large", |path| fs::write(path, "on".repeat(200_000)).unwrap()),
        ("no text", |path| fs::write(path, [0xff, 0xfe, b'o']).unwrap()),
    ];
    for (what, make) in make {
        let phone = text("state");
        make(phone.old.path().join("state"));
        assert_eq!(phone.found(), found(false, false), "{what}");
    }
    let phone = text("state");
    assert_eq!(phone.found(), Found::default(), "nothing");
    let phone = text("state/below");
    phone.put("state", "a file");
    assert_eq!(phone.found(), Found::default(), "below what is no directory");
}

#[test]
fn an_empty_directory_is_as_if_it_were_not_there() {
    let there = || Phone::new(|old| json!([{"there": format!("{old}/keys"), "means": ["on"]}]));
    let phone = there();
    fs::create_dir(phone.old.path().join("keys")).unwrap();
    assert_eq!(phone.found(), Found::default());
    let phone = there();
    phone.put("keys", "");
    assert_eq!(phone.found(), found(true, false), "an empty file is there");
    let phone = there();
    std::os::unix::fs::symlink("/", phone.old.path().join("keys")).unwrap();
    assert_eq!(phone.found(), found(false, false), "a link to elsewhere");
}
