// SPDX-License-Identifier: Apache-2.0
//! The ledger's folder: one file a segment, named by the position of its first entry.
//!
//! Trusts nothing it finds there: a segment is opened only if it is a regular file of our own that nobody
//! else may read, and never through a symlink. Nothing is done here twice after a failure: whoever calls
//! decides, because a second fsync after a failed one succeeds without having written anything.

use std::fs::{self, DirBuilder, File, Metadata, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, FileExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use nix::errno::Errno;
use nix::fcntl::{Flock, FlockArg, OFlag};
use nix::unistd::Uid;

use super::error::{Attempt, LedgerError};

/// What the ledger asks of a disk: a trait so that tests can count, refuse and delay.
pub(super) trait Disk: Send + Sync {
    /// First positions of the segments there are, ascending.
    fn segments(&self) -> Result<Vec<u64>, LedgerError>;

    /// Opens a segment for reading and appending.
    fn open(&self, first: u64) -> Result<File, LedgerError>;

    /// Makes an empty segment; its name is durable.
    fn make(&self, first: u64) -> Result<File, LedgerError>;

    /// Writes behind what is there.
    fn append(&self, segment: &File, bytes: &[u8]) -> io::Result<()>;

    /// Makes what was appended durable.
    fn sync(&self, segment: &File) -> io::Result<()>;

    /// Lets a segment end in `bytes`, which begin at `offset`, and makes this and its name durable.
    fn settle(&self, first: u64, offset: u64, bytes: &[u8]) -> Result<(), LedgerError>;

    /// Puts these bytes in the place of a segment; durable when it returns. Until then the old ones are there.
    fn replace(&self, first: u64, bytes: &[u8]) -> Result<(), LedgerError>;
}

/// The name of the segment that begins with this entry.
pub(super) fn name(first: u64) -> String {
    format!("{first:020}.seg")
}

/// Where a segment is written that will take the place of another.
const REPLACEMENT: &str = "replacement";

/// A folder on a real disk, held against a second opening as long as this lives.
pub(super) struct Folder {
    path: PathBuf,
    folder: Flock<File>,
}

impl Folder {
    /// Opens the folder; makes it, but not its parents, if it is absent.
    pub(super) fn open(path: &Path) -> Result<Self, LedgerError> {
        let failed = || LedgerError::io(Attempt::OpenFolder, ".");
        match DirBuilder::new().mode(0o700).create(path) {
            Ok(()) => {
                // Else a power cut could take the folder away with durable entries in it.
                let parent = path.parent().unwrap_or(Path::new("/"));
                File::open(parent).and_then(|p| p.sync_all()).map_err(failed())?;
            }
            Err(e) if e.kind() == io::ErrorKind::AlreadyExists => {}
            Err(e) => return Err(failed()(e)),
        }
        let flags = OFlag::O_DIRECTORY | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC;
        let folder = OpenOptions::new().read(true).custom_flags(flags.bits()).open(path).map_err(
            |e| match e.raw_os_error().map(Errno::from_raw) {
                Some(Errno::ELOOP | Errno::ENOTDIR) => foreign(".", "not a folder"),
                _ => failed()(e),
            },
        )?;
        owned(".", &folder.metadata().map_err(failed())?)?;
        match Flock::lock(folder, FlockArg::LockExclusiveNonblock) {
            Ok(folder) => {
                // What a crash left of a replacement; there mostly is none.
                let _ = fs::remove_file(path.join(REPLACEMENT));
                Ok(Self { path: path.to_owned(), folder })
            }
            Err((_, Errno::EWOULDBLOCK)) => Err(LedgerError::InUse),
            Err((_, errno)) => Err(failed()(errno.into())),
        }
    }

    /// Opens a segment, or makes one, and looks at what it is.
    fn file(
        &self,
        attempt: Attempt,
        first: u64,
        options: &mut OpenOptions,
    ) -> Result<File, LedgerError> {
        let name = name(first);
        let file = options
            .read(true)
            .mode(0o600)
            .custom_flags((OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC).bits())
            .open(self.path.join(&name))
            .map_err(|e| match e.raw_os_error().map(Errno::from_raw) {
                Some(Errno::ELOOP) => foreign(&name, "a symlink"),
                Some(Errno::EISDIR) => foreign(&name, "a folder"),
                _ => LedgerError::io(attempt, &name)(e),
            })?;
        let metadata = file.metadata().map_err(LedgerError::io(attempt, &name))?;
        if !metadata.is_file() {
            return Err(foreign(&name, "not a regular file"));
        }
        owned(&name, &metadata)?;
        Ok(file)
    }
}

impl Disk for Folder {
    fn segments(&self) -> Result<Vec<u64>, LedgerError> {
        let failed = || LedgerError::io(Attempt::ListFolder, ".");
        let mut segments = Vec::new();
        for entry in fs::read_dir(&self.path).map_err(failed())? {
            let file = entry.map_err(failed())?.file_name();
            // Other names are not ours to read, nor to complain about.
            let first = file.to_str().and_then(|f| f.strip_suffix(".seg")?.parse().ok());
            segments.extend(first.filter(|first| file == *name(*first)));
        }
        segments.sort_unstable();
        Ok(segments)
    }

    fn open(&self, first: u64) -> Result<File, LedgerError> {
        self.file(Attempt::OpenSegment, first, OpenOptions::new().append(true))
    }

    fn make(&self, first: u64) -> Result<File, LedgerError> {
        let attempt = Attempt::MakeSegment;
        let file = self.file(attempt, first, OpenOptions::new().append(true).create_new(true))?;
        self.folder.sync_all().map_err(LedgerError::io(attempt, name(first)))?;
        Ok(file)
    }

    fn append(&self, mut segment: &File, bytes: &[u8]) -> io::Result<()> {
        #[cfg(test)]
        super::faults::before_append(&self.path)?;
        segment.write_all(bytes)
    }

    fn sync(&self, segment: &File) -> io::Result<()> {
        segment.sync_data()
    }

    fn settle(&self, first: u64, offset: u64, bytes: &[u8]) -> Result<(), LedgerError> {
        // Without O_APPEND, under which Linux writes at the end whatever offset is asked for.
        let file = self.file(Attempt::Settle, first, OpenOptions::new().write(true))?;
        let settled = || -> io::Result<()> {
            let end = offset + bytes.len() as u64;
            if file.metadata()?.len() > end {
                file.set_len(end)?;
            }
            file.write_all_at(bytes, offset)?;
            file.sync_data()?;
            self.folder.sync_all()
        };
        settled().map_err(LedgerError::io(Attempt::Settle, name(first)))
    }

    fn replace(&self, first: u64, bytes: &[u8]) -> Result<(), LedgerError> {
        let replacement = self.path.join(REPLACEMENT);
        let replaced = || -> io::Result<()> {
            // What a crash left of the last time.
            match fs::remove_file(&replacement) {
                Err(e) if e.kind() != io::ErrorKind::NotFound => return Err(e),
                _ => {}
            }
            let mut file =
                OpenOptions::new().write(true).create_new(true).mode(0o600).open(&replacement)?;
            file.write_all(bytes)?;
            file.sync_all()?;
            fs::rename(&replacement, self.path.join(name(first)))?;
            self.folder.sync_all()
        };
        replaced().map_err(|e| {
            // Else what was to be erased could stay in it; the next time would find it anyway.
            let _ = fs::remove_file(&replacement);
            LedgerError::io(Attempt::Erase, name(first))(e)
        })
    }
}

fn owned(file: &str, metadata: &Metadata) -> Result<(), LedgerError> {
    if metadata.uid() != Uid::effective().as_raw() {
        return Err(foreign(file, "another user's"));
    }
    if metadata.mode() & 0o077 != 0 {
        return Err(foreign(file, "open to other users"));
    }
    Ok(())
}

fn foreign(file: &str, found: &'static str) -> LedgerError {
    LedgerError::Foreign { file: file.to_owned(), found }
}
