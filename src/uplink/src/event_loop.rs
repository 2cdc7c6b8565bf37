// SPDX-License-Identifier: Apache-2.0
//! One thread, one `poll` over the gate, the resolver and every connection. A connection begins with a
//! `Connect` frame and with nothing else; it ends in one `Closed`. An error of a connection never ends the
//! process, an error of the gate always does.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::os::fd::AsFd;
use std::time::{Duration, Instant};

use cloudmessaging_wire::proto::uplink::{to_uplink, Connect};
use cloudmessaging_wire::step;
use nix::errno::Errno;
use nix::poll::{poll, PollFd, PollFlags, PollTimeout};

use crate::connection::{Connection, Ending};
use crate::end::End;
use crate::gate::Gate;
use crate::resolve::Resolver;
use crate::settings::Settings;

/// Connections at a time: a user has one post connection and an inbox for each SIM.
const CONNECTIONS: usize = 16;

/// Frames of the gate that are taken before connections have their turn.
const FRAMES: usize = 64;

/// Serves the gate until it is gone.
pub fn run(gate: Gate, settings: Settings) -> Result<Infallible, End> {
    let resolver = Resolver::new(settings.host.clone(), settings.port)?;
    let mut uplink = Uplink { gate, settings, resolver, connections: BTreeMap::new() };
    let mut reading = true;
    loop {
        let ready = uplink.wait(reading)?;
        let now = Instant::now();
        uplink.gate.flush()?;
        if ready.resolver {
            uplink.resolved(now)?;
        }
        for id in ready.connections {
            uplink.with(id, |connection| connection.ready(reading, now))?;
        }
        uplink.time(reading, now)?;
        uplink.frames(now)?;

        let room = uplink.gate.has_room();
        if room && !reading {
            uplink.connections.values_mut().for_each(|connection| connection.reading_again(now));
        }
        reading = room;
    }
}

struct Ready {
    resolver: bool,
    connections: Vec<u32>,
}

struct Uplink {
    gate: Gate,
    settings: Settings,
    resolver: Resolver,
    connections: BTreeMap<u32, Connection>,
}

impl Uplink {
    /// Waits until something is ready or due.
    fn wait(&self, reading: bool) -> Result<Ready, End> {
        let mut fds = vec![
            PollFd::new(self.gate.as_fd(), self.gate.interest()),
            PollFd::new(self.resolver.as_fd(), PollFlags::POLLIN),
        ];
        let mut ids = Vec::new();
        for (id, connection) in &self.connections {
            if let Some((fd, flags)) = connection.interest(reading) {
                fds.push(PollFd::new(fd, flags));
                ids.push(*id);
            }
        }
        let due = self.connections.values().filter_map(|c| c.due(reading)).min();
        match poll(&mut fds, timeout(due)) {
            Ok(_) | Err(Errno::EINTR) => {}
            Err(errno) => return Err(End::System { step: "poll", errno }),
        }
        let mut results = fds.iter().map(|fd| fd.revents().unwrap_or(PollFlags::empty()));
        let gate = results.next().unwrap_or(PollFlags::empty());
        if gate.intersects(PollFlags::POLLHUP | PollFlags::POLLERR) {
            // What it may have written before is not sent on: nobody stands behind it any more.
            return Err(End::GateGone);
        }
        let resolver = results.next().is_some_and(|flags| !flags.is_empty());
        let connections =
            ids.iter().zip(results).filter(|(_, flags)| !flags.is_empty()).map(|(id, _)| *id);
        Ok(Ready { resolver, connections: connections.collect() })
    }

    fn resolved(&mut self, now: Instant) -> Result<(), End> {
        let Some(answer) = self.resolver.answer() else { return Ok(()) };
        for id in self.ids() {
            self.with(id, |connection| match connection.is_resolving() {
                true => connection.resolved(&answer, now),
                false => Ok(()),
            })?;
        }
        Ok(())
    }

    fn time(&mut self, reading: bool, now: Instant) -> Result<(), End> {
        for id in self.ids() {
            self.with(id, |connection| match connection.due(reading) {
                Some(due) if due <= now => connection.time(reading, now),
                _ => Ok(()),
            })?;
        }
        Ok(())
    }

    fn frames(&mut self, now: Instant) -> Result<(), End> {
        for _ in 0..FRAMES {
            match self.gate.next_frame()? {
                None => break,
                Some(frame) => self.obey(frame, now)?,
            }
        }
        Ok(())
    }

    /// Does what one frame says. A frame for a connection that is over crossed its `Closed`.
    fn obey(&mut self, frame: to_uplink::Frame, now: Instant) -> Result<(), End> {
        use to_uplink::Frame;
        match frame {
            Frame::Configure(_) => Err(End::Frame),
            Frame::Connect(connect) => self.connect(connect, now),
            Frame::Publish(publish) => {
                self.with(publish.connection, |connection| connection.publish(publish, now))
            }
            Frame::Stored(stored) => {
                self.with(stored.connection, |connection| connection.stored(stored.token, now))
            }
            Frame::Disconnect(disconnect) => {
                self.with(disconnect.connection, |connection| connection.leave(now))
            }
        }
    }

    fn connect(&mut self, connect: Connect, now: Instant) -> Result<(), End> {
        step!("uplink.connect.taken");
        let id = connect.connection;
        if self.connections.contains_key(&id) {
            return Err(End::Frame);
        }
        let begun = if self.connections.len() < CONNECTIONS {
            Connection::new(connect, &self.settings, now)
        } else {
            Err(Ending::protocol("too many connections"))
        };
        match begun {
            Ok(connection) => {
                self.connections.insert(id, connection);
                self.resolver.ask();
                Ok(())
            }
            Err(ending) => self.gate.send(ending.frame(id)),
        }
    }

    /// Does something with a connection, if it is still there, and tells the gate what came of it.
    fn with(
        &mut self,
        id: u32,
        act: impl FnOnce(&mut Connection) -> Result<(), Ending>,
    ) -> Result<(), End> {
        let Some(connection) = self.connections.get_mut(&id) else { return Ok(()) };
        let result = act(connection);
        for frame in connection.take_frames() {
            self.gate.send(frame)?;
            step!("uplink.frame.sent");
        }
        if let Err(ending) = result {
            connection.say_last_words();
            self.connections.remove(&id);
            self.gate.send(ending.frame(id))?;
        }
        Ok(())
    }

    fn ids(&self) -> Vec<u32> {
        self.connections.keys().copied().collect()
    }
}

/// Until `due`, rounded up: `poll` counts milliseconds, and waking too early would spin.
fn timeout(due: Option<Instant>) -> PollTimeout {
    let Some(due) = due else { return PollTimeout::NONE };
    let left = due.saturating_duration_since(Instant::now());
    if left.is_zero() {
        return PollTimeout::ZERO;
    }
    PollTimeout::try_from(left + Duration::from_millis(1)).unwrap_or(PollTimeout::MAX)
}
