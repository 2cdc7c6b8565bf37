// SPDX-License-Identifier: Apache-2.0
//! One connection after the other, with a growing wait between them.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, watch};
use tokio::time::timeout;

use super::session::{Ended, Session};
use super::{Command, Ears, Endpoint};

/// How long connecting may take, up to being subscribed.
const CONNECT: Duration = Duration::from_secs(10);

/// The wait before the second attempt; it doubles, up to [`LONGEST_WAIT`], less a random part.
const WAIT: Duration = Duration::from_millis(250);
const LONGEST_WAIT: Duration = Duration::from_secs(30);

/// Keeps a connection up until all who could command it are gone.
pub(super) async fn run(
    endpoint: Endpoint,
    mut commands: mpsc::Receiver<Command>,
    ears: Arc<Ears>,
    subscribed: watch::Sender<bool>,
) {
    let mut wait = WAIT;
    for number in 0.. {
        let connecting = timeout(CONNECT, Session::open(&endpoint, number, ears.clone()));
        let Some(opened) = refusing(&mut commands, connecting).await else { return };
        let ended = match opened {
            Err(_) => Ended::Slow("connecting"),
            Ok(Err(why)) => why,
            Ok(Ok(mut session)) => {
                log::info!("subscribed");
                subscribed.send_replace(true);
                wait = WAIT;
                let ended = session.serve(&mut commands).await;
                subscribed.send_replace(false);
                match ended {
                    Ok(()) => return,
                    Err(why) => why,
                }
            }
        };
        log::warn!("not connected to the broker: {ended}");
        let jitter = cloudmessaging_seal::key::random::<1>().map_or(0, |[byte]| u32::from(byte));
        let pause = tokio::time::sleep(wait - wait / 2 * jitter / 255);
        if refusing(&mut commands, pause).await.is_none() {
            return;
        }
        wait = (wait * 2).min(LONGEST_WAIT);
    }
}

/// Awaits something without a connection: whatever is commanded meanwhile fails at once, for its answer is
/// dropped. `None` if nobody is left to command anything.
async fn refusing<T>(
    commands: &mut mpsc::Receiver<Command>,
    awaited: impl Future<Output = T>,
) -> Option<T> {
    let mut awaited = std::pin::pin!(awaited);
    loop {
        tokio::select! {
            done = &mut awaited => return Some(done),
            command = commands.recv() => drop(command?),
        }
    }
}
