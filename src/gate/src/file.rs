// SPDX-License-Identifier: Apache-2.0
//! A small file that survives a power cut: consent, its key and the keys at rest are kept in one each.
//!
//! Trusts the kernel, and nothing that it finds on the disk: a file is read only if it is a regular file
//! of this uid, mode 0600, with one name, of bounded size, in a directory that nobody else can write to.
//! Keeps the part of P1 and P3 that lies below the record: what is written or removed is so after a power
//! cut at any instant from the moment the call returns, and nothing that somebody put in the way
//! stands in the way of either.
//!
//! A rename or an unlink without an fsync of the directory is undone by a power cut (measured: 1 in 71),
//! so each ends with one. A failed fsync is an error and stays one: the kernel may have dropped what it
//! could not write, and a second fsync would then succeed without having written it. A repeated call
//! therefore makes a new change and syncs that.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{
    DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _,
};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use nix::errno::Errno;
use nix::fcntl::OFlag;
use nix::unistd::geteuid;
use ring::rand::{SecureRandom as _, SystemRandom};
use zeroize::Zeroizing;

#[cfg(test)]
pub(crate) mod copied;
#[cfg(test)]
pub(crate) mod faults;
#[cfg(test)]
mod tests;

const FILE_MODE: u32 = 0o600;
const DIRECTORY_MODE: u32 = 0o700;

/// Why a file was not read. Each reads as absent to whoever asks for its content.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unreadable {
    /// There is none.
    #[error("there is no file")]
    Absent,
    /// The directory is none, is another uid's, or others can write to it.
    #[error("the directory is none, or not this user's alone")]
    Directory,
    /// A symbolic link, directory, FIFO, socket or device.
    #[error("not a regular file")]
    NotRegular,
    /// Another uid's.
    #[error("wrong owner")]
    Owner,
    /// The mode is not exactly 0600.
    #[error("wrong mode")]
    Mode,
    /// It has a second name (hard link), through which it could be put back.
    #[error("has more than one name")]
    Linked,
    /// Larger than whoever reads it ever writes.
    #[error("too large")]
    TooLarge,
    /// The kernel refused.
    #[error("{0}")]
    Io(Errno),
}

impl Unreadable {
    /// Whether it may be read at another time, as nothing was found out about it.
    pub fn may_pass(self) -> bool {
        matches!(self, Self::Io(why) if !matches!(why, Errno::EACCES | Errno::EPERM))
    }
}

/// What was attempted; each can fail alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Opening or making the directory.
    Directory,
    /// Making the temporary file.
    Create,
    /// Writing it.
    Write,
    /// fsync of the temporary file.
    SyncFile,
    /// Giving it its name.
    Rename,
    /// Taking a name away.
    Unlink,
    /// fsync of the directory.
    SyncDirectory,
}

/// A write or a removal that is not durable.
#[derive(Debug, thiserror::Error)]
#[error("{step:?} of {name} failed: {source}")]
pub struct FileError {
    step: Step,
    name: &'static str,
    #[source]
    source: io::Error,
}

impl FileError {
    /// What failed.
    pub fn step(&self) -> Step {
        self.step
    }

    /// Whether the change is already visible to a read, although a power cut may undo it. Otherwise
    /// everything is as it was before.
    pub fn visible(&self) -> bool {
        self.step == Step::SyncDirectory
    }
}

/// One small file. The directory it lies in is made by the first write.
///
/// There is to be one value, and one writer at a time, for each file: a write clears the temporary files
/// of others, and the value remembers that a sync failed.
#[derive(Debug)]
pub struct DurableFile {
    directory: PathBuf,
    name: &'static str,
    max: usize,
    sync_failed: AtomicBool,
}

impl DurableFile {
    /// The file `name` in `directory`; more than `max` bytes are never read or written.
    pub fn new(directory: &Path, name: &'static str, max: usize) -> Self {
        Self { directory: directory.to_owned(), name, max, sync_failed: AtomicBool::new(false) }
    }

