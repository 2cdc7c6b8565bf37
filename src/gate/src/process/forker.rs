// SPDX-License-Identifier: Apache-2.0
//! The one thread that forks. A child that asked for PDEATHSIG dies with the *thread* that forked it, so
//! this one lives as long as anybody can ask it for a process.

use std::io;
use std::process::{Child, Command};
use std::sync::mpsc::{channel, sync_channel, Receiver, Sender, SyncSender};
use std::thread;

use super::exec;

/// Asks the forking thread; cheap to clone. The thread ends with the last clone.
#[derive(Clone, Debug)]
pub struct Forker {
    orders: Sender<Order>,
}

struct Order {
    command: Command,
    answer: SyncSender<io::Result<Child>>,
}

impl Forker {
    /// Starts the thread. Called once, before any other thread is started: it takes the descriptor number
    /// that children find the gate at, so that nothing else of the gate ever has it.
    pub fn start() -> io::Result<Self> {
        exec::reserve_gate_fd()?;
        let (orders, queue) = channel();
        thread::Builder::new().name("forker".into()).spawn(move || fork_as_ordered(&queue))?;
        Ok(Self { orders })
    }

    /// Starts a process; returns when it has executed its program.
    pub(super) fn spawn(&self, command: Command) -> io::Result<Child> {
        // The thread ends only when the last sender does, and this is one.
        let ended = |_| io::Error::other("the forking thread ended");
        let (answer, result) = sync_channel(1);
        self.orders.send(Order { command, answer }).map_err(|_| ended(()))?;
        result.recv().map_err(|_| ended(()))?
    }
}

fn fork_as_ordered(queue: &Receiver<Order>) {
    for Order { mut command, answer } in queue {
        let child = command.spawn();
        // The child's end of the socketpair goes with it: from here on only the child holds one.
        drop(command);
        // There is room for the one answer, and whoever ordered waits for it.
        let _ = answer.send(child);
    }
}
