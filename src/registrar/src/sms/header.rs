// SPDX-License-Identifier: Apache-2.0
//! Headers that prove to an SMS server who asks: read once from a file that is the operator's alone, and told
//! to nobody but that server.

use std::path::Path;

use ureq::http::{HeaderName, HeaderValue};
use zeroize::Zeroizing;

use super::SmsError;
use crate::keys::read_private;

/// What the request says of itself, and who it goes to: a second opinion would split it in two.
const NOT_THE_OPERATORS: [&str; 6] =
    ["connection", "content-length", "content-type", "host", "te", "transfer-encoding"];

/// Reads `Name: value` lines; empty lines do not count. What is wrong is told by its line, never quoted.
pub(super) fn read(path: &Path) -> Result<Vec<(HeaderName, HeaderValue)>, SmsError> {
    let file = read_private(path)?;
    let mut headers = Vec::new();
    for (n, line) in file.split(|byte| *byte == b'\n').enumerate() {
        if !line.trim_ascii().is_empty() {
            headers.push(parse(line).ok_or(SmsError::Header { path: path.into(), line: n + 1 })?);
        }
    }
    match headers.is_empty() {
        // Without what proves who asks, the server would refuse each SMS, and nobody would know why.
        true => Err(SmsError::Header { path: path.into(), line: 1 }),
        false => Ok(headers),
    }
}

fn parse(line: &[u8]) -> Option<(HeaderName, HeaderValue)> {
    let colon = line.iter().position(|byte| *byte == b':')?;
    let name = HeaderName::from_bytes(&line[..colon]).ok()?;
    let value = Zeroizing::new(line[colon + 1..].trim_ascii().to_vec());
    let mut value = HeaderValue::from_bytes(&value).ok()?;
    value.set_sensitive(true);
    let ours = NOT_THE_OPERATORS.contains(&name.as_str());
    (!ours && !value.is_empty()).then_some((name, value))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;
    use std::path::PathBuf;

    fn file(content: &[u8], mode: u32) -> (tempfile::TempDir, PathBuf) {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("headers");
        std::fs::write(&path, content).unwrap();
        std::fs::set_permissions(&path, PermissionsExt::from_mode(mode)).unwrap();
        (dir, path)
    }

    #[test]
    fn each_line_is_a_header_and_none_shows_itself() {
        let (_dir, path) = file(b"Authorization: Bearer a:b\r\n\nX-Account:7 \n", 0o600);
        let headers = read(&path).unwrap();
        let told: Vec<_> = headers.iter().map(|(n, v)| (n.as_str(), v.to_str().unwrap())).collect();
        assert_eq!(told, [("authorization", "Bearer a:b"), ("x-account", "7")]);
        assert!(!format!("{headers:?}").contains("Bearer"));
    }

    #[test]
    fn a_file_that_others_may_read_or_that_is_not_there_is_refused() {
        for mode in [0o640, 0o604, 0o644, 0o660, 0o700] {
            let (_dir, path) = file(b"Authorization: secret\n", mode);
            let refused = read(&path).unwrap_err();
            assert!(matches!(refused, SmsError::HeaderFile(_)), "{mode:o}");
        }
        assert!(matches!(read(Path::new("/nonexistent")), Err(SmsError::HeaderFile(_))));
    }

    #[test]
    fn what_is_no_header_is_refused_by_its_line_and_not_quoted() {
        for (content, bad) in [
            (&b""[..], 1),
            (b"\n \n", 1),
            (b"secret\n", 1),
            (b"X-A: 1\nsecret\n", 2),
            (b"X-A: 1\n\nX B: secret\n", 3),
            (b": secret\n", 1),
            (b"Authorization:\n", 1),
            (b"Authorization: sec\0ret\n", 1),
            (b"Authorization: secret\rX-B: 1\n", 1),
            (b" Authorization: secret\n", 1),
            (b"Content-Length: 7\n", 1),
            (b"host: secret\n", 1),
        ] {
            let (_dir, path) = file(content, 0o600);
            let refused = read(&path).unwrap_err();
            assert!(!refused.to_string().contains("secret"), "{refused}");
            assert!(matches!(refused, SmsError::Header { line, .. } if line == bad), "{refused}");
        }
    }
}
