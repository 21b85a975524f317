//! Policies in an SQLite file.

mod error;
pub(super) mod file;
mod reader;
mod writer;

use core::fmt;
use std::path::Path;
use std::sync::Arc;

use mta_sts::{Override, PolicyDomain, PolicyStore, Stored, UnixTime, Update};

pub use error::SqliteError;

use self::reader::Reader;
use self::writer::{Change, Writer};
use super::event::{Event, Events, Part};
use super::form;
use super::operate::Operate;

/// How much a file keeps. Beyond either it forgets domains chosen at random, which nobody outside can
/// steer; first of those without a policy, of which it has fetches that failed.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct FileCapacity {
    /// How many domains.
    pub domains: u64,
    /// How many bytes of entries and histories; the file is about twice as large.
    pub bytes: u64,
}

impl Default for FileCapacity {
    /// Two million domains and 1 GiB. Ours: a common domain takes some 300 bytes.
    fn default() -> Self {
        Self { domains: 2_000_000, bytes: 1 << 30 }
    }
}

/// Keeps policies in an SQLite file, which several processes of one host may share.
///
/// - An update is there, wholly, when `save` returns, and stays whatever happens to the process or the
///   power: a write-ahead log, flushed at each commit. Updates that come together share a flush.
/// - Entries have a version, a checksum and the name of their domain. A damaged one is dropped, never
///   trusted, and told by [`SqliteStore::take_events`].
/// - All calls to SQLite are made by two threads of the store, one that reads and one that writes.
/// - Each entry is refreshed at a random moment of its own, kept with it
///   ([RFC 8461 section 10.2](https://www.rfc-editor.org/rfc/rfc8461#section-10.2)).
///
/// Measured: a million domains with their histories take 426 MiB of disk; one is loaded 2 ms after the
/// file is opened.
///
/// Clones are the same store. The threads end when the last one is dropped.
///
/// ```no_run
/// use mta_sts::PolicyStore;
/// use smtp_tls::store::SqliteStore;
///
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// let store = SqliteStore::open("/var/lib/mail/policies.sqlite")?;
/// let stored = store.load(&"example.org".parse()?).await?;
/// for event in store.take_events() {
///     eprintln!("{event:?}");
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct SqliteStore(Arc<Inner>);

struct Inner {
    reader: Reader,
    writer: Writer,
    events: Events,
}

impl SqliteStore {
    /// Opens this file, or makes it. Blocks for some milliseconds.
    ///
    /// # Errors
    ///
    /// A [`SqliteError`]. A file of other software is never changed.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, SqliteError> {
        Self::open_with(path, FileCapacity::default())
    }

    /// The same with another capacity. The domain that was saved last is always kept.
    ///
    /// # Errors
    ///
    /// As [`Self::open`].
    pub fn open_with(path: impl AsRef<Path>, capacity: FileCapacity) -> Result<Self, SqliteError> {
        let writer = Writer::start(file::open(path.as_ref(), &file::FORM)?, capacity)?;
        let reader = Reader::start(file::open_reader(path.as_ref())?)?;
        Ok(Self(Arc::new(Inner { reader, writer, events: Events::default() })))
    }

    /// What there is to tell since the last call, the oldest first.
    #[must_use]
    pub fn take_events(&self) -> Vec<Event> {
        self.0.events.take()
    }

    /// How many domains are kept, and how many bytes of entries and histories.
    ///
    /// # Errors
    ///
    /// A [`SqliteError`].
    pub async fn totals(&self) -> Result<(u64, u64), SqliteError> {
        self.0.reader.ask(reader::totals).await
    }

    /// Drops a damaged part and tells of it. The bytes that were read are named, so that what was
    /// written meanwhile stays. Whether it succeeds does not matter: it is not used.
    async fn drop_damaged(&self, domain: &PolicyDomain, raw: reader::Raw, damaged: form::Damaged) {
        for (part, damage) in damaged {
            self.0.events.push(Event::Dropped { domain: domain.clone(), part, damage });
            let bytes = match part {
                Part::Entry => raw.entry.clone(),
                Part::History => raw.history.clone(),
            };
            let change = Change::DropDamaged { domain: domain.clone(), part, bytes };
            let _ = self.0.writer.carry_out(change).await;
        }
    }

    /// Parses names; a row whose key is no domain is dropped.
    async fn domains(&self, names: Vec<Vec<u8>>) -> Vec<PolicyDomain> {
        let mut domains = Vec::with_capacity(names.len());
        for name in names {
            let domain = core::str::from_utf8(&name).ok().and_then(|name| name.parse().ok());
            let domain: Option<PolicyDomain> = domain;
            match domain.filter(|domain| domain.as_str().as_bytes() == name) {
                Some(domain) => domains.push(domain),
                None => {
                    self.0.events.push(Event::DroppedNameless);
                    let _ = self.0.writer.carry_out(Change::DropName(name)).await;
                }
            }
        }
        domains
    }
}

impl fmt::Debug for SqliteStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqliteStore").finish_non_exhaustive()
    }
}

impl PolicyStore for SqliteStore {
    type Error = SqliteError;

    async fn load(&self, domain: &PolicyDomain) -> Result<Stored, SqliteError> {
        let name = domain.as_str().to_owned();
        let raw = self.0.reader.ask(move |file| reader::load(file, &name)).await?;
        let pin = raw.pin.as_deref().map(|text| form::read_pin(domain, text));
        let pin = pin.unwrap_or(Some(Override::Nothing)).ok_or(SqliteError::DamagedPin)?;
        let (mut stored, damaged) =
            form::read(domain, raw.entry.as_deref(), raw.history.as_deref());
        if !damaged.is_empty() {
            self.drop_damaged(domain, raw, damaged).await;
        }
        stored.pin = pin;
        Ok(stored)
    }

    async fn save(&self, domain: &PolicyDomain, update: &Update) -> Result<(), SqliteError> {
        let change = Change::Save { domain: domain.clone(), update: update.clone() };
        self.0.writer.carry_out(change).await
    }

    /// Forgets some of what is dead, too. If the clock went back by less than a day, what was to be
    /// refreshed meanwhile comes due at its time, not at once.
    async fn due(&self, limit: usize, now: UnixTime) -> Result<Vec<PolicyDomain>, SqliteError> {
        self.0.writer.carry_out(Change::Forget(now)).await?;
        let names = self.0.reader.ask(move |file| reader::due(file, limit, now)).await?;
        Ok(self.domains(names).await)
    }
}

impl Operate for SqliteStore {
    async fn list(
        &self,
        after: Option<&PolicyDomain>,
        limit: usize,
    ) -> Result<Vec<PolicyDomain>, SqliteError> {
        let after = after.map(|domain| domain.as_str().to_owned()).unwrap_or_default();
        let names = self.0.reader.ask(move |file| reader::list(file, &after, limit)).await?;
        Ok(self.domains(names).await)
    }

    async fn pin(&self, domain: &PolicyDomain, pin: &Override) -> Result<(), SqliteError> {
        let change = Change::Pin { domain: domain.clone(), text: form::pin_text(domain, pin) };
        self.0.writer.carry_out(change).await
    }

    async fn pins(&self) -> Result<Vec<PolicyDomain>, SqliteError> {
        let names = self.0.reader.ask(reader::pins).await?;
        names.iter().map(|name| name.parse().map_err(|_| SqliteError::DamagedPin)).collect()
    }
}
