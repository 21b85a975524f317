//! The thread that only receives: many datagrams with each call of the system.

use core::sync::atomic::{AtomicBool, Ordering};
use core::time::Duration;
use std::io::IoSliceMut;
use std::os::fd::AsRawFd;
use std::os::unix::net::UnixDatagram;
use std::time::Instant;

use nix::errno::Errno;
use nix::sys::socket::{MsgFlags, MultiHeaders, recvmmsg};
use tlsrpt::limits;

use crate::metrics::Metrics;
use crate::ring::{Datagrams, Ring};
use crate::socket::QueueLength;

/// Receives from the socket until it is told to stop.
pub(crate) struct Receiver {
    socket: UnixDatagram,
    queue: QueueLength,
    buffers: Vec<Vec<u8>>,
    headers: MultiHeaders<()>,
    lengths: Vec<usize>,
}

impl Receiver {
    pub(crate) fn new(socket: UnixDatagram, queue: QueueLength) -> Self {
        // One byte more than a datagram may have: a longer one shows by its length.
        let buffers = (0..BATCH).map(|_| vec![0; limits::DATAGRAM + 1]).collect();
        let headers = MultiHeaders::preallocate(BATCH, None);
        Self { socket, queue, buffers, headers, lengths: Vec::with_capacity(BATCH) }
    }

    pub(crate) fn run(mut self, ring: &Ring, metrics: &Metrics, stop: &AtomicBool) {
        // The wait ends now and then, to look whether to stop. A socket that cannot wait is asked in vain
        // at that pace below.
        let _ = self.socket.set_read_timeout(Some(PAUSE));
        let mut list = Datagrams::default();
        let mut in_a_row = 0;
        let mut last: Option<Instant> = None;
        loop {
            let stopping = stop.load(Ordering::Relaxed);
            if stopping && last.get_or_insert_with(Instant::now).elapsed() > DRAIN {
                break;
            }
            match self.receive() {
                Ok(()) => {
                    in_a_row += self.lengths.len();
                    if self.lengths.len() < BATCH {
                        let full = self.queue.0.is_some_and(|length| in_a_row > length);
                        metrics.queue_full.add(u64::from(full));
                        in_a_row = 0;
                    }
                    self.hand_over(&mut list, ring, metrics);
                }
                Err(Errno::EAGAIN) if stopping => break,
                Err(Errno::EAGAIN | Errno::EINTR) => {}
                Err(_) => {
                    metrics.socket_errors.add(1);
                    std::thread::sleep(PAUSE);
                }
            }
        }
        ring.close();
    }

    /// Waits for a datagram and takes all that are there, up to a batch.
    fn receive(&mut self) -> Result<(), Errno> {
        self.lengths.clear();
        let mut slices: Vec<_> =
            self.buffers.iter_mut().map(|buffer| [IoSliceMut::new(buffer)]).collect();
        let descriptor = self.socket.as_raw_fd();
        let flags = MsgFlags::MSG_WAITFORONE;
        let received = recvmmsg(descriptor, &mut self.headers, slices.iter_mut(), flags, None)?;
        self.lengths.extend(received.map(|one| one.bytes));
        Ok(())
    }

    fn hand_over(&self, list: &mut Datagrams, ring: &Ring, metrics: &Metrics) {
        metrics.received.add(self.lengths.len() as u64);
        list.clear();
        for (buffer, &length) in self.buffers.iter().zip(&self.lengths) {
            list.push(buffer.get(..length).unwrap_or(buffer));
        }
        if let Err(dropped) = ring.put(list) {
            metrics.dropped.add(dropped);
        }
    }
}

/// Datagrams with one call. Ours.
const BATCH: usize = 64;

/// Between looks whether to stop, and after an error of the socket. Ours.
const PAUSE: Duration = Duration::from_millis(100);

/// At the end, for senders that go on over a connected socket. Ours.
const DRAIN: Duration = Duration::from_secs(2);
