// SPDX-License-Identifier: Apache-2.0
//! Payloads: what is put together out of disclosed data, before it is signed and sealed.

use cloudmessaging_preview::preview::blank_signed;
use cloudmessaging_preview::{registration, Contents};
use cloudmessaging_wire::limits::SCHEMA_VERSION;
use cloudmessaging_wire::proto::envelope::{content, Content, Message, Receipt, Retract};
use cloudmessaging_wire::proto::registrar::{request, Erase, LookUp, Renewal, Request};
use zeroize::Zeroizing;

use super::{
    Body, Brand, Delivery, Disclosed, Imei, Imsi, PhoneNumber, PublicKeys, RecipientNumber,
};

pub use cloudmessaging_preview::RequestHead;

/// A payload without its signature, branded with the permit under which its data were disclosed.
pub struct Payload<'p> {
    unsealed: Unsealed,
    brand: Brand<'p>,
}

/// What a payload holds: given to `seal/` alone.
pub(crate) enum Unsealed {
    /// For the registrar.
    Request(Request),
    /// For somebody's inbox.
    Content(Content),
}

/// What no one but its reader can read; goes out under the permit branded `'p` or not at all.
pub struct Sealed<'p> {
    ciphertext: Vec<u8>,
    plaintext_size: usize,
    #[allow(dead_code)] // The brand is all type.
    brand: Brand<'p>,
}

impl<'p> Payload<'p> {
    /// First registration of a SIM.
    pub fn registration(
        head: RequestHead,
        number: Disclosed<'p, PhoneNumber>,
        imsi: Option<Disclosed<'p, Imsi>>,
        imei: Option<Disclosed<'p, Imei>>,
        keys: Disclosed<'p, PublicKeys>,
        code: String,
    ) -> Self {
        let brand = number.brand;
        let (number, imsi, imei) = (
            number.into_inner().0,
            imsi.map(|imsi| imsi.into_inner().0),
            imei.map(|imei| imei.into_inner().0),
        );
        let contents = Contents {
            number: &String::from_utf8_lossy(&number),
            imsi: imsi.as_ref().map(|imsi| imsi.as_str()),
            imei: imei.as_ref().map(|imei| imei.as_str()),
            keys: keys.into_inner().0,
            code,
        };
        Self { unsealed: Unsealed::Request(registration(head, contents)), brand }
    }

    /// Renewal of the lease, with fresh prekeys.
    pub fn renewal(
        head: RequestHead,
        certificate: Disclosed<'p, PhoneNumber>,
        keys: Disclosed<'p, PublicKeys>,
    ) -> Self {
        let brand = certificate.brand;
        let keys = keys.into_inner().0;
        let kind = request::Kind::Renewal(Renewal {
            sender_certificate: certificate.into_inner().0.to_vec(),
            tls_public_key: keys.tls_public_key,
            prekeys: keys.prekeys,
            prekeys_signature: keys.prekeys_signature,
        });
        Self::request(head, kind, brand)
    }

    /// Look-up of one number.
    pub fn look_up(
        head: RequestHead,
        recipient: Disclosed<'p, RecipientNumber>,
        certificate: Disclosed<'p, PhoneNumber>,
    ) -> Self {
        let brand = recipient.brand;
        let kind = request::Kind::LookUp(LookUp {
            number: recipient.into_inner().0.to_string(),
            sender_certificate: certificate.into_inner().0.to_vec(),
        });
        Self::request(head, kind, brand)
    }

    /// The owner's request to erase the registration.
    pub fn erase(head: RequestHead, certificate: Disclosed<'p, PhoneNumber>) -> Self {
        let brand = certificate.brand;
        let sender_certificate = certificate.into_inner().0.to_vec();
        Self::request(head, request::Kind::Erase(Erase { sender_certificate }), brand)
    }

    /// A message to one recipient. `fixed` holds what is no personal datum: id, times, receipt key and
    /// checkpoint hash; its body and certificate are replaced by what was disclosed.
    pub fn message(
        fixed: Message,
        body: Disclosed<'p, Body>,
        certificate: Disclosed<'p, PhoneNumber>,
    ) -> Self {
        let brand = body.brand;
        let message = Message {
            body: body.into_inner().0.to_string(),
            sender_certificate: certificate.into_inner().0.to_vec(),
            ..fixed
        };
        Self::content(content::Kind::Message(message), brand)
    }

    /// The word that a message is not to be taken any more. `fixed` holds what is no personal datum: id and receipt
    /// key; its certificate is replaced by what was disclosed.
    pub fn retract(fixed: Retract, certificate: Disclosed<'p, PhoneNumber>) -> Self {
        let brand = certificate.brand;
        let sender_certificate = certificate.into_inner().0.to_vec();
        Self::content(content::Kind::Retract(Retract { sender_certificate, ..fixed }), brand)
    }

    /// The recipient's answer to a message.
    pub fn receipt(delivery: Disclosed<'p, Delivery>) -> Self {
        let brand = delivery.brand;
        let (id, status) = delivery.into_inner().0;
        Self::content(content::Kind::Receipt(Receipt { id, status }), brand)
    }

    fn request(head: RequestHead, kind: request::Kind, brand: Brand<'p>) -> Self {
        Self { unsealed: Unsealed::Request(head.request(kind)), brand }
    }

    fn content(kind: content::Kind, brand: Brand<'p>) -> Self {
        let content =
            Content { schema_version: SCHEMA_VERSION, kind: Some(kind), signature: Vec::new() };
        Self { unsealed: Unsealed::Content(content), brand }
    }

    /// The bytes before padding, with zeros for the signature: for `preview`, which never leaves the phone.
    pub(super) fn blank_signed(&self) -> Zeroizing<Vec<u8>> {
        match &self.unsealed {
            Unsealed::Request(request) => blank_signed(request),
            Unsealed::Content(content) => blank_signed(content),
        }
    }

    /// Gives what it holds to `seal`, which signs and encrypts it: what goes on the wire, and how many bytes it
    /// was before padding. Called by `seal/` alone (a test looks).
    pub(crate) fn seal_with<E>(
        self,
        seal: impl FnOnce(Unsealed) -> Result<(Vec<u8>, usize), E>,
    ) -> Result<Sealed<'p>, E> {
        let (ciphertext, plaintext_size) = seal(self.unsealed)?;
        Ok(Sealed { ciphertext, plaintext_size, brand: self.brand })
    }
}

impl Sealed<'_> {
    /// What goes on the wire.
    pub fn ciphertext(&self) -> &[u8] {
        &self.ciphertext
    }

    /// Bytes before padding and encryption.
    pub fn plaintext_size(&self) -> usize {
        self.plaintext_size
    }

    pub(crate) fn into_ciphertext(self) -> Vec<u8> {
        self.ciphertext
    }
}