    /// What is in the file, or why that cannot be said.
    pub fn read(&self) -> Result<Zeroizing<Vec<u8>>, Unreadable> {
        match open_directory(&self.directory) {
            Ok(directory) => check_directory(&directory)?,
            Err(e) => return Err(directory_reason(&e)),
        }
        // O_NONBLOCK: opening a FIFO that somebody put there must not wait for its writer.
        let flags = OFlag::O_NOFOLLOW | OFlag::O_NONBLOCK | OFlag::O_CLOEXEC | OFlag::O_NOCTTY;
        let file = OpenOptions::new()
            .read(true)
            .custom_flags(flags.bits())
            .open(self.path())
            .map_err(|e| file_reason(&e))?;
        let found = file.metadata().map_err(|e| file_reason(&e))?;
        if !found.is_file() {
            return Err(Unreadable::NotRegular);
        }
        if found.uid() != geteuid().as_raw() {
            return Err(Unreadable::Owner);
        }
        if found.mode() & 0o7777 != FILE_MODE {
            return Err(Unreadable::Mode);
        }
        if found.nlink() != 1 {
            return Err(Unreadable::Linked);
        }
        if found.len() > self.max as u64 {
            return Err(Unreadable::TooLarge);
        }
        // Its full size at once: a buffer that grew would leave copies of keys behind.
        let mut bytes = Zeroizing::new(Vec::with_capacity(self.max + 1));
        file.take(self.max as u64 + 1).read_to_end(&mut bytes).map_err(|e| file_reason(&e))?;
        if bytes.len() > self.max {
            return Err(Unreadable::TooLarge);
        }
        Ok(bytes)
    }

    /// Replaces the file, whatever stands in its place. After an error for which [`FileError::visible`]
    /// is false, what was there before still is.
    pub fn write(&self, bytes: &[u8]) -> Result<(), FileError> {
        let fail = |step| move |source| FileError { step, name: self.name, source };
        if bytes.len() > self.max {
            return Err(fail(Step::Write)(io::Error::from(Errno::EFBIG)));
        }
        let directory = self.make_directory().map_err(fail(Step::Directory))?;
        self.clear_leftovers();
        let temporary = self.beside("tmp").map_err(fail(Step::Create))?;
        let written = self.write_temporary(&temporary, bytes).and_then(|()| {
            try_step(Step::Rename, || self.rename_over(&temporary)).map_err(fail(Step::Rename))
        });
        if let Err(e) = written {
            // It would be cleared by the next write; until then it may hold a key.
            let _ = fs::remove_file(&temporary);
            return Err(e);
        }
        self.sync_directory(&directory)
    }

    /// Removes the file, whatever it is. That there is none is fine, but durable too when this returns.
    pub fn remove(&self) -> Result<(), FileError> {
        let fail = |step| move |source| FileError { step, name: self.name, source };
        let directory = match open_directory(&self.directory) {
            Ok(directory) => directory,
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(()),
            Err(_) => {
                // A file or link where the directory should be: nothing below it is ours.
                return self.put_directory_aside().map_err(fail(Step::Directory));
            }
        };
        if check_directory(&directory).is_err() {
            // Nobody shall put the file back. What cannot be put right is not read from either.
            let _ = directory.set_permissions(fs::Permissions::from_mode(DIRECTORY_MODE));
        }
        let unlink = || match fs::remove_file(self.path()) {
            Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(()),
            Err(_) if is_directory(&self.path()) => self.put_aside(),
            other => other,
        };
        try_step(Step::Unlink, unlink).map_err(fail(Step::Unlink))?;
        self.clear_leftovers();
        if self.sync_failed.load(Ordering::Acquire) {
            // The unlink that failed to sync may have been dropped; a new change carries it again.
            let mark = self.beside("tmp").map_err(fail(Step::Create))?;
            self.write_temporary(&mark, &[])?;
            fs::remove_file(&mark).map_err(fail(Step::Unlink))?;
        }
        self.sync_directory(&directory)
    }

    fn path(&self) -> PathBuf {
        self.directory.join(self.name)
    }

    /// A name beside the file that nobody can have taken.
    fn beside(&self, what: &str) -> io::Result<PathBuf> {
        let mut random = [0; 8];
        SystemRandom::new().fill(&mut random).map_err(|_| io::Error::from(Errno::EIO))?;
        let name = format!(".{}.{what}-{}", self.name, hex::encode(random));
        Ok(self.directory.join(name))
    }

    fn write_temporary(&self, path: &Path, bytes: &[u8]) -> Result<(), FileError> {
        let fail = |step| move |source| FileError { step, name: self.name, source };
        let mut file = try_step(Step::Create, || {
            OpenOptions::new()
                .write(true)
                .create_new(true)
                .mode(FILE_MODE)
                .custom_flags((OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC).bits())
                .open(path)
        })
        .map_err(fail(Step::Create))?;
        // The umask may have taken more away than reading back allows.
        let mode = fs::Permissions::from_mode(FILE_MODE);
        file.set_permissions(mode).map_err(fail(Step::Create))?;
        try_step(Step::Write, || file.write_all(bytes)).map_err(fail(Step::Write))?;
        try_step(Step::SyncFile, || file.sync_all()).map_err(fail(Step::SyncFile))
    }

    fn rename_over(&self, temporary: &Path) -> io::Result<()> {
        match fs::rename(temporary, self.path()) {
            Err(_) if is_directory(&self.path()) => {
                self.put_aside()?;
                fs::rename(temporary, self.path())
            }
            other => other,
        }
    }

