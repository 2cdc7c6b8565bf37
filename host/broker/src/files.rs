// SPDX-License-Identifier: Apache-2.0
//! Reading and writing small files, with the path in the error.

use std::fs::OpenOptions;
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

/// A file that could not be read or written.
#[derive(Debug, thiserror::Error)]
#[error("{what} {}: {source}", path.display())]
pub struct FileError {
    what: &'static str,
    path: PathBuf,
    source: io::Error,
}

/// Writes a new file; refuses to overwrite, so that no key in use is lost to a slip.
pub fn create(path: &Path, mode: u32, content: &[u8]) -> Result<(), FileError> {
    OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(mode)
        .open(path)
        .and_then(|mut file| file.write_all(content))
        .map_err(|source| FileError { what: "cannot create", path: path.into(), source })
}

/// Reads a small file of text.
pub fn read(path: &Path) -> Result<String, FileError> {
    std::fs::read_to_string(path).map_err(|source| FileError {
        what: "cannot read",
        path: path.into(),
        source,
    })
}

/// Makes a directory and those above it.
pub fn directory(path: &Path) -> Result<(), FileError> {
    std::fs::create_dir_all(path).map_err(|source| FileError {
        what: "cannot make",
        path: path.into(),
        source,
    })
}

/// The directory as an absolute path, as a configuration that is read elsewhere has to name it.
pub fn absolute(path: &Path) -> Result<PathBuf, FileError> {
    path.canonicalize().map_err(|source| FileError {
        what: "cannot find",
        path: path.into(),
        source,
    })
}

/// The uid that owns a file.
pub fn owner(path: &Path) -> Result<u32, FileError> {
    use std::os::unix::fs::MetadataExt;
    std::fs::metadata(path).map(|meta| meta.uid()).map_err(|source| FileError {
        what: "cannot find",
        path: path.into(),
        source,
    })
}
