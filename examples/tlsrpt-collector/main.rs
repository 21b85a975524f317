//! `tlsrpt-collector`: counts what mail servers report of their TLS sessions, for the daily reports of
//! [RFC 8460](https://www.rfc-editor.org/rfc/rfc8460).
//!
//! A mail server with TLSRPT support sends one datagram for each new TLS session to a Unix socket. This
//! daemon receives them ([`receive`]), counts them in memory ([`count`]) and saves the counts four times a
//! second in SQLite or PostgreSQL ([`save`]). `tlsrpt-report` makes the reports out of that store; with
//! `--fetch` this program prints a day's counts for other report programs ([`fetch`]).
//!
//! ```text
//! Postfix --> Unix socket --> receive --> ring --> count --> save --> SQLite or PostgreSQL
//!                                            /metrics <--'              '--> tlsrpt-report, --fetch
//! ```
//!
//! # Postfix
//!
//! Postfix 3.10 and later, built with TLSRPT. A socket name without a leading slash is below the queue
//! directory, so that it is found from a chroot as well:
//!
//! ```text
//! # /etc/postfix/main.cf
//! smtp_tlsrpt_enable = yes
//! smtp_tlsrpt_socket_name = tlsrpt/tlsrpt.sock
//!
//! # /etc/systemd/system/tlsrpt-collector.service
//! [Unit]
//! Description=Collector for SMTP TLS reports
//! Before=postfix.service
//!
//! [Service]
//! User=tlsrpt
//! Group=postfix
//! StateDirectory=tlsrpt
//! # Made once: install -d -o tlsrpt -g postfix -m 0750 /var/spool/postfix/tlsrpt
//! ExecStart=/usr/local/bin/tlsrpt-collector --mode 0660 \
//!     --socket /var/spool/postfix/tlsrpt/tlsrpt.sock --store sqlite:/var/lib/tlsrpt/counts.sqlite
//! Restart=always
//! NoNewPrivileges=yes
//! ProtectSystem=strict
//! ReadWritePaths=/var/spool/postfix/tlsrpt
//!
//! [Install]
//! WantedBy=multi-user.target
//!
//! # /etc/sysctl.d/tlsrpt.conf
//! net.unix.max_dgram_qlen = 512
//! ```
//!
//! # What holds
//!
//! - `kill -9` loses at most what came in the last second, and nothing is counted twice: counts are
//!   absolute values of this start of the program, and saving keeps the larger value.
//! - A day is closed ten minutes after its end in UTC. `SIGTERM` takes in what is queued, saves and ends.
//! - Counts that a store which was away gets only when the day is closed are saved, and told of
//!   (`late_saves_total`): a report that is made already is without them.
//! - No datagram ends or stalls it. A bad one is counted by reason, and its content is not shown.
//! - Memory is bounded: `--room` for each day's counters, and for what is received and not counted yet 32 MiB
//!   that wait, as much that is being counted, and 16 MiB each for a batch that is received and for the one
//!   that is handed over: 96 MiB together.

mod args;
mod count;
#[path = "../common/day.rs"]
mod day;
mod fetch;
#[path = "../common/host_name.rs"]
mod host_name;
mod http;
#[path = "../common/lock.rs"]
mod lock;
mod metrics;
#[path = "../common/random.rs"]
mod random;
mod receive;
mod ring;
mod save;
#[path = "../common/say.rs"]
mod say;
mod socket;
#[path = "../common/stopped.rs"]
mod stopped;
#[path = "../common/store.rs"]
mod store;

use core::future::Future;
use core::sync::atomic::{AtomicBool, Ordering};
use std::process::ExitCode;
use std::sync::Arc;

use clap::Parser;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

use args::Args;
use count::Counting;
use metrics::Metrics;
use ring::Ring;
use socket::{QueueLength, Socket};
use stopped::Stopped;
use store::Store;

fn main() -> ExitCode {
    let args = match Args::try_parse() {
        Ok(args) => args,
        Err(error) => {
            let _ = error.print();
            return if error.use_stderr() { ExitCode::from(64) } else { ExitCode::SUCCESS };
        }
    };
    // A thread that has failed must not leave the others waiting: the service manager starts all anew.
    std::panic::set_hook(Box::new(|what| {
        say::warn(format_args!("tlsrpt-collector: {what}"));
        std::process::abort();
    }));
    let result = match &args.fetch {
        Some(words) => fetch::run(&args.store, words),
        None => run(&args),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(stopped) => {
            say::warn(format_args!("tlsrpt-collector: {}", stopped.message));
            ExitCode::from(stopped.code)
        }
    }
}

fn run(args: &Args) -> Result<(), Stopped> {
    // Before there is a second thread: the mode of the socket goes by the umask of the process.
    let socket = Socket::open(args)?;
    let queue = QueueLength::read();
    queue.warn();
    let store = Store::open(&args.store)?;
    let metrics = Arc::new(Metrics::new(queue));
    let ring = Arc::new(Ring::default());
    let counting = Arc::new(Counting::new(&args.node()?, args.room));
    let stop = Arc::new(AtomicBool::new(false));
    let counter = {
        let (ring, counting) = (Arc::clone(&ring), Arc::clone(&counting));
        thread("count", move || counting.run(&ring))?
    };
    let receiver = {
        let (ring, metrics, stop) = (Arc::clone(&ring), Arc::clone(&metrics), Arc::clone(&stop));
        let socket = socket.receiver()?;
        thread("receive", move || {
            receive::Receiver::new(socket, queue).run(&ring, &metrics, &stop)
        })?
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| Stopped::new(71, error))?;
    runtime.block_on(async {
        let (ended, end) = watch::channel(());
        let serving = http::start(args, &counting, &metrics).await?;
        let saver = save::Saver::new(Arc::clone(&counting), Arc::clone(&metrics), store, args);
        saver.probe().await?;
        let mut saving = tokio::spawn(saver.run(end));
        let ending = ending()?;
        say::say(format_args!("listening on {}", socket.path().display()));
        tokio::select! {
            () = ending => {}
            result = &mut saving => return result.map_err(|error| Stopped::new(70, error))?,
        }
        // Nobody finds the socket any more; what is queued in it is taken in, counted and saved.
        socket.remove();
        stop.store(true, Ordering::Relaxed);
        let joined = tokio::task::spawn_blocking(move || (receiver.join(), counter.join())).await;
        drop(joined);
        drop(ended);
        let result = saving.await.map_err(|error| Stopped::new(70, error))?;
        drop(serving);
        result
    })
}

/// Waits until the program is asked to end; from now on, that no longer ends it at once.
fn ending() -> Result<impl Future<Output = ()>, Stopped> {
    let failed = |error| Stopped::new(71, error);
    let mut terminate = signal(SignalKind::terminate()).map_err(failed)?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(failed)?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}

fn thread(
    name: &str,
    work: impl FnOnce() + Send + 'static,
) -> Result<std::thread::JoinHandle<()>, Stopped> {
    let thread = std::thread::Builder::new().name(name.to_owned());
    thread.spawn(work).map_err(|error| Stopped::new(71, error))
}
