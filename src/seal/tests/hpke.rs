// SPDX-License-Identifier: Apache-2.0
//! HPKE is RFC 9180's: its published vectors open, and an independent implementation opens what we seal and
//! seals what we open.

use cloudmessaging_seal::hpke::{Hpke, AWS_LC};
use cloudmessaging_seal::{open, PublicKey, Reader, SealError, Sealing, SecretKey};
use hpke::aead::{AeadTag, ChaCha20Poly1305};
use hpke::inout::InOutBuf;
use hpke::kdf::HkdfSha256;
use hpke::kem::X25519HkdfSha256;
use hpke::rand_core::{TryCryptoRng, TryRng};
use hpke::{Deserializable, Kem, OpModeR, OpModeS, Serializable};

type Suite = X25519HkdfSha256;
type Private = <Suite as Kem>::PrivateKey;
type Public = <Suite as Kem>::PublicKey;
type Encapped = <Suite as Kem>::EncappedKey;
type Context = hpke::aead::AeadCtxS<ChaCha20Poly1305, HkdfSha256, Suite>;

/// RFC 9180, A.2.1: DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, ChaCha20Poly1305, base setup information.
mod a_2_1 {
    pub const INFO: &str = "4f6465206f6e2061204772656369616e2055726e";
    pub const SK_R: &str = "8057991eef8f1f1af18f4a9491d16a1ce333f695d4db8e38da75975c4478e0fb";
    pub const ENC: &str = "1afa08d3dec047a643885163f1180476fa7ddb54c6a8029ea33f95796bf2ac4a";
    pub const IKM_E: &str = "909a9b35d3dc4713a5e72a4da274b55d3d3821a37e5d099e74a647db583a904b";
    pub const PT: &str = "4265617574792069732074727574682c20747275746820626561757479";

    /// (sequence number, ct); aad is "Count-" and the number. A.2.1.1.
    pub const ENCRYPTIONS: [(u32, &str); 6] = [
        (
            0,
            "1c5250d8034ec2b784ba2cfd69dbdb8af406cfe3ff938e131f0def8c8b60b4db\
             21993c62ce81883d2dd1b51a28",
        ),
        (
            1,
            "6b53c051e4199c518de79594e1c4ab18b96f081549d45ce015be002090bb119e\
             85285337cc95ba5f59992dc98c",
        ),
        (
            2,
            "71146bd6795ccc9c49ce25dda112a48f202ad220559502cef1f34271e0cb4b02\
             b4f10ecac6f48c32f878fae86b",
        ),
        (
            4,
            "63357a2aa291f5a4e5f27db6baa2af8cf77427c7c1a909e0b37214dd47db122b\
             b153495ff0b02e9e54a50dbe16",
        ),
        (
            255,
            "18ab939d63ddec9f6ac2b60d61d36a7375d2070c9b683861110757062c52b888\
             0a5f6b3936da9cd6c23ef2a95c",
        ),
        (
            256,
            "7a4a13e9ef23978e2c520fd4d2e757514ae160cd0cd05e556ef692370ca53076\
             214c0c40d4c728d6ed9e727a5b",
        ),
    ];
}

#[test]
fn the_vectors_of_rfc_9180_open() {
    let secret = SecretKey::from_bytes(bytes(a_2_1::SK_R));
    let info = hex::decode(a_2_1::INFO).unwrap();
    let plaintext = hex::decode(a_2_1::PT).unwrap();
    let mut opener = AWS_LC.opener(&info, &secret, &bytes(a_2_1::ENC)).unwrap();
    // A context steps on only when something opened: what the RFC does not print comes from the independent
    // implementation.
    let mut sender = sender_of_the_vectors();
    let mut opened = 0;
    for n in 0..=256 {
        let aad = format!("Count-{n}").into_bytes();
        let sealed = theirs_seals(&mut sender, &aad, &plaintext);
        let published = a_2_1::ENCRYPTIONS.iter().find(|(number, _)| *number == n);
        let ciphertext = match published {
            Some((_, hex)) => hex::decode(hex).unwrap(),
            None => sealed,
        };
        assert_eq!(*opener.open(&aad, &ciphertext).unwrap(), plaintext, "sequence number {n}");
        opened += usize::from(published.is_some());
    }
    assert_eq!(opened, a_2_1::ENCRYPTIONS.len());
}

#[test]
fn a_vector_opens_in_its_place_only() {
    let secret = SecretKey::from_bytes(bytes(a_2_1::SK_R));
    let info = hex::decode(a_2_1::INFO).unwrap();
    let first = hex::decode(a_2_1::ENCRYPTIONS[0].1).unwrap();
    let second = hex::decode(a_2_1::ENCRYPTIONS[1].1).unwrap();
    let opens = |info: &[u8], aad: &[u8], ciphertext: &[u8]| {
        let mut opener = AWS_LC.opener(info, &secret, &bytes(a_2_1::ENC)).unwrap();
        opener.open(aad, ciphertext).is_ok()
    };
    assert!(opens(&info, b"Count-0", &first));
    assert!(!opens(&info, b"Count-1", &second), "another sequence number");
    assert!(!opens(&info, b"Count-1", &first), "another aad");
    assert!(!opens(b"", b"Count-0", &first), "another info");
}

