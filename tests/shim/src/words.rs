// SPDX-License-Identifier: Apache-2.0
//! A parcel as words of four bytes, and where among them something stands that is not its bytes: a binder or a
//! descriptor. Java's `RealParcel` lays these two out in the length that the socket's layout has, so that nothing that
//! follows changes its place.

use crate::{binder, number};
use rsbinder::{Parcel, ParcelFileDescriptor, SIBinder, StatusCode};
use std::os::fd::BorrowedFd;

type Result<T> = std::result::Result<T, StatusCode>;

const WORD: usize = 4;
/// A binder: 1, an address of 8 bytes, its stability. A null one is two words of 0, which are only bytes.
const BINDER: i32 = 1;
const BINDER_BYTES: usize = 16;
/// A descriptor: 2, and its index. `ParcelFileDescriptor` puts 1 and 0 before it: one is there, without a second.
const DESCRIPTOR_BYTES: usize = 8;
const BEFORE_DESCRIPTOR: usize = 8;

/// What stands in a parcel.
#[derive(Clone, Copy)]
pub(crate) enum Object {
    /// Java's number of a binder.
    Binder(i64),
    /// The number of a descriptor in this process.
    Descriptor(i32),
}

/// A parcel.
#[derive(Default)]
pub(crate) struct Words {
    pub bytes: Vec<u8>,
    /// By offset, ascending.
    pub objects: Vec<(usize, Object)>,
}

/// Appends to a parcel of the socket's kind.
pub(crate) fn write(parcel: &mut Parcel, words: &Words) -> Result<()> {
    let mut objects = words.objects.iter().peekable();
    let mut at = 0;
    while let Some(word) = words.bytes.get(at..at + WORD) {
        match objects.next_if(|object| object.0 == at) {
            Some((_, Object::Binder(number))) => {
                parcel.write(&binder(*number).map_err(|_| StatusCode::BadValue)?)?;
                at += BINDER_BYTES;
            }
            Some((_, Object::Descriptor(number))) => {
                // SAFETY: Java's ParcelFileDescriptor stays open during the call.
                let own = unsafe { BorrowedFd::borrow_raw(*number) }.try_clone_to_owned();
                let own = own.map_err(|_| StatusCode::BadValue)?;
                // rsbinder's type writes what is before it, too.
                parcel.set_data_position(parcel.data_position() - BEFORE_DESCRIPTOR);
                parcel.write(&ParcelFileDescriptor::new(own))?;
                at += DESCRIPTOR_BYTES;
            }
            None => {
                let mut bytes = [0; WORD];
                bytes.copy_from_slice(word);
                parcel.write(&i32::from_le_bytes(bytes))?;
                at += WORD;
            }
        }
    }
    Ok(())
}

/// Takes what is left in a parcel. A word that only looks like a binder is not read as one: the frame's table does not name
/// its place. No call of ours brings a descriptor this way.
pub(crate) fn read(parcel: &mut Parcel) -> Result<Words> {
    let mut words = Words::default();
    while parcel.data_avail() >= WORD {
        let at = parcel.data_position();
        let word: i32 = parcel.read()?;
        let object = match word {
            BINDER => {
                parcel.set_data_position(at);
                parcel.read::<Option<SIBinder>>().ok().flatten()
            }
            _ => None,
        };
        match object {
            Some(binder) => {
                words.objects.push((words.bytes.len(), Object::Binder(number(binder))));
                words.bytes.extend(word.to_le_bytes());
                words.bytes.resize(words.bytes.len() + BINDER_BYTES - WORD, 0);
            }
            None => {
                parcel.set_data_position(at + WORD);
                words.bytes.extend(word.to_le_bytes());
            }
        }
    }
    Ok(words)
}
