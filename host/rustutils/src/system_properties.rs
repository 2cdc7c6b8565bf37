// SPDX-License-Identifier: Apache-2.0
//! Sets a system property: one request to init on the socket `property_service`. What is set, init shares with
//! everybody in memory that Android's C library reads; here there is none, and what is read are lines of a file.
//!
//! A request, all numbers 32 bits in the machine's order: `PROP_MSG_SETPROP2`, the length of the name, the name, the
//! length of the value, the value. The answer is one number, 0 if it was set. init asks SELinux whether the peer may.

use std::io::{self, Read as _, Write as _};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

/// Where init listens.
const SOCKET: &str = "/dev/socket/property_service";

/// `PROP_MSG_SETPROP2`: set, and say whether it was.
pub const SET: u32 = 0x0002_0001;

/// How long init may take.
const WITHIN: Duration = Duration::from_secs(5);

/// Why a property was not set.
#[derive(Debug, thiserror::Error)]
pub enum PropertyWatcherError {
    /// Nobody was asked, or nobody answered.
    #[error("init cannot be asked: {0}")]
    Unreachable(#[from] io::Error),
    /// init, or SELinux, refused.
    #[error("init refused: {0:#x}")]
    Refused(u32),
}

/// What a property access returns.
pub type Result<T> = std::result::Result<T, PropertyWatcherError>;

/// Names the file that holds a host's properties, in lines `name=value`. Without it none is set.
pub const FILE: &str = "CLOUDMESSAGING_HOST_PROPERTIES";

/// What a property is, if it is set.
pub fn read(name: &str) -> Result<Option<String>> {
    match std::env::var_os(FILE) {
        Some(file) => read_from(Path::new(&file), name),
        None => Ok(None),
    }
}

fn read_from(file: &Path, name: &str) -> Result<Option<String>> {
    let text = std::fs::read_to_string(file)?;
    let value =
        |line: &str| line.split_once('=').filter(|(of, _)| *of == name).map(|(_, v)| v.to_owned());
    Ok(text.lines().find_map(value))
}

/// Sets a property.
pub fn write(name: &str, value: &str) -> Result<()> {
    ask(Path::new(SOCKET), name, value)
}

fn ask(socket: &Path, name: &str, value: &str) -> Result<()> {
    let mut init = UnixStream::connect(socket)?;
    init.set_read_timeout(Some(WITHIN))?;
    init.set_write_timeout(Some(WITHIN))?;
    let mut request = SET.to_ne_bytes().to_vec();
    for text in [name, value] {
        let length = u32::try_from(text.len()).map_err(io::Error::other)?;
        request.extend(length.to_ne_bytes());
        request.extend(text.as_bytes());
    }
    init.write_all(&request)?;
    let mut answer = [0; 4];
    init.read_exact(&mut answer)?;
    match u32::from_ne_bytes(answer) {
        0 => Ok(()),
        refused => Err(PropertyWatcherError::Refused(refused)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::net::UnixListener;

    /// Answers one request; gives what was asked.
    fn init(answer: u32, name: &str, value: &str) -> (Result<()>, Vec<u8>) {
        let directory = tempfile::tempdir().unwrap();
        let socket = directory.path().join("property_service");
        let listener = UnixListener::bind(&socket).unwrap();
        std::thread::scope(|scope| {
            let served = scope.spawn(|| {
                let (mut peer, _) = listener.accept().unwrap();
                let mut request = vec![0; 12 + name.len() + value.len()];
                peer.read_exact(&mut request).unwrap();
                peer.write_all(&answer.to_ne_bytes()).unwrap();
                request
            });
            let result = ask(&socket, name, value);
            (result, served.join().unwrap())
        })
    }

    #[test]
    fn init_is_asked_in_its_own_words() {
        let (result, request) = init(0, "ctl.start", "x");
        result.unwrap();
        let words = [&SET.to_ne_bytes()[..], &9u32.to_ne_bytes(), b"ctl.start"].concat();
        assert_eq!(request, [&words[..], &1u32.to_ne_bytes(), b"x"].concat());
    }

    #[test]
    fn what_init_refuses_is_an_error() {
        let (result, _) = init(0x18, "ctl.start", "x");
        assert!(matches!(result, Err(PropertyWatcherError::Refused(0x18))), "{result:?}");
    }

    #[test]
    fn a_property_is_a_line_of_the_file() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), "a.b=1\na.c=x=y\na.d=\n").unwrap();
        let read = |name| read_from(file.path(), name).unwrap();
        assert_eq!(read("a.c").as_deref(), Some("x=y"));
        assert_eq!(read("a.d").as_deref(), Some(""));
        assert_eq!(read("a"), None);
    }

    #[test]
    fn without_an_init_nothing_is_set() {
        let nowhere = Path::new("/nonexistent/property_service");
        assert!(matches!(ask(nowhere, "a", "b"), Err(PropertyWatcherError::Unreachable(_))));
    }
}
