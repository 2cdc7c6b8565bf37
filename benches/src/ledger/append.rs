// SPDX-License-Identifier: Apache-2.0
//! Appending to the gate's own store, beside a bare write and fdatasync of the same bytes: in the same run, on the same
//! file system, in turns. The bare file grows as the store's does, since a file that grows has its size to be made
//! durable too.
use super::scratch;
use crate::quantiles::Quantiles;
use crate::table::Table;
use ::ledger::{entry, ORIGIN};
use cloudmessaging_gate::clock::SystemClock;
use cloudmessaging_gate::ledger::{Event, Ledger};
use cloudmessaging_ledger::checkpoint::Checkpoint;
use cloudmessaging_ledger::leaf::Leaves;
use std::error::Error;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::Path;
use std::sync::{Arc, Barrier};
use std::thread;
use std::time::{Duration, Instant};

/// Turns, the first of which warms up and is not counted.
const ROUNDS: usize = 11;

/// How many entries a turn has, whatever the number of senders.
const ENTRIES: usize = 960;

/// What is within 1.2 x.
const TARGET: f64 = 1.2;

/// With 1, 8 and 32 senders.
pub fn beside_a_bare_write(table: &mut Table) -> Result<(), Box<dyn Error>> {
    for senders in [1, 8, 32] {
        let place = scratch()?;
        let folder = place.path().join("ledger");
        let ledger = Ledger::open(&folder, Arc::new(SystemClock))?;
        let event = intent();
        let appending = || ledger.append(event.clone()).map(drop).map_err(io::Error::other);
        let bare = Bare::make(&place.path().join("bare"))?;

        turn(senders, appending)?;
        let leaf = last_leaf(&folder)?;
        turn(senders, || bare.write(&leaf))?;
        let (mut ours, mut plain) = (Side::default(), Side::default());
        for round in 1..ROUNDS {
            // In turns: what disturbs the one then also disturbs the other.
            for first in [round % 2 == 0, round % 2 != 0] {
                match first {
                    true => ours.add(turn(senders, appending)?),
                    false => plain.add(turn(senders, || bare.write(&leaf))?),
                }
            }
        }
        let who = if senders == 1 { "1 sender".to_owned() } else { format!("{senders} senders") };
        let size = leaf.len();
        plain.show(table, &format!("{who}: bare write and fdatasync of {size} B"));
        ours.show(table, &format!("{who}: append to the ledger"));
        let ratio = plain.rate() / ours.rate();
        let took = format!("{ratio:.2} x the time");
        match senders {
            1 => table.target("  of the first", took, "within 1.2 x", ratio <= TARGET),
            _ => table.figure("  of the first", took),
        }
        table.figure("  entries that share an fdatasync", format!("{:.1}", shared(&ledger)?));
    }
    Ok(())
}

/// The intent of a message.
fn intent() -> Event {
    let before = Checkpoint { origin: ORIGIN.into(), size: 500_000, root: [0; 32] };
    entry(500_003, &before).event.unwrap_or(Event::Boot(Default::default()))
}

/// One side of the comparison.
#[derive(Default)]
struct Side {
    latencies: Quantiles,
    took: Duration,
}

impl Side {
    fn add(&mut self, (latencies, took): (Vec<Duration>, Duration)) {
        latencies.into_iter().for_each(|latency| self.latencies.add(latency));
        self.took += took;
    }

    /// A second.
    fn rate(&self) -> f64 {
        self.latencies.count() as f64 / self.took.as_secs_f64()
    }

    fn show(&self, table: &mut Table, what: &str) {
        table.quantiles(what, &self.latencies);
        table.figure("  a second", format!("{:.0}", self.rate()));
    }
}

/// So many threads that write one after the other each: how long each write took, and all of them.
fn turn(
    senders: usize,
    write: impl Fn() -> io::Result<()> + Copy + Send,
) -> io::Result<(Vec<Duration>, Duration)> {
    let together = &Barrier::new(senders + 1);
    thread::scope(|scope| {
        let writing = move || {
            together.wait();
            (0..ENTRIES / senders)
                .map(|_| {
                    let begun = Instant::now();
                    write().map(|()| begun.elapsed())
                })
                .collect::<io::Result<Vec<_>>>()
        };
        let threads: Vec<_> = (0..senders).map(|_| scope.spawn(writing)).collect();
        together.wait();
        let begun = Instant::now();
        let mut latencies = Vec::with_capacity(ENTRIES);
        for thread in threads {
            let ended = thread.join().map_err(|_| io::Error::other("a sender panicked"))?;
            latencies.extend(ended?);
        }
        Ok((latencies, begun.elapsed()))
    })
}

/// The least that makes bytes durable.
struct Bare(File);

impl Bare {
    fn make(path: &Path) -> io::Result<Self> {
        Ok(Self(OpenOptions::new().append(true).create_new(true).open(path)?))
    }

    fn write(&self, bytes: &[u8]) -> io::Result<()> {
        (&self.0).write_all(bytes)?;
        self.0.sync_data()
    }
}

/// The last leaf that the store wrote, length and all.
fn last_leaf(folder: &Path) -> Result<Vec<u8>, Box<dyn Error>> {
    let mut segments: Vec<_> = fs::read_dir(folder)?.collect::<io::Result<_>>()?;
    segments.sort_by_key(fs::DirEntry::file_name);
    let segment = fs::read(segments.last().ok_or("the ledger has no segment")?.path())?;
    let (mut leaves, mut from, mut to) = (Leaves::new(&segment[..]), 0, 0);
    while let Ok(Some(_)) = leaves.read() {
        (from, to) = (to, leaves.offset());
    }
    Ok(segment[from as usize..to as usize].to_vec())
}

/// How many entries an fdatasync has made durable, in the mean: the first of each group says so.
fn shared(ledger: &Ledger) -> Result<f64, Box<dyn Error>> {
    let (mut entries, mut groups) = (0.0, 0.0);
    ledger.each(|entry| {
        entries += 1.0;
        groups += f64::from(u8::from(entry.group == 0));
    })?;
    Ok(entries / groups)
}
