//! Listeners of the lab: many loopback addresses with one port, a thread for each, no trace left.

use core::net::{Ipv4Addr, SocketAddr, SocketAddrV4};
use core::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use core::time::Duration;
use std::collections::BTreeMap;
use std::io;
use std::net::{Shutdown, TcpListener, TcpStream, UdpSocket};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};

/// Binds every address to one port; `None` takes a free one.
///
/// # Errors
///
/// What the system says of the port that was asked for, or of the last of several free ones.
pub(super) fn bind_all(
    addresses: &[Ipv4Addr],
    port: Option<u16>,
) -> io::Result<(u16, Vec<TcpListener>)> {
    try_ports(port, |wanted| {
        let mut port = wanted;
        let mut listeners = Vec::with_capacity(addresses.len());
        for address in addresses {
            let listener = TcpListener::bind(SocketAddrV4::new(*address, port))?;
            port = listener.local_addr()?.port();
            listeners.push(listener);
        }
        Ok((port, listeners))
    })
}

/// Binds UDP and TCP at one address to one free port.
pub(super) fn bind_pair(address: Ipv4Addr) -> io::Result<(UdpSocket, TcpListener)> {
    try_ports(None, |port| {
        let listener = TcpListener::bind(SocketAddrV4::new(address, port))?;
        let socket = UdpSocket::bind(listener.local_addr()?)?;
        Ok((socket, listener))
    })
}

/// A port that is free at one address may be in use at the next: then another one is tried.
fn try_ports<T>(port: Option<u16>, bind: impl Fn(u16) -> io::Result<T>) -> io::Result<T> {
    let mut tries = if port.is_some() { 1 } else { MAX_PORTS_TRIED };
    loop {
        tries -= 1;
        match bind(port.unwrap_or(0)) {
            Err(error) if tries > 0 && error.kind() == io::ErrorKind::AddrInUse => {}
            result => return result,
        }
    }
}

/// A listener with its thread; each connection has a thread of its own. Dropping it closes
/// everything and waits for all of them.
pub(crate) struct Acceptor {
    address: SocketAddr,
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

impl Acceptor {
    /// Runs `serve` for each connection to `listener`.
    pub(crate) fn start<F>(listener: TcpListener, serve: F) -> io::Result<Self>
    where
        F: Fn(TcpStream) + Send + Sync + 'static,
    {
        let address = listener.local_addr()?;
        let shared = Arc::new(Shared::default());
        let own = Arc::clone(&shared);
        let thread = thread::Builder::new()
            .name(format!("lab {address}"))
            .spawn(move || accept(&listener, &own, &Arc::new(serve)))?;
        Ok(Self { address, shared, thread: Some(thread) })
    }
}

impl Drop for Acceptor {
    fn drop(&mut self) {
        self.shared.stop();
        // The thread waits in accept(); a connection wakes it. Where none can be made, it is left.
        let woken = TcpStream::connect_timeout(&self.address, WAKE_LIMIT).is_ok();
        if let Some(thread) = self.thread.take().filter(|_| woken) {
            let _ = thread.join();
        }
    }
}

fn accept<F>(listener: &TcpListener, shared: &Arc<Shared>, serve: &Arc<F>)
where
    F: Fn(TcpStream) + Send + Sync + 'static,
{
    let mut workers: Vec<JoinHandle<()>> = Vec::new();
    while let Ok((stream, _)) = listener.accept() {
        if shared.stopped() {
            break;
        }
        workers.retain(|worker| !worker.is_finished());
        if workers.len() >= MAX_CONNECTIONS {
            continue;
        }
        let (shared, serve) = (Arc::clone(shared), Arc::clone(serve));
        let worker = thread::Builder::new().spawn(move || {
            if let Ok(open) = shared.register(&stream) {
                serve(stream);
                drop(open);
            }
        });
        workers.extend(worker);
    }
    for worker in workers {
        let _ = worker.join();
    }
}

/// The connections that are open, so that they can be closed from outside.
#[derive(Default)]
struct Shared {
    stop: AtomicBool,
    next: AtomicU64,
    open: Mutex<BTreeMap<u64, TcpStream>>,
}

impl Shared {
    fn stopped(&self) -> bool {
        self.stop.load(Ordering::SeqCst)
    }

    fn stop(&self) {
        self.stop.store(true, Ordering::SeqCst);
        for stream in lock(&self.open).values() {
            let _ = stream.shutdown(Shutdown::Both);
        }
    }

    fn register(self: &Arc<Self>, stream: &TcpStream) -> io::Result<Open> {
        let id = self.next.fetch_add(1, Ordering::SeqCst);
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(IDLE_LIMIT))?;
        stream.set_write_timeout(Some(IDLE_LIMIT))?;
        lock(&self.open).insert(id, stream.try_clone()?);
        if self.stopped() {
            let _ = stream.shutdown(Shutdown::Both);
        }
        Ok(Open { id, shared: Arc::clone(self) })
    }
}

struct Open {
    id: u64,
    shared: Arc<Shared>,
}

impl Drop for Open {
    fn drop(&mut self) {
        lock(&self.shared.open).remove(&self.id);
    }
}

/// Locks, also after a thread died with the lock: what it guards is a list that stays whole.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Free ports tried before giving up.
const MAX_PORTS_TRIED: u32 = 64;
/// Connections served at one listener at the same time; more are closed at once.
const MAX_CONNECTIONS: usize = 64;
const WAKE_LIMIT: Duration = Duration::from_secs(1);
/// A connection on which nothing moves for this long is given up.
const IDLE_LIMIT: Duration = Duration::from_secs(20);

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{Read, Write};

    const ONE: Ipv4Addr = Ipv4Addr::new(127, 0, 99, 1);
    const TWO: Ipv4Addr = Ipv4Addr::new(127, 0, 99, 2);

    #[test]
    fn all_addresses_have_one_port_and_a_port_in_use_is_refused() {
        let (port, listeners) = bind_all(&[ONE, TWO], None).unwrap();
        for (listener, address) in listeners.iter().zip([ONE, TWO]) {
            assert_eq!(listener.local_addr().unwrap(), SocketAddr::from((address, port)));
        }
        let again = bind_all(&[TWO], Some(port)).unwrap_err();
        assert_eq!(again.kind(), io::ErrorKind::AddrInUse);
    }

    #[test]
    fn a_listener_serves_so_many_connections_and_closes_the_next() {
        let (port, listeners) = bind_all(&[ONE], None).unwrap();
        let listener = listeners.into_iter().next().unwrap();
        let echo = |mut stream: TcpStream| {
            let mut octet = [0];
            while stream.read_exact(&mut octet).is_ok() && stream.write_all(&octet).is_ok() {}
        };
        let acceptor = Acceptor::start(listener, echo).unwrap();
        let mut open: Vec<TcpStream> = Vec::new();
        let mut octet = [7];
        for _ in 0..MAX_CONNECTIONS {
            let mut stream = TcpStream::connect((ONE, port)).unwrap();
            stream.write_all(&octet).unwrap();
            stream.read_exact(&mut octet).unwrap();
            open.push(stream);
        }
        let mut next = TcpStream::connect((ONE, port)).unwrap();
        assert_eq!(next.read(&mut octet).unwrap(), 0, "closed at once");
        drop(acceptor);
        for mut stream in open {
            assert_eq!(stream.read(&mut octet).unwrap(), 0, "closed with the listener");
        }
    }
}
