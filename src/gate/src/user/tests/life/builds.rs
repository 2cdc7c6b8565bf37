// SPDX-License-Identifier: Apache-2.0
//! What an update can bring.

use std::fs;

use tempfile::TempDir;

use super::super::Module;
use crate::consent::Disclosures;

/// A build of the phone's software.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Build {
    /// Where each history begins.
    First,
    /// Discloses more.
    Wider,
    /// After that, says less in other words.
    Narrower,
    /// The first one, by another controller.
    OtherController,
    /// The first one, with the kill switch.
    Forbidding,
}

const TEXT: &str = "What is sent.";
const MORE: &str = "What is sent, and more.";
const LESS: &str = "What is sent, and a little more.";

impl Build {
    /// All of them.
    pub const ALL: [Self; 5] =
        [Self::First, Self::Wider, Self::Narrower, Self::OtherController, Self::Forbidding];

    /// Whether nothing has widened for who agreed to what that build disclosed.
    pub fn holds_to(self, agreed: Self) -> bool {
        use Build::*;
        match self {
            // A build that does not know a newer text cannot tell that it is no less.
            First | Forbidding => matches!(agreed, First | Forbidding),
            Wider => agreed == Wider,
            Narrower => matches!(agreed, Wider | Narrower),
            OtherController => agreed == OtherController,
        }
    }

    pub fn forbids(self) -> bool {
        self == Self::Forbidding
    }

    /// Makes the module one of this build.
    pub fn install(self, module: &mut Module) {
        // Those who get what is revealed are the same at each start.
        module.config.registrar.hpke_key = [7; 32];
        module.config.registrar.signing_keys.truncate(1);
        module.config.registrar.signing_keys[0].key = [8; 32];
        if self == Self::OtherController {
            module.config.controller = "Another Org".into();
        }
        module.config.forbidden = self.forbids();
        let folder = self.texts();
        let parties = module.config.parties();
        module.disclosures = Disclosures::load(folder.path(), parties).unwrap();
    }

    fn texts(self) -> TempDir {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: String| fs::write(folder.path().join(name), text).unwrap();
        match self {
            Self::First | Self::OtherController | Self::Forbidding => {
                write("en.txt", format!("version: 1\n{TEXT}"));
            }
            Self::Wider => {
                write("en.txt", format!("version: 2\nnew in 2: more\n{MORE}"));
                write("earlier.json", earlier(&[(TEXT, 1)]));
            }
            Self::Narrower => {
                write("en.txt", format!("version: 2\nnew in 2: more\n{LESS}"));
                write("earlier.json", earlier(&[(TEXT, 1), (MORE, 2)]));
            }
        }
        folder
    }
}

fn earlier(texts: &[(&str, u32)]) -> String {
    let of = |(text, version): &(&str, u32)| {
        let sha256 = ring::digest::digest(&ring::digest::SHA256, text.as_bytes());
        let sha256 = hex::encode(sha256.as_ref());
        format!(r#"{{"version": {version}, "locale": "en", "sha256": "{sha256}"}}"#)
    };
    let texts: Vec<_> = texts.iter().map(of).collect();
    format!(r#"{{"earlier": [{}]}}"#, texts.join(", "))
}
