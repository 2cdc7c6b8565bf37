// SPDX-License-Identifier: Apache-2.0
//! What is made of whatever lies in the place of the database when messages are opened.

use std::fs;
use std::os::unix::fs::{symlink, PermissionsExt as _};
use std::path::Path;

use cloudmessaging_seal::Number;

use super::fixture::{open, opened, storage_key, NOW, SERIAL, USER};
use super::store_tests::{before, folder, id, BODY, STEPS};
use super::*;
use crate::file::copied::copied;

fn aside(folder: &Path) -> Vec<Vec<u8>> {
    let files = fs::read_dir(folder).unwrap().map(|file| file.unwrap());
    let aside = |name: &str| name.starts_with("messages.db.aside-") && !name.ends_with("-wal");
    let aside = files.filter(|file| aside(file.file_name().to_str().unwrap()));
    aside.filter(|file| file.path().is_file()).map(|f| fs::read(f.path()).unwrap()).collect()
}

#[test]
fn what_a_newer_version_wrote_is_left_untouched() {
    // In the database itself, and in its log alone.
    for in_log in [false, true] {
        let (mut messages, folder) = before("close");
        let newer = |c: &rusqlite::Connection| c.pragma_update(None, "user_version", 2).unwrap();
        messages.outbox.shelf().unwrap().with_connection(newer);
        let folder = if in_log { copied(folder.path()) } else { folder };
        messages.close();
        let read = || {
            let files = fs::read_dir(folder.path()).unwrap().map(|file| file.unwrap().path());
            let mut files: Vec<_> = files.map(|path| (path.clone(), fs::read(path))).collect();
            files.sort_by(|a, b| a.0.cmp(&b.0));
            files.into_iter().map(|(path, bytes)| (path, bytes.unwrap())).collect::<Vec<_>>()
        };
        let before = read();
        assert_eq!(before.len(), if in_log { 2 } else { 1 });
        let mut messages = Messages::closed();
        let refused = messages.open(folder.path(), USER, SERIAL, &storage_key(), NOW, 0);
        assert_eq!(refused, Err(StoreError::FutureVersion));
        for (name, step) in STEPS {
            assert_eq!(step(&mut messages), Err(StoreError::FutureVersion), "{name}");
        }
        assert!(read() == before, "in the log: {in_log}");
    }
}

#[test]
fn a_damaged_database_is_put_aside_and_a_new_one_takes_its_place() {
    type Damage = fn(&mut Vec<u8>);
    let damages: [(&str, Damage); 4] = [
        ("no database", |bytes| bytes.fill(b'x')),
        ("cut", |bytes| bytes.truncate(bytes.len() / 2)),
        ("a page", |bytes| bytes[4096..8192].fill(0xff)),
        ("no version that there was", |bytes| bytes[60..64].fill(0xff)),
    ];
    for (name, damage) in damages {
        let (mut messages, folder) = before("close");
        messages.close();
        let path = folder.path().join(FILE);
        let mut bytes = fs::read(&path).unwrap();
        damage(&mut bytes);
        fs::write(&path, &bytes).unwrap();
        let mut messages = opened(folder.path());
        assert_eq!(messages.outbox.open().count(), 0, "{name}");
        STEPS[0].1(&mut messages).unwrap();
        assert!(aside(folder.path()) == [bytes], "{name}: as it was found");
        messages.close();
        assert_eq!(opened(folder.path()).outbox.open().count(), 1, "{name}");
    }
}

