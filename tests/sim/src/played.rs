// SPDX-License-Identifier: Apache-2.0
//! The uplink as the gate sees it, without a process: frames go into a queue that the [`World`](crate::World) empties,
//! and a kill is a flag. Couriers wait here for their turn.

use std::collections::VecDeque;
use std::fmt;
use std::io;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::mpsc::Sender;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use cloudmessaging_gate::courier::{Courier, Event};
use cloudmessaging_gate::gate::{HandOver, Uplink};
use cloudmessaging_gate::process::End;
use cloudmessaging_gate::work::{Speaks, Started, Workers};
use cloudmessaging_wire::frame;
use cloudmessaging_wire::proto::uplink::{from_uplink, to_uplink, ToUplink};

use crate::fuse::Fuse;

/// No two uplinks of a test have the same.
static NEXT_PID: AtomicU32 = AtomicU32::new(1);

/// A gate that died in the middle has its locks poisoned, and nobody minds.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// One played uplink, as gate and world share it.
pub(crate) struct Played {
    pub pid: u32,
    alive: AtomicBool,
    /// It has said that it is ready.
    ready: AtomicBool,
    frames: Mutex<VecDeque<to_uplink::Frame>>,
    fuse: Fuse,
}

impl Played {
    pub fn is_alive(&self) -> bool {
        self.alive.load(Ordering::Relaxed)
    }

    /// Dies by itself.
    pub fn die(&self) {
        self.alive.store(false, Ordering::Relaxed);
    }

    /// Whether it has just been started; once.
    pub fn begins(&self) -> bool {
        !self.ready.swap(true, Ordering::Relaxed)
    }

    pub fn next_frame(&self) -> Option<to_uplink::Frame> {
        lock(&self.frames).pop_front()
    }
}

/// What the gate holds of it.
struct Held(Arc<Played>);

impl fmt::Debug for Held {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Held({})", self.0.pid)
    }
}

impl Uplink for Held {
    fn hand_over(&self, bytes: &[u8]) -> Result<(), HandOver> {
        self.0.fuse.moment("a frame is to be handed over");
        if !self.0.is_alive() {
            return Err(HandOver::Gone);
        }
        let known = |frame: &ToUplink| frame.frame.is_some();
        let frame = frame::decode(bytes, known).expect("the gate hands over frames").frame;
        lock(&self.0.frames).extend(frame);
        self.0.fuse.moment("a frame was handed over");
        Ok(())
    }

    fn kill(&self) {
        self.0.die();
    }
}

impl Speaks for Held {
    fn pid(&self) -> u32 {
        self.0.pid
    }

    /// Only the last errand of a withdrawal reads for itself, and hears nothing.
    fn read(&self, _: &mut Vec<u8>) -> Result<from_uplink::Frame, End> {
        Err(End::Gone)
    }
}

/// One gate's couriers and uplinks.
#[derive(Default)]
pub(crate) struct Stage {
    couriers: Mutex<Vec<Courier>>,
    uplinks: Mutex<Vec<Arc<Played>>>,
    /// Those of a gate that died.
    orphans: Mutex<Vec<Arc<Played>>>,
    readers: Mutex<Vec<(Arc<Started>, Sender<Event>)>>,
    fuse: Fuse,
}

impl Stage {
    pub fn new(fuse: Fuse) -> Self {
        Self { fuse, ..Self::default() }
    }

    /// The couriers that have something to do, until they are put back.
    pub fn take_couriers(&self) -> Vec<Courier> {
        std::mem::take(&mut lock(&self.couriers))
    }

    pub fn put_back(&self, courier: Courier) {
        lock(&self.couriers).push(courier);
    }

    pub fn uplinks(&self) -> Vec<Arc<Played>> {
        lock(&self.uplinks).clone()
    }

    /// The uplinks of gates that died, once.
    pub fn take_orphans(&self) -> Vec<Arc<Played>> {
        std::mem::take(&mut lock(&self.orphans))
    }

    /// Forgets one that is gone.
    pub fn forget(&self, pid: u32) {
        lock(&self.uplinks).retain(|uplink| uplink.pid != pid);
        lock(&self.readers).retain(|(uplink, _)| uplink.pid() != pid);
    }

    /// Tells the courier what an uplink says.
    pub fn say(&self, pid: u32, frame: from_uplink::Frame) {
        self.tell(pid, |uplink| Event::Frame(uplink, frame));
    }

    /// Tells the courier that an uplink has ended.
    pub fn ended(&self, pid: u32) {
        self.tell(pid, |uplink| Event::Ended(uplink, End::Gone));
    }

    fn tell(&self, pid: u32, event: impl FnOnce(Arc<Started>) -> Event) {
        let readers = lock(&self.readers);
        if let Some((uplink, courier)) = readers.iter().find(|(uplink, _)| uplink.pid() == pid) {
            let _ = courier.send(event(uplink.clone()));
        }
    }

    /// Lets go of all that holds the gate in memory.
    pub fn clear(&self) {
        let couriers = self.take_couriers();
        drop(couriers);
        let uplinks = std::mem::take(&mut *lock(&self.uplinks));
        uplinks.iter().for_each(|uplink| uplink.die());
        lock(&self.orphans).extend(uplinks);
        lock(&self.readers).clear();
    }
}

/// The stage, as the gate's module owns it.
pub(crate) struct OnStage(pub Arc<Stage>);

impl Workers for OnStage {
    fn start_uplink(&self, _: &[u8]) -> io::Result<Started> {
        let played = Arc::new(Played {
            pid: NEXT_PID.fetch_add(1, Ordering::Relaxed),
            alive: AtomicBool::new(true),
            ready: AtomicBool::new(false),
            frames: Mutex::default(),
            fuse: self.0.fuse.clone(),
        });
        lock(&self.0.uplinks).push(played.clone());
        Ok(Box::new(Held(played)))
    }

    fn read_uplink(&self, uplink: Arc<Started>, courier: Sender<Event>) -> io::Result<()> {
        lock(&self.0.readers).push((uplink, courier));
        Ok(())
    }

    fn run_courier(&self, courier: Courier) -> io::Result<()> {
        self.0.put_back(courier);
        Ok(())
    }

    fn beside(&self, work: Box<dyn FnOnce() + Send>) -> io::Result<()> {
        work();
        Ok(())
    }
}