#[test]
fn an_independent_implementation_opens_what_we_seal() {
    let (theirs, public) = Suite::gen_keypair();
    let public = PublicKey::from_slice(&public.to_bytes()).unwrap();
    for (reader, info) in READERS {
        for size in [0, 1, 255, 256, 5000, 65_535] {
            let plaintext = vec![b'x'; size];
            let sealing = Sealing::begin(reader, &public).unwrap();
            let enc = Encapped::from_bytes(sealing.enc()).unwrap();
            let ciphertext = sealing.finish(&plaintext).unwrap();
            let mut receiver = hpke::setup_receiver::<ChaCha20Poly1305, HkdfSha256, Suite>(
                &OpModeR::Base,
                &theirs,
                &enc,
                info,
            )
            .unwrap();
            let (sealed, tag) = ciphertext.split_at(ciphertext.len() - 16);
            let mut padded = sealed.to_vec();
            let tag = AeadTag::from_bytes(tag).unwrap();
            receiver.open_inout_detached(InOutBuf::from(&mut padded[..]), &[], &tag).unwrap();
            assert_eq!(padded[..size], plaintext);
            assert_eq!(padded[size], 0x80);
            assert!(padded[size + 1..].iter().all(|byte| *byte == 0));
        }
    }
}

#[test]
fn we_open_what_an_independent_implementation_seals() {
    let (secret, public) = cloudmessaging_seal::generate().unwrap();
    let public = Public::from_bytes(&public.0).unwrap();
    for (reader, info) in READERS {
        let (enc, mut sender) = hpke::setup_sender::<ChaCha20Poly1305, HkdfSha256, Suite>(
            &OpModeS::Base,
            &public,
            info,
        )
        .unwrap();
        let mut padded = [0; 256];
        padded[..6].copy_from_slice(b"hello\x80");
        let ciphertext = theirs_seals(&mut sender, &[], &padded);
        let opened = open(reader, &secret, &enc.to_bytes(), &ciphertext).unwrap();
        assert_eq!(*opened, b"hello");
    }
}

#[test]
fn the_contexts_of_two_encryptions_to_one_key_have_nothing_in_common() {
    let (_, public) = cloudmessaging_seal::generate().unwrap();
    let [a, b] = [(); 2].map(|()| Sealing::begin(Reader::Inbox, &public).unwrap());
    assert_ne!(a.enc(), b.enc());
    assert_ne!(a.finish(b"same").unwrap(), b.finish(b"same").unwrap());
}

#[test]
fn nothing_is_sealed_to_or_opened_from_a_point_of_small_order() {
    // Points whose order divides 8: every secret makes the same, zero, of them (RFC 7748, 6.1).
    let mut one = [0; 32];
    one[0] = 1;
    for point in [[0; 32], one] {
        let refused = Sealing::begin(Reader::Inbox, &PublicKey(point)).unwrap_err();
        assert_eq!(refused, SealError::PublicKey);
        let (secret, _) = cloudmessaging_seal::generate().unwrap();
        let refused = open(Reader::Inbox, &secret, &point, &[0; 256 + 16]).unwrap_err();
        assert_eq!(refused, SealError::Open);
    }
}

const READERS: [(Reader, &[u8]); 4] = [
    (Reader::Inbox, b"cm/1 message"),
    (Reader::Receipt, b"cm/1 receipt"),
    (Reader::Registrar, b"cm/1 registrar"),
    (Reader::Reply, b"cm/1 reply"),
];

fn bytes<const N: usize>(hex: &str) -> [u8; N] {
    hex::decode(hex).unwrap().try_into().unwrap()
}

fn theirs_seals(sender: &mut Context, aad: &[u8], plaintext: &[u8]) -> Vec<u8> {
    let mut sealed = plaintext.to_vec();
    let tag = sender.seal_inout_detached(InOutBuf::from(&mut sealed[..]), aad).unwrap();
    sealed.extend_from_slice(&tag.to_bytes());
    sealed
}

/// The sender of the vectors: the RFC prints what its ephemeral key was derived from.
fn sender_of_the_vectors() -> Context {
    let secret = Private::from_bytes(&bytes::<32>(a_2_1::SK_R)).unwrap();
    let (enc, sender) = hpke::setup_sender_with_rng::<ChaCha20Poly1305, HkdfSha256, Suite>(
        &OpModeS::Base,
        &Suite::sk_to_pk(&secret),
        &hex::decode(a_2_1::INFO).unwrap(),
        &mut Fixed(bytes(a_2_1::IKM_E)),
    )
    .unwrap();
    assert_eq!(enc.to_bytes()[..], bytes::<32>(a_2_1::ENC));
    sender
}

/// A random generator that gives 32 known bytes.
struct Fixed([u8; 32]);

impl TryRng for Fixed {
    type Error = std::convert::Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Self::Error> {
        unreachable!("keys are filled as bytes")
    }

    fn try_next_u64(&mut self) -> Result<u64, Self::Error> {
        unreachable!("keys are filled as bytes")
    }

    fn try_fill_bytes(&mut self, out: &mut [u8]) -> Result<(), Self::Error> {
        out.copy_from_slice(&self.0);
        Ok(())
    }
}

impl TryCryptoRng for Fixed {}
