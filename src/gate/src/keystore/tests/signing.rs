// SPDX-License-Identifier: Apache-2.0
//! The key of a ledger: made once, inside the hardware or wrapped by it, and never replaced.

use cloudmessaging_ledger::checkpoint::Signer;
use ring::signature::{UnparsedPublicKey, ED25519};
use tempfile::TempDir;

use super::super::signer::SPKI;
use super::{keystore, Fake, LONG};
use crate::secrets::Secrets as _;

struct Phone {
    fake: Fake,
    disk: TempDir,
}

impl Phone {
    fn new() -> Self {
        Self { fake: Fake::default(), disk: tempfile::tempdir().unwrap() }
    }

    /// Whose hardware has no Ed25519.
    fn old() -> Self {
        let phone = Self::new();
        phone.fake.set(|mood| mood.no_ed25519 = Some(-61));
        phone
    }

    /// As after a start.
    fn signer(&self) -> Box<dyn Signer> {
        keystore(&self.fake, LONG).signer(0, self.disk.path())
    }

    fn file(&self) -> Option<Vec<u8>> {
        std::fs::read(self.disk.path().join("ledger_key")).ok()
    }
}

/// The public key, with which a signature was seen to verify.
fn signs(signer: &dyn Signer) -> [u8; 32] {
    let public = signer.public_key().unwrap();
    let signature = signer.sign(b"text").unwrap();
    UnparsedPublicKey::new(&ED25519, public).verify(b"text", &signature).unwrap();
    public
}

#[test]
fn a_key_is_made_once_and_is_the_same_after_a_restart() {
    for (phone, name) in [(Phone::new(), "ledger_key_0"), (Phone::old(), "ledger_wrapping_key_0")] {
        let signer = phone.signer();
        let public = signs(&*signer);
        assert_eq!(signs(&*signer), public);
        assert_eq!(signs(&*phone.signer()), public, "{name}");
        assert_eq!(phone.fake.made(), [(name.to_owned(), true)]);
        assert_eq!(phone.fake.names(), [name]);
    }
}

#[test]
fn no_file_holds_a_key_that_can_sign() {
    let phone = Phone::new();
    let public = signs(&*phone.signer());
    assert_eq!(phone.file().unwrap(), [&[1], &public[..]].concat());

    let phone = Phone::old();
    let public = signs(&*phone.signer());
    let file = phone.file().unwrap();
    assert_eq!(file[..33], [&[2], &public[..]].concat());
    // An unwrapped key would say what algorithm it is for, as in SubjectPublicKeyInfo.
    let algorithm = &SPKI[2..9];
    assert!(!file.windows(algorithm.len()).any(|window| window == algorithm));
}

#[test]
fn a_copied_disk_signs_nothing_on_another_phone() {
    for phone in [Phone::new(), Phone::old()] {
        signs(&*phone.signer());
        let file = phone.file();
        for another in [Phone::new(), Phone::old()] {
            // It has a ledger of that user too.
            signs(&*another.signer());
            let made = another.fake.made();
            let copied =
                Phone { fake: another.fake, disk: crate::file::copied::copied(phone.disk.path()) };
            assert!(copied.signer().sign(b"text").is_err());
            assert_eq!(copied.file(), file, "it is not replaced");
            assert_eq!(copied.fake.made(), made);
        }
    }
}

#[test]
fn a_key_that_is_gone_is_not_replaced() {
    for phone in [Phone::new(), Phone::old()] {
        signs(&*phone.signer());
        let (file, made) = (phone.file(), phone.fake.made());
        phone.fake.wipe();
        assert!(phone.signer().sign(b"text").is_err());
        assert_eq!((phone.file(), phone.fake.made()), (file, made));
    }
}

#[test]
fn a_file_that_cannot_be_used_is_not_replaced() {
    for phone in [Phone::new(), Phone::old()] {
        signs(&*phone.signer());
        let good = phone.file().unwrap();
        let path = phone.disk.path().join("ledger_key");
        let mut another_public = good.clone();
        another_public[1] ^= 1;
        let (mut another_kind, mut flipped) = (good.clone(), good.clone());
        another_kind[0] ^= 3;
        *flipped.last_mut().unwrap() ^= 1;
        for bad in [vec![], good[..33].to_vec(), good[..20].to_vec(), another_kind] {
            if bad == good {
                continue;
            }
            std::fs::write(&path, &bad).unwrap();
            assert!(phone.signer().public_key().is_err(), "{bad:?}");
            assert_eq!(phone.file().unwrap(), bad);
        }
        if good[0] == 2 {
            for bad in [another_public, flipped] {
                std::fs::write(&path, &bad).unwrap();
                assert!(phone.signer().public_key().is_err(), "{bad:?}");
            }
        }
        std::fs::write(&path, &good).unwrap();
        signs(&*phone.signer());
    }
}

#[test]
fn only_hardware_that_has_no_ed25519_gets_a_wrapped_key() {
    // Busy, no answer, not permitted, Keystore itself failed.
    for code in [-48, -49, 6, 4] {
        let phone = Phone::new();
        phone.fake.set(|mood| mood.no_ed25519 = Some(code));
        assert!(phone.signer().sign(b"text").is_err(), "{code}");
        assert_eq!((phone.file(), phone.fake.made()), (None, vec![]), "{code}");
        phone.fake.set(|mood| mood.no_ed25519 = None);
        signs(&*phone.signer());
        assert_eq!(phone.file().unwrap()[0], 1);
    }
}

#[test]
fn a_certificate_for_another_key_is_found_out() {
    let phone = Phone::new();
    phone.fake.set(|mood| mood.lies = true);
    assert!(phone.signer().public_key().is_err());
    assert_eq!(phone.file(), None);
}
