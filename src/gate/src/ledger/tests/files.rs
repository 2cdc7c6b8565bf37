// SPDX-License-Identifier: Apache-2.0
//! What the folder and its files have to be.

use std::os::unix::fs::{symlink, MetadataExt, PermissionsExt};

use super::*;

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().mode() & 0o7777
}

fn foreign(file: &str, found: &'static str) -> LedgerError {
    LedgerError::Foreign { file: file.to_owned(), found }
}

#[test]
fn folder_and_segments_are_the_owners_alone() {
    let place = Place::new();
    place.open().unwrap().append(event(0)).unwrap();
    assert_eq!((mode(&place.ledger), mode(&place.segment(0))), (0o700, 0o600));
}

#[test]
fn what_others_may_read_is_refused() {
    let place = Place::new();
    place.open().unwrap().append(event(0)).unwrap();
    fs::set_permissions(place.segment(0), fs::Permissions::from_mode(0o640)).unwrap();
    assert_eq!(place.fails(), foreign(&disk_name(0), "open to other users"));
    fs::set_permissions(place.segment(0), fs::Permissions::from_mode(0o600)).unwrap();
    fs::set_permissions(&place.ledger, fs::Permissions::from_mode(0o755)).unwrap();
    assert_eq!(place.fails(), foreign(".", "open to other users"));
}

#[test]
fn a_symlink_is_refused_as_folder_and_as_segment() {
    let place = Place::new();
    let elsewhere = Place::new();
    elsewhere.open().unwrap().append(event(0)).unwrap();

    symlink(&elsewhere.ledger, &place.ledger).unwrap();
    assert_eq!(place.fails(), foreign(".", "not a folder"));
    fs::remove_file(&place.ledger).unwrap();

    drop(place.open().unwrap());
    symlink(elsewhere.segment(0), place.segment(0)).unwrap();
    assert_eq!(place.fails(), foreign(&disk_name(0), "a symlink"));
}

#[test]
fn a_symlink_where_the_next_segment_goes_is_not_followed() {
    let place = Place::new();
    let target = place.ledger.with_file_name("target");
    let ledger = place.open().unwrap();
    symlink(&target, place.segment(0)).unwrap();
    assert!(matches!(
        ledger.append(event(0)),
        Err(LedgerError::Io { attempt: Attempt::MakeSegment, .. })
    ));
    assert!(!target.exists());
}

#[test]
fn a_folder_or_a_fifo_in_place_of_a_segment_is_refused() {
    let place = Place::new();
    drop(place.open().unwrap());
    fs::create_dir(place.segment(0)).unwrap();
    assert_eq!(place.fails(), foreign(&disk_name(0), "a folder"));
    fs::remove_dir(place.segment(0)).unwrap();
    nix::unistd::mkfifo(&place.segment(0), nix::sys::stat::Mode::S_IRWXU).unwrap();
    assert_eq!(place.fails(), foreign(&disk_name(0), "not a regular file"));
}

#[test]
fn an_absent_parent_is_named_as_the_folder_that_cannot_be_opened() {
    let place = Place::new();
    let missing = place.ledger.join("a").join("b");
    let error = Ledger::open(&missing, place.clock.clone()).err().unwrap();
    assert!(error.to_string().starts_with("cannot open the folder ."), "{error}");
}

#[test]
fn one_ledger_is_open_once() {
    let place = Place::new();
    let ledger = place.open().unwrap();
    assert_eq!(place.fails(), LedgerError::InUse);
    drop(ledger);
    place.open().unwrap();
}

#[test]
fn other_files_in_the_folder_are_neither_read_nor_touched() {
    let place = Place::new();
    drop(place.open().unwrap());
    for name in ["1.seg", "+0000000000000000000.seg", "00000000000000000000.seg.tmp", "notes"] {
        fs::write(place.ledger.join(name), "x").unwrap();
    }
    assert_eq!(place.open().unwrap().append(event(0)), Ok(0));
    assert_eq!(fs::read(place.ledger.join("1.seg")).unwrap(), b"x");
}

#[test]
fn descriptors_do_not_survive_an_exec() {
    let place = Place::new();
    let ledger = place.open().unwrap();
    ledger.append(event(0)).unwrap();
    let path = place.ledger.to_str().unwrap();
    let mut open = 0;
    for fd in fs::read_dir("/proc/self/fd").unwrap().flatten() {
        let Ok(target) = fs::read_link(fd.path()) else { continue };
        if target.to_str().is_some_and(|t| t.starts_with(path)) {
            open += 1;
            let info = Path::new("/proc/self/fdinfo").join(fd.file_name());
            let flags = fs::read_to_string(info).unwrap();
            let flags =
                flags.lines().find_map(|l| l.strip_prefix("flags:")).unwrap().trim().to_owned();
            let flags = i32::from_str_radix(&flags, 8).unwrap();
            assert_ne!(flags & nix::fcntl::OFlag::O_CLOEXEC.bits(), 0, "{}", target.display());
        }
    }
    assert_eq!(open, 2, "the folder and the last segment, whatever the number of segments");
}
