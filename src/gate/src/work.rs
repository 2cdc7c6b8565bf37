// SPDX-License-Identifier: Apache-2.0
//! What works beside whoever calls: uplink processes, and the threads of the couriers and of those who read the
//! uplinks for them.
//!
//! [`Processes`] is how a phone does it, and the only way that this crate has: an uplink is a process that is killed
//! and reaped (P2, P3). It is behind a trait so that a simulation can play phones, broker and crashes step by step on
//! one thread.

use std::fmt::Debug;
use std::io;
use std::path::PathBuf;
use std::sync::mpsc::Sender;
use std::sync::Arc;
use std::thread;

use cloudmessaging_wire::limits::FRAME_MAX;
use cloudmessaging_wire::proto::uplink::from_uplink;

use crate::courier::{Courier, Event};
use crate::gate::{HandOver, Uplink};
use crate::process::{End, Forker, Process};

/// An uplink that also speaks.
pub trait Speaks: Uplink + Debug {
    /// Names it in the log: its process id.
    fn pid(&self) -> u32;

    /// Waits for its next frame; `buffer` is best used again.
    fn read(&self, buffer: &mut Vec<u8>) -> Result<from_uplink::Frame, End>;
}

impl Speaks for Process {
    fn pid(&self) -> u32 {
        Process::pid(self)
    }

    fn read(&self, buffer: &mut Vec<u8>) -> Result<from_uplink::Frame, End> {
        Process::read(self, buffer)
    }
}

/// An uplink that was started.
pub type Started = Box<dyn Speaks>;

impl Uplink for Started {
    fn hand_over(&self, frame: &[u8]) -> Result<(), HandOver> {
        (**self).hand_over(frame)
    }

    fn kill(&self) {
        (**self).kill();
    }
}

/// Who does the work.
pub trait Workers: Send + Sync {
    /// Starts an uplink; `configure` is the first frame that it reads.
    fn start_uplink(&self, configure: &[u8]) -> io::Result<Started>;

    /// Tells a courier each frame of an uplink, and that it ended.
    fn read_uplink(&self, uplink: Arc<Started>, courier: Sender<Event>) -> io::Result<()>;

    /// Has a courier run until it ends.
    fn run_courier(&self, courier: Courier) -> io::Result<()>;

    /// Does something that can hang, so that whoever waits for it need not wait for ever.
    fn beside(&self, work: Box<dyn FnOnce() + Send>) -> io::Result<()>;
}

/// Processes and threads.
pub struct Processes {
    /// Starts uplinks.
    pub forker: Forker,
    /// The uplink's program.
    pub program: PathBuf,
}

impl Workers for Processes {
    fn start_uplink(&self, configure: &[u8]) -> io::Result<Started> {
        Ok(Box::new(Process::start(&self.forker, &self.program, configure)?))
    }

    fn read_uplink(&self, uplink: Arc<Started>, courier: Sender<Event>) -> io::Result<()> {
        let read = move || {
            let mut buffer = Vec::with_capacity(FRAME_MAX);
            loop {
                let event = match uplink.read(&mut buffer) {
                    Ok(frame) => Event::Frame(uplink.clone(), frame),
                    Err(end) => {
                        let _ = courier.send(Event::Ended(uplink.clone(), end));
                        return;
                    }
                };
                if courier.send(event).is_err() {
                    return;
                }
            }
        };
        thread::Builder::new().name("uplink reader".into()).spawn(read).map(drop)
    }

    fn run_courier(&self, courier: Courier) -> io::Result<()> {
        let name = format!("courier {}", courier.user());
        thread::Builder::new().name(name).spawn(move || courier.run()).map(drop)
    }

    fn beside(&self, work: Box<dyn FnOnce() + Send>) -> io::Result<()> {
        thread::Builder::new().name("beside".into()).spawn(work).map(drop)
    }
}