#[test]
fn a_crash_while_a_database_is_put_aside_brings_back_nothing_older() {
    // All in the log, none of it in the database yet.
    let (_messages, folder) = before("close");
    let folder = copied(folder.path());
    let other = StorageKey::from_bytes(&[1; 32]).unwrap();
    Messages::closed().open(folder.path(), USER, SERIAL, &other, NOW, 0).unwrap();
    let mut names: Vec<_> = fs::read_dir(folder.path())
        .unwrap()
        .map(|file| file.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    let [database, log] = &names[..] else { panic!("{names:?}") };
    assert_eq!(*log, format!("{database}-wal"));
    // Killed between the two renames.
    fs::rename(folder.path().join(log), folder.path().join("messages.db-wal")).unwrap();
    let mut messages = opened(folder.path());
    assert_eq!(messages.outbox.open().count(), 0);
    STEPS[0].1(&mut messages).unwrap();
    messages.close();
    assert_eq!(opened(folder.path()).outbox.open().count(), 1);
}

#[test]
fn what_was_put_aside_is_kept_no_longer_than_a_message() {
    let (mut messages, folder) = before("close");
    messages.close();
    let other = StorageKey::from_bytes(&[1; 32]).unwrap();
    messages.open(folder.path(), USER, SERIAL, &other, NOW, 0).unwrap();
    messages.close();
    fs::create_dir(folder.path().join("messages.db.aside-00")).unwrap();
    let set = |file: &str| {
        let written = std::time::UNIX_EPOCH + std::time::Duration::from_millis(NOW as u64);
        fs::File::open(folder.path().join(file)).unwrap().set_modified(written).unwrap();
    };
    let left = || fs::read_dir(folder.path()).unwrap().map(|file| file.unwrap().file_name());
    left().for_each(|name| set(name.to_str().unwrap()));
    for (later, count) in [(inbox::KEPT_MS, 3), (inbox::KEPT_MS + 1000, 0)] {
        messages.open(folder.path(), USER, SERIAL, &storage_key(), NOW + later, 0).unwrap();
        messages.close();
        assert_eq!(left().count(), count);
    }
}

#[test]
fn a_first_change_that_failed_on_the_disk_stands_in_no_other_s_way() {
    let folder = folder();
    let (mut failed, mut messages) = (opened(folder.path()), opened(folder.path()));
    // Its tables are there, and whoever made them was told that they are not.
    assert_eq!(failed.peers.acknowledge_changes(0), Ok(()));
    let store = failed.outbox.shelf().unwrap();
    assert_eq!(store.write(|_, _| Err::<(), _>(StoreError::Gone)), Err(StoreError::Gone));
    failed.close();
    drop(store);
    assert!(folder.path().join(FILE).exists());
    STEPS[0].1(&mut messages).unwrap();
    messages.close();
    assert_eq!(opened(folder.path()).outbox.open().count(), 1);
}

#[test]
fn a_damaged_row_takes_no_other_with_it() {
    let (mut messages, folder) = before("hand over");
    messages.outbox.shelf().unwrap().with_connection(|c| {
        c.execute("UPDATE outbox SET sealed = zeroblob(200) WHERE row = 2", ()).unwrap();
        // Sealed for another row.
        let other =
            "UPDATE body SET sealed = (SELECT sealed FROM body WHERE row = 1) WHERE row = 3";
        c.execute(other, ()).unwrap();
    });
    messages.close();
    let messages = opened(folder.path());
    let open: Vec<_> = messages.outbox.open().map(|entry| *entry.id()).collect();
    assert_eq!(open, [id(1), id(3), id(4)]);
    assert_eq!(messages.outbox.body(&id(3)), Err(StoreError::Damaged));
    assert_eq!(messages.outbox.body(&id(4)).unwrap().as_str(), BODY);
}

#[test]
fn what_is_damaged_fills_no_page_of_what_is_told() {
    let (mut messages, _folder) = before("acknowledge one outcome");
    let told = messages.outbox.outcomes(0, 100).unwrap();
    let store = |messages: &mut Messages, step: &str| {
        STEPS.iter().find(|s| s.0 == step).unwrap().1(messages).unwrap()
    };
    store(&mut messages, "store");
    let mut other = messages.inbox.inbound(0, 1).unwrap().remove(0).1;
    other.id = id(9);
    let (reader, receipt_key) = ([1; 32], cloudmessaging_seal::PublicKey([2; 32]));
    let answer = Answer { reader, receipt_key, due_ms: 0, until_ms: NOW + 9, record_id: [0; 16] };
    let (first, second) = (other.sender.clone(), Number::parse("+15550199").unwrap());
    messages.inbox.store(other, answer).unwrap();
    for (serial, key) in [(1, [1; 32]), (2, [2; 32])] {
        messages.peers.see(&first, &key, serial, NOW).unwrap();
        messages.peers.see(&second, &key, serial, NOW).unwrap();
    }
    messages.outbox.shelf().unwrap().with_connection(|c| {
        c.execute_batch(
            "UPDATE outcome SET sealed = zeroblob(99) WHERE cursor = (SELECT MIN(cursor) FROM outcome);
             UPDATE inbox SET sealed = zeroblob(99) WHERE cursor = (SELECT MIN(cursor) FROM inbox);
             UPDATE peer SET sealed = zeroblob(99) WHERE row = (SELECT MIN(row) FROM peer);",
        )
        .unwrap();
    });
    assert_eq!(messages.outbox.outcomes(0, 1).unwrap(), told[1..2]);
    assert_eq!(messages.inbox.inbound(0, 1).unwrap()[0].1.id, id(9));
    assert!(messages.peers.changes(1).unwrap()[0].number == second);
}

#[test]
fn another_storage_key_opens_nothing_and_destroys_nothing() {
    let (mut messages, folder) = before("close");
    messages.close();
    let bytes = fs::read(folder.path().join(FILE)).unwrap();
    let other = StorageKey::from_bytes(&[1; 32]).unwrap();
    messages.open(folder.path(), USER, SERIAL, &other, NOW, 0).unwrap();
    assert_eq!(messages.outbox.open().count(), 0);
    assert!(aside(folder.path()) == [bytes]);
}

#[test]
fn another_serial_is_another_person_and_nothing_stays_for_them() {
    let (mut messages, folder) = before("close");
    messages.close();
    fs::write(folder.path().join("messages.db.aside-00"), "of the first one").unwrap();
    fs::write(folder.path().join("record"), "not messages").unwrap();
    messages.open(folder.path(), USER, SERIAL + 1, &storage_key(), NOW, 0).unwrap();
    assert_eq!(messages.outbox.open().count(), 0);
    let left: Vec<_> =
        fs::read_dir(folder.path()).unwrap().map(|f| f.unwrap().file_name()).collect();
    assert_eq!(left, ["record"]);

    let (mut messages, folder) = before("close");
    messages.forget(folder.path()).unwrap();
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    assert_eq!(STEPS[0].1(&mut messages), Err(StoreError::Locked));
}

#[test]
fn whatever_stands_in_the_place_of_the_database_is_not_read() {
    type Put = fn(&Path);
    let puts: [(&str, Put); 4] = [
        ("a directory", |path| fs::create_dir(path).unwrap()),
        ("a link", |path| symlink("/dev/null", path).unwrap()),
        ("everybody's", |path| fs::write(path, "").unwrap()),
        ("a second name", |path| {
            fs::write(path, "").unwrap();
            fs::set_permissions(path, fs::Permissions::from_mode(0o600)).unwrap();
            fs::hard_link(path, path.with_extension("other")).unwrap();
        }),
    ];
    for (name, put) in puts {
        let folder = folder();
        put(&folder.path().join(FILE));
        let mut messages = opened(folder.path());
        STEPS[0].1(&mut messages).unwrap();
        messages.close();
        assert_eq!(opened(folder.path()).outbox.open().count(), 1, "{name}");
    }
}

#[test]
fn a_file_that_a_crash_left_empty_is_used() {
    let folder = folder();
    let path = folder.path().join(FILE);
    fs::write(&path, "").unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    let mut messages = opened(folder.path());
    STEPS[0].1(&mut messages).unwrap();
    assert!(aside(folder.path()).is_empty());
    assert_eq!(opened(copied(folder.path()).path()).outbox.open().count(), 1);
}

#[test]
fn two_gates_do_not_share_a_database() {
    let (_messages, folder) = before("close");
    assert_eq!(open(folder.path()).unwrap_err(), StoreError::Disk(ErrorCode::DatabaseBusy));
}
