// SPDX-License-Identifier: Apache-2.0
//! Files that a ledger is taken away in, and those that it is checked from.
use crate::answer::Failure;
use cloudmessaging_ledger::checkpoint::{mended, CHECKPOINT_MAX};
use std::fs::{remove_file, rename, File, OpenOptions};
use std::io::{BufReader, ErrorKind, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

/// A file that goes away again unless it is kept.
pub struct NewFile {
    file: File,
    path: PathBuf,
    target: PathBuf,
    kept: bool,
}

impl NewFile {
    /// A new one. What is there already stays untouched, with `replace` until the new one is whole.
    pub fn create(target: &Path, replace: bool) -> Result<Self, Failure> {
        let path = if replace { beside(target)? } else { target.to_owned() };
        let opened =
            OpenOptions::new().read(true).write(true).create_new(true).mode(0o600).open(&path);
        let file = opened.map_err(|error| match error.kind() {
            ErrorKind::AlreadyExists => {
                Failure::Usage(format!("{} is there already", path.display()))
            }
            _ => unwritten(target, error),
        })?;
        Ok(Self { file, path, target: target.to_owned(), kept: false })
    }

    /// A new one with this content.
    pub fn write(target: &Path, content: &str) -> Result<(), Failure> {
        let new = Self::create(target, false)?;
        (&new.file).write_all(content.as_bytes()).map_err(|error| unwritten(target, error))?;
        new.keep().map(drop)
    }

    /// To be written to.
    pub fn file(&self) -> &File {
        &self.file
    }

    /// Where it is until it is kept.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Keeps it: on the disk, and where it is wanted. Returns how many bytes it has.
    pub fn keep(mut self) -> Result<u64, Failure> {
        let kept = self.file.sync_all().and_then(|()| match self.path == self.target {
            true => Ok(()),
            false => rename(&self.path, &self.target),
        });
        let bytes = kept.and_then(|()| Ok(self.file.metadata()?.len()));
        let bytes = bytes.map_err(|error| unwritten(&self.target, error))?;
        self.kept = true;
        Ok(bytes)
    }
}

impl Drop for NewFile {
    fn drop(&mut self) {
        if !self.kept {
            // There is nobody to tell; half an export does not verify.
            let _ = remove_file(&self.path);
        }
    }
}

/// A name for what is to replace a file: in the same folder, so that it can be moved there in one step.
fn beside(target: &Path) -> Result<PathBuf, Failure> {
    let name = target.file_name().filter(|_| !target.is_dir());
    let name = name.ok_or_else(|| Failure::Usage(format!("{} is no file", target.display())))?;
    let mut new = std::ffi::OsString::from(".");
    new.push(name);
    new.push(format!(".{}", std::process::id()));
    Ok(target.with_file_name(new))
}

/// Opens a file to be read from its beginning.
pub fn open(path: &Path) -> Result<BufReader<File>, Failure> {
    // A folder opens, and fails only when it is read.
    let file = File::open(path).map_err(|error| unread(path, error))?;
    Ok(BufReader::with_capacity(64 * 1024, file))
}

/// Reads a text of at most so many bytes. Bytes that are no text are replaced: no check passes with them.
pub fn read(path: &Path, most: usize) -> Result<String, Failure> {
    let mut bytes = Vec::new();
    let limit = u64::try_from(most).unwrap_or(u64::MAX).saturating_add(1);
    open(path)?.take(limit).read_to_end(&mut bytes).map_err(|error| unread(path, error))?;
    if bytes.len() > most {
        return Err(Failure::Usage(format!("{} is longer than {most} bytes", path.display())));
    }
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// A checkpoint that was kept.
pub fn note(path: &Path) -> Result<String, Failure> {
    read(path, CHECKPOINT_MAX).map(|note| mended(&note))
}

/// That a file could not be read.
pub fn unread(path: &Path, why: impl ToString) -> Failure {
    Failure::File { path: path.display().to_string(), why: why.to_string() }
}

fn unwritten(path: &Path, why: impl ToString) -> Failure {
    Failure::Unwritten { path: path.display().to_string(), why: why.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::{metadata, read_dir, read_to_string, write};
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn it_is_its_owner_s_alone_and_goes_away_unless_it_is_kept() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("a");
        drop(NewFile::create(&target, false).unwrap());
        assert!(!target.exists());
        NewFile::write(&target, "text").unwrap();
        assert_eq!(read_to_string(&target).unwrap(), "text");
        assert_eq!(metadata(&target).unwrap().permissions().mode() & 0o777, 0o600);
    }

    #[test]
    fn what_is_there_is_replaced_only_if_asked_for_and_only_by_what_is_whole() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("a");
        write(&target, "old").unwrap();
        let refused = NewFile::create(&target, false).err().unwrap().to_string();
        assert!(refused.ends_with("a is there already"), "{refused}");
        let half = NewFile::create(&target, true).unwrap();
        half.file().write_all(b"ne").unwrap();
        drop(half);
        assert_eq!(read_to_string(&target).unwrap(), "old");
        let whole = NewFile::create(&target, true).unwrap();
        whole.file().write_all(b"new").unwrap();
        assert_eq!(whole.keep().unwrap(), 3);
        assert_eq!(read_to_string(&target).unwrap(), "new");
        assert_eq!(read_dir(folder.path()).unwrap().count(), 1, "nothing is left over");
        assert!(NewFile::create(folder.path(), true).is_err());
    }

    #[test]
    fn a_text_that_is_too_long_is_not_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        write(&path, "1234").unwrap();
        assert_eq!(read(&path, 4).unwrap(), "1234");
        let named = read(&path, 3).unwrap_err().to_string();
        assert!(named.contains("longer than 3"), "{named}");
        assert!(matches!(read(&folder.path().join("b"), 4), Err(Failure::File { .. })));
        assert!(matches!(read(folder.path(), 4), Err(Failure::File { .. })));
    }
}
