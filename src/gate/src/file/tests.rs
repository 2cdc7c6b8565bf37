// SPDX-License-Identifier: Apache-2.0
use std::os::unix::fs::symlink;
use std::os::unix::net::UnixListener;

use super::*;
use nix::sys::stat::Mode;
use nix::unistd::mkfifo;

const MAX: usize = 64;

/// A directory that is made by the first write, and the file in it.
fn place() -> (tempfile::TempDir, PathBuf, DurableFile) {
    let parent = tempfile::tempdir().unwrap();
    let directory = parent.path().join("0");
    let file = DurableFile::new(&directory, "it", MAX);
    (parent, directory, file)
}

fn content(file: &DurableFile) -> Result<Vec<u8>, Unreadable> {
    file.read().map(|bytes| bytes.to_vec())
}

/// The names in a directory, sorted.
fn names(directory: &Path) -> Vec<String> {
    let mut names: Vec<_> = fs::read_dir(directory)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

fn is_root() -> bool {
    geteuid().is_root()
}

#[test]
fn what_is_written_is_read_and_what_is_removed_is_absent() {
    let (_parent, directory, file) = place();
    assert_eq!(content(&file), Err(Unreadable::Absent));
    file.write(b"one").unwrap();
    assert_eq!(content(&file), Ok(b"one".to_vec()));
    file.write(b"two").unwrap();
    assert_eq!(content(&file), Ok(b"two".to_vec()));
    file.remove().unwrap();
    assert_eq!(content(&file), Err(Unreadable::Absent));
    file.remove().unwrap();
    assert_eq!(names(&directory), [""; 0]);
}

#[test]
fn removing_where_nothing_ever_was_makes_nothing() {
    let (_parent, directory, file) = place();
    file.remove().unwrap();
    assert!(!directory.exists());
}

#[test]
fn file_and_directory_are_the_users_alone() {
    let (_parent, directory, file) = place();
    file.write(b"one").unwrap();
    let mode = |path: &Path| fs::metadata(path).unwrap().mode() & 0o7777;
    assert_eq!(mode(&directory), 0o700);
    assert_eq!(mode(&directory.join("it")), 0o600);
}

#[test]
fn a_write_syncs_the_file_then_renames_then_syncs_the_directory() {
    let (_parent, _directory, file) = place();
    faults::none();
    file.write(b"one").unwrap();
    use Step::*;
    assert_eq!(faults::seen(), [Directory, Create, Write, SyncFile, Rename, SyncDirectory]);
    faults::none();
    file.remove().unwrap();
    assert_eq!(faults::seen(), [Unlink, SyncDirectory]);
}

#[test]
fn a_write_that_fails_at_any_step_leaves_the_old_or_the_new_and_says_so() {
    for at in 0..6 {
        let (_parent, _directory, file) = place();
        file.write(b"old").unwrap();
        faults::from(at);
        let error = file.write(b"new").unwrap_err();
        faults::none();
        let expected: &[u8] = if error.visible() { b"new" } else { b"old" };
        assert_eq!(content(&file), Ok(expected.to_vec()), "step {at}");
        assert_eq!(error.visible(), at == 5);
        file.write(b"next").unwrap();
        assert_eq!(content(&file), Ok(b"next".to_vec()));
    }
}

#[test]
fn no_failed_sync_is_taken_for_done() {
    let (_parent, directory, file) = place();
    file.write(b"one").unwrap();
    faults::every(Step::SyncFile);
    assert_eq!(file.write(b"two").unwrap_err().step(), Step::SyncFile);
    faults::every(Step::SyncDirectory);
    assert_eq!(file.remove().unwrap_err().step(), Step::SyncDirectory);
    assert_eq!(file.remove().unwrap_err().step(), Step::SyncDirectory);
    faults::none();
    file.remove().unwrap();
    // The repeated removal made a change of its own to sync.
    use Step::*;
    assert_eq!(faults::seen(), [Unlink, Create, Write, SyncFile, SyncDirectory]);
    assert_eq!(names(&directory), [""; 0]);
}

#[test]
fn leftovers_are_cleared_by_the_next_write_and_by_the_next_removal() {
    let (_parent, directory, file) = place();
    file.write(b"one").unwrap();
    let leave = || {
        fs::write(directory.join(".it.tmp-00"), b"secret").unwrap();
        fs::create_dir_all(directory.join(".it.aside-00/deep")).unwrap();
        fs::write(directory.join(".other.tmp-00"), b"").unwrap();
    };
    leave();
    file.write(b"two").unwrap();
    assert_eq!(names(&directory), [".other.tmp-00", "it"]);
    leave();
    file.remove().unwrap();
    assert_eq!(names(&directory), [".other.tmp-00"]);
}

#[test]
fn a_failed_write_leaves_no_temporary_file() {
    let (_parent, directory, file) = place();
    file.write(b"old").unwrap();
    faults::every(Step::Write);
    file.write(b"secret").unwrap_err();
    faults::none();
    assert_eq!(names(&directory), ["it"]);
}

#[test]
fn more_than_the_bound_is_neither_written_nor_read() {
    let (_parent, directory, file) = place();
    file.write(&[7; MAX]).unwrap();
    assert_eq!(content(&file), Ok(vec![7; MAX]));
    assert!(file.write(&[7; MAX + 1]).is_err());
    DurableFile::new(&directory, "it", 2 * MAX).write(&[7; MAX + 1]).unwrap();
    assert_eq!(content(&file), Err(Unreadable::TooLarge));
}

fn put_with_mode(path: &Path, mode: u32) {
    fs::write(path, b"one").unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

/// The reason that a read gives, and how it is put there.
type Obstacle = (Unreadable, fn(&Path));

/// Each thing that can stand where the file should be, with the reason that a read gives.
fn obstacles() -> Vec<Obstacle> {
    let mut all: Vec<Obstacle> = vec![
        (Unreadable::NotRegular, |path| symlink("/nonexistent", path).unwrap()),
        (Unreadable::NotRegular, |path| {
            let target = path.with_extension("target");
            DurableFile::new(path.parent().unwrap(), "it.target", MAX).write(b"one").unwrap();
            symlink(target, path).unwrap();
        }),
        (Unreadable::NotRegular, |path| fs::create_dir(path).unwrap()),
        (Unreadable::NotRegular, |path| {
            fs::create_dir_all(path.join("deep/deeper")).unwrap();
            fs::write(path.join("deep/file"), b"one").unwrap();
        }),
        (Unreadable::NotRegular, |path| mkfifo(path, Mode::from_bits_truncate(0o600)).unwrap()),
        (Unreadable::NotRegular, |path| drop(UnixListener::bind(path).unwrap())),
        (Unreadable::Mode, |path| {
            put_with_mode(path, 0o640);
        }),
        (Unreadable::Mode, |path| {
            put_with_mode(path, 0o700);
        }),
        (Unreadable::Mode, |path| {
            put_with_mode(path, 0o4600);
        }),
        (if is_root() { Unreadable::Mode } else { Unreadable::Io(Errno::EACCES) }, |path| {
            put_with_mode(path, 0);
        }),
        (Unreadable::Linked, |path| {
            put_with_mode(path, 0o600);
            fs::hard_link(path, path.with_extension("again")).unwrap();
        }),
        (Unreadable::TooLarge, |path| {
            fs::write(path, [0; MAX + 1]).unwrap();
            fs::set_permissions(path, fs::Permissions::from_mode(0o600)).unwrap();
        }),
    ];
    if is_root() {
        all.push((Unreadable::Owner, |path| {
            put_with_mode(path, 0o600);
            std::os::unix::fs::chown(path, Some(12345), None).unwrap();
        }));
    }
    all
}

#[test]
fn whatever_stands_in_the_way_is_not_read_and_stops_neither_removal_nor_write() {
    for (number, (reason, put)) in obstacles().into_iter().enumerate() {
        let (_parent, directory, file) = place();
        let path = directory.join("it");
        fs::create_dir(&directory).unwrap();
        put(&path);
        assert_eq!(content(&file), Err(reason), "obstacle {number}");
        file.remove().unwrap();
        assert_eq!(content(&file), Err(Unreadable::Absent), "obstacle {number}");
        assert!(!names(&directory).contains(&"it".into()));

        let (_parent, directory, file) = place();
        fs::create_dir(&directory).unwrap();
        put(&directory.join("it"));
        file.write(b"new").unwrap();
        assert_eq!(content(&file), Ok(b"new".to_vec()), "obstacle {number}");
    }
}

#[test]
fn a_link_is_removed_and_not_what_it_points_to() {
    let (parent, directory, file) = place();
    fs::create_dir(&directory).unwrap();
    let kept = parent.path().join("kept");
    fs::write(&kept, b"kept").unwrap();
    symlink(&kept, directory.join("it")).unwrap();
    file.write(b"new").unwrap();
    file.remove().unwrap();
    assert_eq!(fs::read(&kept).unwrap(), b"kept");
}

#[test]
fn a_directory_that_is_none_or_not_ours_alone_is_not_read_from() {
    fn inside(directory: &Path) {
        DurableFile::new(directory, "it", MAX).write(b"one").unwrap();
    }
    let mut puts: Vec<fn(&Path)> = vec![
        |directory| fs::write(directory, b"a file").unwrap(),
        |directory| symlink("/nonexistent", directory).unwrap(),
        |directory| {
            let elsewhere = directory.with_extension("elsewhere");
            inside(&elsewhere);
            symlink(elsewhere, directory).unwrap();
        },
        |directory| {
            inside(directory);
            fs::set_permissions(directory, fs::Permissions::from_mode(0o770)).unwrap();
        },
    ];
    if is_root() {
        puts.push(|directory| {
            inside(directory);
            std::os::unix::fs::chown(directory, Some(12345), None).unwrap();
        });
    }
    for (number, put) in puts.iter().enumerate() {
        let (_parent, directory, file) = place();
        put(&directory);
        assert_eq!(content(&file), Err(Unreadable::Directory), "directory {number}");
        file.remove().unwrap();
        assert!(content(&file).is_err());

        let (_parent, directory, file) = place();
        put(&directory);
        file.write(b"new").unwrap();
        assert_eq!(content(&file), Ok(b"new".to_vec()), "directory {number}");
        file.remove().unwrap();
        assert_eq!(content(&file), Err(Unreadable::Absent));
    }
}