    /// Moves a directory that stands in the file's place out of the way, then tries to delete it. What
    /// cannot be deleted stays under a name that is never read.
    fn put_aside(&self) -> io::Result<()> {
        let aside = self.beside("aside")?;
        fs::rename(self.path(), &aside)?;
        let _ = fs::remove_dir_all(&aside);
        Ok(())
    }

    /// Deletes what an interrupted write or removal left beside the file. Best effort: a leftover is
    /// never read, and must not stand in the way.
    fn clear_leftovers(&self) {
        let Ok(entries) = fs::read_dir(&self.directory) else { return };
        let (tmp, aside) = (format!(".{}.tmp-", self.name), format!(".{}.aside-", self.name));
        for entry in entries.flatten() {
            let name = entry.file_name();
            let Some(name) = name.to_str() else { continue };
            if name.starts_with(&tmp) || name.starts_with(&aside) {
                let path = entry.path();
                if fs::remove_file(&path).is_err() {
                    let _ = fs::remove_dir_all(&path);
                }
            }
        }
    }

    fn sync_directory(&self, directory: &File) -> Result<(), FileError> {
        let synced = try_step(Step::SyncDirectory, || directory.sync_all());
        self.sync_failed.store(synced.is_err(), Ordering::Release);
        synced.map_err(|source| FileError { step: Step::SyncDirectory, name: self.name, source })
    }

    /// Opens the directory for a write: made if absent, put right if it is ours, put aside if it is not.
    fn make_directory(&self) -> io::Result<File> {
        try_step(Step::Directory, || Ok(()))?;
        match open_directory(&self.directory) {
            Ok(directory) => match check_directory(&directory) {
                Ok(()) => return Ok(directory),
                Err(_) if directory.metadata()?.uid() == geteuid().as_raw() => {
                    directory.set_permissions(fs::Permissions::from_mode(DIRECTORY_MODE))?;
                    return Ok(directory);
                }
                Err(_) => self.put_directory_aside()?,
            },
            Err(e) if e.kind() == io::ErrorKind::NotFound => {}
            Err(_) => self.put_directory_aside()?,
        }
        DirBuilder::new().mode(DIRECTORY_MODE).create(&self.directory)?;
        if let Some(parent) = self.directory.parent() {
            File::open(parent)?.sync_all()?;
        }
        open_directory(&self.directory)
    }

    /// Moves what stands in the directory's place to a name that is never read.
    fn put_directory_aside(&self) -> io::Result<()> {
        let mut random = [0; 8];
        SystemRandom::new().fill(&mut random).map_err(|_| io::Error::from(Errno::EIO))?;
        let mut aside = self.directory.clone().into_os_string();
        aside.push(format!(".aside-{}", hex::encode(random)));
        fs::rename(&self.directory, aside)?;
        match self.directory.parent() {
            Some(parent) => File::open(parent)?.sync_all(),
            None => Ok(()),
        }
    }
}

fn open_directory(path: &Path) -> io::Result<File> {
    let flags = OFlag::O_DIRECTORY | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC;
    OpenOptions::new().read(true).custom_flags(flags.bits()).open(path)
}

/// Who can write to the directory can put an old file back.
fn check_directory(directory: &File) -> Result<(), Unreadable> {
    let found = directory.metadata().map_err(|e| directory_reason(&e))?;
    if found.uid() != geteuid().as_raw() || found.mode() & 0o022 != 0 {
        return Err(Unreadable::Directory);
    }
    Ok(())
}

fn is_directory(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok_and(|found| found.is_dir())
}

fn directory_reason(e: &io::Error) -> Unreadable {
    match errno(e) {
        Errno::ENOENT => Unreadable::Absent,
        Errno::ENOTDIR | Errno::ELOOP => Unreadable::Directory,
        other => Unreadable::Io(other),
    }
}

fn file_reason(e: &io::Error) -> Unreadable {
    match errno(e) {
        Errno::ENOENT => Unreadable::Absent,
        // What O_NOFOLLOW says of a link, and open of a socket or a device that is not there.
        Errno::ELOOP | Errno::ENXIO | Errno::ENODEV => Unreadable::NotRegular,
        other => Unreadable::Io(other),
    }
}

fn errno(e: &io::Error) -> Errno {
    e.raw_os_error().map_or(Errno::EIO, Errno::from_raw)
}

/// Each change of the disk passes here, so that a test can fail or stop at any one.
fn try_step<T>(step: Step, change: impl FnOnce() -> io::Result<T>) -> io::Result<T> {
    #[cfg(test)]
    faults::before(step)?;
    let _ = step;
    change()
}
