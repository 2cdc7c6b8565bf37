// SPDX-License-Identifier: Apache-2.0
//! A relay between a phone and the broker that counts what passes: connections, and bytes each way.
//!
//! It stands outside the programs and reads TCP only, so what it counts is what left, TLS and all.
use crate::{Error, Result};
use std::io::{Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

/// Totals since the relay was made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Connections that the phone opened.
    pub connections: u64,
    /// Bytes from the phone.
    pub up: u64,
    /// Bytes to the phone.
    pub down: u64,
}

/// One connection that was opened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Passage {
    /// When it was accepted, ms since the Unix epoch.
    pub opened_ms: u64,
    /// Bytes from the phone.
    pub up: u64,
    /// Bytes to the phone.
    pub down: u64,
}

/// Listens on 127.0.0.1 for a phone and passes on to the broker.
#[derive(Debug)]
pub struct Relay {
    shared: Arc<Shared>,
    port: u16,
}

#[derive(Debug)]
struct Shared {
    state: Mutex<State>,
    resumed: Condvar,
}

#[derive(Debug)]
struct State {
    broker: SocketAddr,
    passages: Vec<Passage>,
    // Both ends of each connection that is open, by number.
    open: Vec<(usize, TcpStream, TcpStream)>,
    paused: bool,
    // None while it is cut: then nothing listens, and connecting is refused.
    listener: Option<TcpListener>,
}

impl Relay {
    /// A relay to this broker, on a port of the kernel's choice.
    pub fn start(broker: SocketAddr) -> Result<Self> {
        let state =
            State { broker, passages: Vec::new(), open: Vec::new(), paused: false, listener: None };
        let shared = Arc::new(Shared { state: Mutex::new(state), resumed: Condvar::new() });
        let mut relay = Self { shared, port: 0 };
        relay.listen()?;
        Ok(relay)
    }

    /// The port to connect to.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// What passed so far.
    pub fn counts(&self) -> Counts {
        let state = self.shared.lock();
        Counts {
            connections: state.passages.len() as u64,
            up: state.passages.iter().map(|passage| passage.up).sum(),
            down: state.passages.iter().map(|passage| passage.down).sum(),
        }
    }

    /// Every connection so far, oldest first.
    pub fn passages(&self) -> Vec<Passage> {
        self.shared.lock().passages.clone()
    }

    /// Connections that are open now.
    pub fn open(&self) -> usize {
        self.shared.lock().open.len()
    }

    /// As if the broker's name now stood for another address: ends every connection, and new ones go there.
    pub fn redirect(&self, broker: SocketAddr) {
        let mut state = self.shared.lock();
        state.broker = broker;
        state.end_open();
    }

    /// As if the cable were pulled where it shows: ends every connection and refuses new ones.
    pub fn cut(&self) {
        let mut state = self.shared.lock();
        if let Some(listener) = state.listener.take() {
            // Wakes the thread that accepts; it finds itself without work.
            let _ = nix::sys::socket::shutdown(
                std::os::fd::AsRawFd::as_raw_fd(&listener),
                nix::sys::socket::Shutdown::Both,
            );
        }
        state.end_open();
    }

    /// Listens again, on the same port, after a cut.
    pub fn restart(&mut self) -> Result<()> {
        self.cut();
        self.listen()
    }

    /// As if the network had become very slow: nothing is read from either side until resumed.
    pub fn pause(&self) {
        self.shared.lock().paused = true;
    }

    /// Passes on again.
    pub fn resume(&self) {
        self.shared.lock().paused = false;
        self.shared.resumed.notify_all();
    }

    fn listen(&mut self) -> Result<()> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, self.port))
            .map_err(Error::io("the relay cannot listen"))?;
        self.port = listener.local_addr().map_err(Error::io("the relay's port"))?.port();
        let ours = listener.try_clone().map_err(Error::io("the relay's listener"))?;
        self.shared.lock().listener = Some(listener);
        let shared = Arc::clone(&self.shared);
        std::thread::spawn(move || {
            while let Ok((phone, _)) = ours.accept() {
                shared.admit(phone);
            }
        });
        Ok(())
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.cut();
        self.resume();
    }
}

