// SPDX-License-Identifier: Apache-2.0
//! An uplink and a courier that wait for their turn.

use std::collections::VecDeque;
use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::Sender;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use cloudmessaging_wire::frame;
use cloudmessaging_wire::proto::uplink::{from_uplink, to_uplink, ToUplink};

use crate::courier::{Courier, Event};
use crate::gate::{HandOver, Uplink};
use crate::process::End;
use crate::sync::lock;
use crate::work::{Speaks, Started, Workers};

/// What the gate has started.
#[derive(Default)]
pub struct Stage {
    /// What was handed over and not looked at, oldest first.
    frames: Mutex<VecDeque<to_uplink::Frame>>,
    uplink: Mutex<Option<(Arc<Started>, Sender<Event>)>>,
    courier: Mutex<Option<Courier>>,
    /// Whether the uplink takes nothing.
    refuses: AtomicBool,
}

#[derive(Debug)]
struct Played {
    alive: AtomicBool,
    stage: OnStage,
}

impl Uplink for Played {
    fn hand_over(&self, bytes: &[u8]) -> Result<(), HandOver> {
        if !self.alive.load(Ordering::SeqCst) {
            return Err(HandOver::Gone);
        }
        if self.stage.0.refuses.load(Ordering::SeqCst) {
            return Err(HandOver::Full);
        }
        let frame: ToUplink = frame::decode(bytes, |_| true).unwrap();
        lock(&self.stage.0.frames).push_back(frame.frame.unwrap());
        Ok(())
    }

    fn kill(&self) {
        self.alive.store(false, Ordering::SeqCst);
    }
}

impl Speaks for Played {
    fn pid(&self) -> u32 {
        1
    }

    fn read(&self, _: &mut Vec<u8>) -> Result<from_uplink::Frame, End> {
        Err(End::Gone)
    }
}

/// The stage, as the gate's module owns it.
#[derive(Clone)]
pub struct OnStage(pub Arc<Stage>);

impl std::fmt::Debug for OnStage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("OnStage")
    }
}

impl Workers for OnStage {
    fn start_uplink(&self, _: &[u8]) -> io::Result<Started> {
        lock(&self.0.frames).clear();
        Ok(Box::new(Played { alive: AtomicBool::new(true), stage: self.clone() }))
    }

    fn read_uplink(&self, uplink: Arc<Started>, courier: Sender<Event>) -> io::Result<()> {
        let _ = courier.send(Event::Frame(
            uplink.clone(),
            from_uplink::Frame::Ready(cloudmessaging_wire::proto::uplink::Ready::default()),
        ));
        *lock(&self.0.uplink) = Some((uplink, courier));
        Ok(())
    }

    fn run_courier(&self, courier: Courier) -> io::Result<()> {
        *lock(&self.0.courier) = Some(courier);
        Ok(())
    }

    fn beside(&self, work: Box<dyn FnOnce() + Send>) -> io::Result<()> {
        work();
        Ok(())
    }
}

impl Stage {
    /// Lets the courier do what is due. Gives how long it would sleep then, if there is one.
    pub fn step(&self) -> Option<Duration> {
        let mut courier = lock(&self.courier).take()?;
        courier.hear();
        let sleep = courier.step()?;
        *lock(&self.courier) = Some(courier);
        Some(sleep)
    }

    /// The uplink takes nothing from now on, or does again.
    pub fn refuse(&self, refuses: bool) {
        self.refuses.store(refuses, Ordering::SeqCst);
    }

    /// What was handed over first.
    pub fn next_frame(&self) -> Option<to_uplink::Frame> {
        lock(&self.frames).pop_front()
    }

    /// The uplink says something.
    pub fn say(&self, frame: from_uplink::Frame) {
        let uplink = lock(&self.uplink);
        let (uplink, courier) = uplink.as_ref().unwrap();
        courier.send(Event::Frame(uplink.clone(), frame)).unwrap();
    }

    /// Everything ends, as when the gate dies.
    pub fn clear(&self) {
        lock(&self.frames).clear();
        let courier = lock(&self.courier).take();
        drop(courier);
        *lock(&self.uplink) = None;
    }
}
