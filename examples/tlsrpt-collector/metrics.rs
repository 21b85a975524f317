//! What is told to Prometheus.

use core::fmt::Write;
use core::sync::atomic::{AtomicU64, Ordering};

use pki_types::UnixTime;

use crate::count::Figures;
use crate::socket::QueueLength;

/// A number that only grows.
#[derive(Default)]
pub(crate) struct Count(AtomicU64);

impl Count {
    pub(crate) fn add(&self, more: u64) {
        self.0.fetch_add(more, Ordering::Relaxed);
    }

    fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// What happened outside of the counting itself.
pub(crate) struct Metrics {
    pub(crate) received: Count,
    pub(crate) dropped: Count,
    pub(crate) unsaved_days: Count,
    pub(crate) queue_full: Count,
    pub(crate) socket_errors: Count,
    pub(crate) saves: Count,
    pub(crate) failed_saves: Count,
    pub(crate) late_saves: Count,
    saved_at: AtomicU64,
    queue: QueueLength,
}

impl Metrics {
    pub(crate) fn new(queue: QueueLength) -> Self {
        Self {
            received: Count::default(),
            dropped: Count::default(),
            unsaved_days: Count::default(),
            queue_full: Count::default(),
            socket_errors: Count::default(),
            saves: Count::default(),
            failed_saves: Count::default(),
            late_saves: Count::default(),
            saved_at: AtomicU64::new(0),
            queue,
        }
    }

    /// Everything is saved now.
    pub(crate) fn all_saved(&self, now: UnixTime) {
        self.saved_at.store(now.as_secs(), Ordering::Relaxed);
    }

    /// The page, in the text format of Prometheus, version 0.0.4.
    pub(crate) fn page(&self, figures: &Figures) -> String {
        let statistics = figures.statistics;
        let mut page = Page(String::with_capacity(4_096));
        page.count("received", "Datagrams received from the socket.", self.received.get());
        page.count("counted", "Sessions counted.", statistics.counted);
        page.reasons("malformed", "Datagrams that cannot be read.", &figures.malformed);
        let refused = [
            ("full", statistics.full),
            ("future", statistics.future),
            ("late", statistics.late),
            ("policy-domain", statistics.policy_domain),
            ("records", statistics.records),
            ("too-large", statistics.too_large),
        ];
        page.reasons("refused", "Datagrams that can be read and are not counted.", &refused);
        let help = "Datagrams dropped because counting did not keep up.";
        page.count("dropped", help, self.dropped.get());
        let help = "Failures and policies counted without their details, in an overflow row.";
        page.count("capped", help, figures.capped);
        page.count("queue_full", "How often the kernel's queue was full.", self.queue_full.get());
        page.count("socket_errors", "Errors of the socket.", self.socket_errors.get());
        page.count("saves", "Saves into the store.", self.saves.get());
        page.count("failed_saves", "Saves that failed.", self.failed_saves.get());
        let help = "Saves into a closed day, of which reports may have been made already.";
        page.count("late_saves", help, self.late_saves.get());
        let help = "Closed days given up because the store was away for too long.";
        page.count("unsaved_days", help, self.unsaved_days.get());
        let help = "When all counts were last saved, in seconds since 1970.";
        page.gauge("saved_timestamp_seconds", help, self.saved_at.load(Ordering::Relaxed));
        let length = self.queue.0.map_or(0, |length| length as u64);
        page.gauge("queue_length", "net.unix.max_dgram_qlen; 0 if unknown.", length);
        page.gauge("buckets", "Policies of domains that are counted.", figures.buckets);
        page.gauge("counter_bytes", "Bytes that the counters take.", figures.bytes);
        page.0
    }
}

struct Page(String);

impl Page {
    fn head(&mut self, name: &str, help: &str, kind: &str) {
        let _ = writeln!(self.0, "# HELP {NAME}{name} {help}\n# TYPE {NAME}{name} {kind}");
    }

    fn count(&mut self, name: &str, help: &str, value: u64) {
        let name = format!("{name}_total");
        self.head(&name, help, "counter");
        let _ = writeln!(self.0, "{NAME}{name} {value}");
    }

    fn gauge(&mut self, name: &str, help: &str, value: u64) {
        self.head(name, help, "gauge");
        let _ = writeln!(self.0, "{NAME}{name} {value}");
    }

    /// The reasons are words of ours: there is nothing to escape in them.
    fn reasons(&mut self, name: &str, help: &str, values: &[(&str, u64)]) {
        let name = format!("{name}_total");
        self.head(&name, help, "counter");
        for (reason, value) in values {
            let _ = writeln!(self.0, "{NAME}{name}{{reason=\"{reason}\"}} {value}");
        }
    }
}

const NAME: &str = "tlsrpt_collector_";
