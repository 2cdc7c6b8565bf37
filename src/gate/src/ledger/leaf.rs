// SPDX-License-Identifier: Apache-2.0
//! Leaves where the store reads them: in a file, and in what a power cut left of one.

use std::fs::File;
use std::io::{self, BufReader, Read};
use std::os::unix::fs::FileExt;

pub(super) use cloudmessaging_ledger::leaf::{encode, LeafRef, Leaves, Stop, BLINDING};

/// What is read at once.
const BUFFER: usize = 64 * 1024;

/// A file read from a place of our own: its cursor belongs to nobody.
pub(super) struct At<'a> {
    file: &'a File,
    offset: u64,
}

impl Read for At<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let n = self.file.read_at(buffer, self.offset)?;
        self.offset += n as u64;
        Ok(n)
    }
}

/// The leaves in the first `bytes` of a file.
pub(super) fn leaves(file: &File, bytes: u64) -> Leaves<BufReader<io::Take<At<'_>>>> {
    Leaves::new(BufReader::with_capacity(BUFFER, At { file, offset: 0 }.take(bytes)))
}

/// Whether a whole leaf of group 0 stands anywhere after the first byte. It was written when all before it
/// was durable: then what is broken before it was not torn by a crash.
pub(super) fn begins_a_group_within(bytes: &[u8]) -> bool {
    (1..bytes.len()).any(|start| {
        let mut rest = Leaves::new(&bytes[start..]);
        let Ok(Some(body)) = rest.read() else { return false };
        let entry = LeafRef::check(body).and_then(|leaf| leaf.entry());
        matches!(entry, Ok(Some(entry)) if entry.group == 0)
    })
}
