// SPDX-License-Identifier: Apache-2.0
//! The preview: the same disclosure and the same payload as the real registration, under a brand that no
//! permit has. It can be looked at; sealed and sent it can not be.

use zeroize::Zeroizing;

use super::{Classes, Disclosure, Payload};

/// Makes the exact plaintext of a request under `allowed`, signature field included (zero here).
pub fn preview<E>(
    allowed: Classes,
    make: impl for<'p> FnOnce(&mut Disclosure<'p>) -> Result<Payload<'p>, E>,
) -> Result<Zeroizing<Vec<u8>>, E> {
    let mut disclosure = Disclosure::new(allowed);
    let payload = make(&mut disclosure)?;
    Ok(payload.blank_signed())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::disclose::{DataClass, Imei, Imsi, PhoneNumber, PublicKeys, Published, RequestHead};
    use cloudmessaging_preview::fields;
    use zeroize::Zeroizing;

    fn registration(allowed: &[DataClass]) -> Zeroizing<Vec<u8>> {
        preview::<crate::gate::Refusal>(allowed.iter().copied().collect(), |d| {
            let number = d.disclose(PhoneNumber(Zeroizing::new(b"+15550100".to_vec())))?;
            let imsi = d.disclose(Imsi(Zeroizing::new("001010000000001".into()))).ok();
            let imei = d.disclose(Imei(Zeroizing::new("490154203237518".into()))).ok();
            let keys = d.disclose(PublicKeys(Published {
                identity_key: vec![0; 32],
                tls_public_key: vec![0; 91],
                prekeys: vec![0; 90],
                prekeys_signature: vec![0; 64],
            }))?;
            let head = RequestHead { made_ms: 5, ..RequestHead::default() };
            Ok(Payload::registration(head, number, imsi, imei, keys, String::new()))
        })
        .unwrap_or_default()
    }

    #[test]
    fn what_is_not_allowed_is_not_in_the_plaintext() {
        let allowed = [DataClass::PhoneNumber, DataClass::PublicKeys];
        let plaintext = registration(&allowed);
        let names: Vec<_> = fields(&plaintext).unwrap().iter().map(|f| f.name).collect();
        assert!(!names.contains(&"registration.imsi") && !names.contains(&"registration.imei"));
        assert!(!plaintext.windows(15).any(|w| w == b"490154203237518"));
        assert!(registration(&[DataClass::PublicKeys]).is_empty(), "no number, no registration");
    }
}
