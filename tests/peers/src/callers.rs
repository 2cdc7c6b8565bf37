// SPDX-License-Identifier: Apache-2.0
//! Callers that misbehave on one of the gate's sockets: with bytes of their own, and with real calls.

use android_system_cloudmessaging::aidl::android::system::cloudmessaging::ICloudMessaging::ICloudMessaging;
use binder::host::connect;
use cloudmessaging_testbed::become_uid;
use std::io::{Read, Result, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

/// The name that ICloudMessaging is served by.
const MESSAGING: &str = "android.system.cloudmessaging.ICloudMessaging";

/// What a client says first: for a new session, in AOSP's RpcWireFormat.h.
fn greet(socket: &Path) -> Result<UnixStream> {
    let mut stream = UnixStream::connect(socket)?;
    stream.set_read_timeout(Some(Duration::from_secs(5)))?;
    stream.set_write_timeout(Some(Duration::from_millis(200)))?;
    let mut header = [0; 16];
    header[0] = 2;
    stream.write_all(&header)?;
    stream.read_exact(&mut [0; 8])?;
    stream.write_all(b"cci\0\0\0\0\0")?;
    Ok(stream)
}

/// `RpcWireHeader` of a call of so many bytes, and the call: for the server's root.
fn call(bytes: u32) -> Vec<u8> {
    let mut frame = vec![0; 16 + bytes as usize];
    frame[4..8].copy_from_slice(&bytes.to_le_bytes());
    frame
}

/// How a caller misbehaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rude {
    /// Makes calls, one after the other.
    Floods,
    /// Connects, and says nothing.
    SaysNothing,
    /// Connects as it should, and then says nothing.
    CallsNothing,
    /// Begins a call and waits.
    HalfACall,
    /// Begins a call of 1 MiB, sends most of it, and waits.
    LargeCall,
    /// Says that its call is larger than any may be.
    ClaimsMuch,
    /// Sends what is no call.
    Garbage,
    /// Calls and does not read the answers.
    NeverReads,
    /// Ends in the middle of its call.
    Dies,
}

/// All of them.
pub const ALL: [Rude; 9] = [
    Rude::Floods,
    Rude::SaysNothing,
    Rude::CallsNothing,
    Rude::HalfACall,
    Rude::LargeCall,
    Rude::ClaimsMuch,
    Rude::Garbage,
    Rude::NeverReads,
    Rude::Dies,
];

impl Rude {
    /// Once, for a while, or until it is thrown out. What fails is what was to be expected.
    fn misbehave(self, socket: &Path, stop: &AtomicBool) -> Result<()> {
        let hold = |_stream: UnixStream| {
            for _ in 0..10 {
                if stop.load(Ordering::Relaxed) {
                    return;
                }
                std::thread::sleep(Duration::from_millis(50));
            }
        };
        match self {
            Self::Floods => {
                let connection = connect::<dyn ICloudMessaging>(socket, MESSAGING, false);
                let connection = connection.map_err(std::io::Error::other)?;
                for _ in 0..10 {
                    // Refused or not: either is an answer.
                    let _ = connection.inbound(0, 100);
                    let _ = connection.outcomes(0, 100);
                }
            }
            Self::SaysNothing => hold(UnixStream::connect(socket)?),
            Self::CallsNothing => hold(greet(socket)?),
            Self::HalfACall => {
                let mut stream = greet(socket)?;
                stream.write_all(&call(1000)[..500])?;
                hold(stream);
            }
            Self::LargeCall => {
                let mut stream = greet(socket)?;
                stream.write_all(&call(1024 * 1024 - 64)[..1_000_000])?;
                hold(stream);
            }
            Self::ClaimsMuch => {
                let mut stream = greet(socket)?;
                let mut frame = call(64);
                frame[4..8].copy_from_slice(&u32::MAX.to_le_bytes());
                stream.write_all(&frame)?;
                hold(stream);
            }
            Self::Garbage => {
                let mut stream = greet(socket)?;
                let garbage: Vec<u8> =
                    (0..10_000u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 11) as u8).collect();
                stream.write_all(&garbage)?;
                UnixStream::connect(socket)?.write_all(&garbage)?;
            }
            Self::NeverReads => {
                let mut stream = greet(socket)?;
                let frame = call(40);
                while !stop.load(Ordering::Relaxed) {
                    stream.write_all(&frame)?;
                }
            }
            Self::Dies => {
                let mut stream = greet(socket)?;
                stream.write_all(&call(40))?;
                stream.write_all(&call(40)[..30])?;
            }
        }
        Ok(())
    }
}

/// Callers that misbehave until this is dropped.
pub struct Crowd {
    stop: Arc<AtomicBool>,
    rounds: Arc<AtomicUsize>,
    callers: Vec<JoinHandle<()>>,
}

impl Crowd {
    /// So many callers on a socket, who do it again and again.
    pub fn gather(rude: Rude, socket: &Path, callers: usize) -> Self {
        Self::gather_as(nix::unistd::geteuid().as_raw(), rude, socket, callers)
    }

    /// The same under another uid; needs root.
    pub fn gather_as(uid: u32, rude: Rude, socket: &Path, callers: usize) -> Self {
        let (stop, rounds) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
        let callers = (0..callers)
            .map(|_| {
                let (stop, rounds) = (Arc::clone(&stop), Arc::clone(&rounds));
                let socket = socket.to_owned();
                std::thread::spawn(move || {
                    become_uid(uid);
                    while !stop.load(Ordering::Relaxed) {
                        if rude.misbehave(&socket, &stop).is_err() {
                            // Thrown out, or not let in: it is at the door again at once, nearly.
                            std::thread::sleep(Duration::from_millis(5));
                        }
                        rounds.fetch_add(1, Ordering::Relaxed);
                    }
                })
            })
            .collect();
        Self { stop, rounds, callers }
    }

    /// How often they did it.
    pub fn rounds(&self) -> usize {
        self.rounds.load(Ordering::Relaxed)
    }
}

impl Drop for Crowd {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        for caller in self.callers.drain(..) {
            let _ = caller.join();
        }
    }
}