impl State {
    fn end_open(&mut self) {
        for (_, phone, broker) in self.open.drain(..) {
            let _ = phone.shutdown(Shutdown::Both);
            let _ = broker.shutdown(Shutdown::Both);
        }
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        // A panicking test must not hide what was counted.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts a connection, and connects it to the broker. One that finds the relay cut was in the backlog
    /// then; it is counted all the same, for the phone did open it.
    fn admit(self: &Arc<Self>, phone: TcpStream) {
        let number = {
            let mut state = self.lock();
            state.passages.push(Passage { opened_ms: now_ms(), ..Passage::default() });
            state.passages.len() - 1
        };
        let _ = self.connect(number, phone);
    }

    fn connect(self: &Arc<Self>, number: usize, phone: TcpStream) -> std::io::Result<()> {
        let address = self.lock().broker;
        let broker = TcpStream::connect(address)?;
        phone.set_nodelay(true)?;
        broker.set_nodelay(true)?;
        {
            let mut state = self.lock();
            // Cut, or redirected, in the meantime.
            if state.listener.is_none() || state.broker != address {
                return Ok(());
            }
            state.open.push((number, phone.try_clone()?, broker.try_clone()?));
        }
        for (from, to, way) in
            [(phone.try_clone()?, broker.try_clone()?, Way::Up), (broker, phone, Way::Down)]
        {
            let shared = Arc::clone(self);
            std::thread::spawn(move || {
                shared.pass(number, &from, &to, way);
                // Either end's end is the connection's.
                let _ = from.shutdown(Shutdown::Both);
                let _ = to.shutdown(Shutdown::Both);
                shared.lock().open.retain(|(open, _, _)| *open != number);
            });
        }
        Ok(())
    }

    fn pass(&self, number: usize, mut from: &TcpStream, mut to: &TcpStream, way: Way) {
        let mut buffer = [0; 16 * 1024];
        loop {
            {
                let mut state = self.lock();
                while state.paused {
                    state = self.resumed.wait(state).unwrap_or_else(PoisonError::into_inner);
                }
            }
            let Ok(count @ 1..) = from.read(&mut buffer) else { return };
            {
                // Before it is passed on: nothing can have happened because of bytes not yet counted.
                let mut state = self.lock();
                let passage = &mut state.passages[number];
                match way {
                    Way::Up => passage.up += count as u64,
                    Way::Down => passage.down += count as u64,
                }
            }
            if to.write_all(&buffer[..count]).is_err() {
                return;
            }
        }
    }
}

#[derive(Clone, Copy)]
enum Way {
    Up,
    Down,
}

fn now_ms() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis() as u64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    // Sends back what it gets.
    fn echo() -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let stream = stream.unwrap();
                std::thread::spawn(move || std::io::copy(&mut &stream, &mut &stream));
            }
        });
        address
    }

    fn talk(stream: &mut TcpStream, bytes: usize) {
        stream.write_all(&vec![1; bytes]).unwrap();
        stream.read_exact(&mut vec![0; bytes]).unwrap();
    }

    #[test]
    fn every_connection_and_every_byte_is_counted() {
        let relay = Relay::start(echo()).unwrap();
        assert_eq!(relay.counts(), Counts::default());
        let mut first = TcpStream::connect(("127.0.0.1", relay.port())).unwrap();
        let mut second = TcpStream::connect(("127.0.0.1", relay.port())).unwrap();
        talk(&mut first, 100_000);
        talk(&mut second, 1);
        assert_eq!(relay.counts(), Counts { connections: 2, up: 100_001, down: 100_001 });
        assert_eq!(relay.open(), 2);
        assert!(relay.passages().iter().all(|passage| passage.opened_ms > 0));
    }

    #[test]
    fn cut_ends_what_is_open_and_refuses_the_rest_until_restarted() {
        let mut relay = Relay::start(echo()).unwrap();
        let mut stream = TcpStream::connect(("127.0.0.1", relay.port())).unwrap();
        talk(&mut stream, 10);
        relay.cut();
        assert!(matches!(stream.read(&mut [0; 1]), Ok(0) | Err(_)));
        let port = relay.port();
        // The thread that accepts lets go of the port a moment later.
        let refused = crate::until(Duration::from_secs(5), || {
            Ok(TcpStream::connect(("127.0.0.1", port)).is_err().then_some(()))
        });
        assert!(refused.unwrap().is_some());
        relay.restart().unwrap();
        assert_eq!(relay.port(), port);
        talk(&mut TcpStream::connect(("127.0.0.1", port)).unwrap(), 10);
    }

    #[test]
    fn redirected_it_ends_what_is_open_and_goes_elsewhere() {
        let relay = Relay::start(echo()).unwrap();
        let mut stream = TcpStream::connect(("127.0.0.1", relay.port())).unwrap();
        talk(&mut stream, 10);
        let elsewhere = TcpListener::bind("127.0.0.1:0").unwrap();
        relay.redirect(elsewhere.local_addr().unwrap());
        assert!(matches!(stream.read(&mut [0; 1]), Ok(0) | Err(_)));
        let _stream = TcpStream::connect(("127.0.0.1", relay.port())).unwrap();
        elsewhere.accept().unwrap();
    }

    #[test]
    fn paused_nothing_passes_and_resumed_everything_does() {
        let relay = Relay::start(echo()).unwrap();
        let mut stream = TcpStream::connect(("127.0.0.1", relay.port())).unwrap();
        talk(&mut stream, 1);
        relay.pause();
        // What a thread was already waiting for when it was paused still passes: once.
        stream.write_all(&[1]).unwrap();
        std::thread::sleep(Duration::from_millis(50));
        let before = relay.counts();
        stream.write_all(&[1; 1000]).unwrap();
        std::thread::sleep(Duration::from_millis(50));
        assert_eq!(relay.counts(), before);
        relay.resume();
        stream.read_exact(&mut [0; 1001]).unwrap();
        assert_eq!(relay.counts().up, 1002);
    }
}
