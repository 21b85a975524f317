//! Policies in a Redis that many processes share.

mod error;
mod script;
mod sweep;

use core::fmt;
use core::time::Duration;
use std::sync::Arc;

use ::redis::aio::{ConnectionManager, ConnectionManagerConfig};
use ::redis::{Client, Pipeline, Script, ScriptInvocation, cmd};
use mta_sts::{
    Basis, CacheEntry, EntryUpdate, Override, PolicyDomain, PolicyStore, Stored, UnixTime, Update,
};

pub use error::RedisError;

use super::event::{Event, Events};
use super::operate::Operate;
use super::{form, numbers};

/// Keeps policies in a Redis, for a fleet that shares one cache.
///
/// - An update is carried out by one script, wholly or not at all.
/// - A server that is down, loading or full is a [`RedisError`], never an empty answer.
/// - Entries have a version, a checksum and the name of their domain. A damaged one is dropped, never
///   trusted, and told by [`RedisStore::take_events`].
/// - [`PolicyStore::due`] lends out each domain to one asker for two minutes, so that of a fleet one
///   process refreshes it. If that process ends before, the domain comes due again.
/// - A dead policy is forgotten by `due`; where nobody asks for that, after 400 days.
///
/// The server must not evict keys (`maxmemory-policy noeviction`): a policy evicted is a domain
/// unprotected. How much survives its end is a matter of its persistence settings. Clones share a
/// connection, which is made when it is needed and made anew when it breaks.
///
/// ```no_run
/// use mta_sts::PolicyStore;
/// use smtp_tls::store::RedisStore;
///
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// let store = RedisStore::new("redis://127.0.0.1/", "mta-sts").await?;
/// let stored = store.load(&"example.org".parse()?).await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct RedisStore(Arc<Inner>);

struct Inner {
    manager: ConnectionManager,
    prefix: Box<str>,
    events: Events,
    save: Script,
    drop: Script,
    forget: Script,
    take_due: Script,
}

/// Entry and history as they stand.
type Raw = (Option<Vec<u8>>, Option<Vec<u8>>);

impl RedisStore {
    /// A store at this server (`redis://` or `redis+unix://`), under keys that begin with `{prefix}:`.
    /// Nothing is sent yet. It is async because it belongs to the tokio runtime it is made in.
    ///
    /// # Errors
    ///
    /// [`RedisError::Address`].
    #[expect(clippy::unused_async, reason = "the connection needs a runtime to live in")]
    pub async fn new(address: &str, prefix: &str) -> Result<Self, RedisError> {
        let client = Client::open(address).map_err(|_| RedisError::Address)?;
        let config = ConnectionManagerConfig::new()
            .set_number_of_retries(1)
            .set_max_delay(RETRY)
            .set_connection_timeout(Some(CONNECT))
            .set_response_timeout(Some(ANSWER));
        let manager = ConnectionManager::new_lazy_with_config(client, config)
            .map_err(|_| RedisError::Address)?;
        Ok(Self(Arc::new(Inner {
            manager,
            prefix: prefix.into(),
            events: Events::default(),
            save: Script::new(script::SAVE),
            drop: Script::new(script::DROP),
            forget: Script::new(script::FORGET),
            take_due: Script::new(script::TAKE_DUE),
        })))
    }

    /// What there is to tell since the last call, the oldest first.
    #[must_use]
    pub fn take_events(&self) -> Vec<Event> {
        self.0.events.take()
    }

    fn manager(&self) -> ConnectionManager {
        self.0.manager.clone()
    }

    /// All keys share the hash tag, so that a cluster keeps them on one node.
    fn key(&self, rest: &str) -> String {
        format!("{{{}}}:{rest}", self.0.prefix)
    }

    fn hash_key(&self, domain: &str) -> String {
        self.key(&format!("d:{domain}"))
    }

    /// A script with the keys of a domain.
    fn script<'a>(&'a self, script: &'a Script, domain: &str) -> ScriptInvocation<'a> {
        let mut call = script.key(self.hash_key(domain));
        call.key(self.key(NAMES)).key(self.key(DUE)).key(self.key(ENDS)).arg(domain);
        call
    }

    async fn run(&self, call: &ScriptInvocation<'_>) -> Result<(), RedisError> {
        let _: i64 = call.invoke_async(&mut self.manager()).await?;
        Ok(())
    }

    /// Two fields of each domain.
    async fn fields(
        &self,
        domains: &[PolicyDomain],
        [one, other]: [&str; 2],
    ) -> Result<Vec<Raw>, RedisError> {
        let mut pipeline = Pipeline::new();
        for domain in domains {
            let key = self.hash_key(domain.as_str());
            pipeline.cmd("HMGET").arg(key).arg(one).arg(other);
        }
        if domains.is_empty() {
            return Ok(Vec::new());
        }
        Ok(pipeline.query_async(&mut self.manager()).await?)
    }
}

impl fmt::Debug for RedisStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisStore").field("prefix", &self.0.prefix).finish_non_exhaustive()
    }
}

impl PolicyStore for RedisStore {
    type Error = RedisError;

    async fn load(&self, domain: &PolicyDomain) -> Result<Stored, RedisError> {
        let mut pipeline = Pipeline::new();
        pipeline.cmd("HMGET").arg(self.hash_key(domain.as_str())).arg("e").arg("h");
        pipeline.cmd("HGET").arg(self.key(PINS)).arg(domain.as_str());
        let (raw, pin): (Raw, Option<Vec<u8>>) = pipeline.query_async(&mut self.manager()).await?;
        let (mut stored, damaged) = form::read(domain, raw.0.as_deref(), raw.1.as_deref());
        if !damaged.is_empty() {
            self.drop_damaged(domain, raw, damaged).await;
        }
        if let Some(pin) = pin {
            let text = core::str::from_utf8(&pin).ok();
            let pin = text.and_then(|text| form::read_pin(domain, text));
            stored.pin = pin.ok_or(RedisError::DamagedPin)?;
        }
        Ok(stored)
    }

    async fn save(&self, domain: &PolicyDomain, update: &Update) -> Result<(), RedisError> {
        let mut call = self.script(&self.0.save, domain.as_str());
        match &update.entry {
            EntryUpdate::Keep => call.arg("keep").arg("").arg(0).arg(0).arg(0),
            EntryUpdate::Remove => call.arg("remove").arg("").arg(0).arg(0).arg(0),
            EntryUpdate::Put(entry) => {
                let spread = numbers::random();
                call.arg("put")
                    .arg(form::entry_bytes(domain, entry))
                    .arg(numbers::seconds(entry.refresh_at(spread)))
                    .arg(numbers::seconds(entry.expires_at()))
                    .arg(spread)
            }
        };
        let history = update.history.as_ref();
        match history.map(|history| form::history_bytes(domain, history)) {
            None => call.arg("keep").arg(""),
            Some(None) => call.arg("remove").arg(""),
            Some(Some(bytes)) => call.arg("put").arg(bytes),
        };
        call.arg(LONGEST_LIFE);
        match update.basis {
            Basis::Anything => call.arg("any"),
            Basis::Entry(None) => call.arg(""),
            Basis::Entry(Some(fetched_at)) => call.arg(fetched_at.as_secs()),
        };
        match &update.entry {
            EntryUpdate::Keep | EntryUpdate::Remove => call.arg("").arg(""),
            EntryUpdate::Put(entry) => {
                let fetched_at = entry.fetched_at().as_secs();
                call.arg(fetched_at);
                match entry.failed_refreshes() {
                    None => call.arg(fetched_at),
                    Some(_) => call.arg(""),
                }
            }
        };
        // A number that Lua takes exactly.
        call.arg(NOTE_LIFE).arg(numbers::random() >> 32);
        self.run(&call).await
    }

    /// Lends the domains out, and forgets some of what is dead. If the clock went back by less than a
    /// day, what was to be refreshed meanwhile comes due at its time, not at once.
    async fn due(&self, limit: usize, now: UnixTime) -> Result<Vec<PolicyDomain>, RedisError> {
        self.forget(now).await?;
        let seconds = numbers::seconds(now);
        let mut call = self.0.take_due.key(self.key(DUE));
        call.arg(seconds).arg(seconds.saturating_add(numbers::LONGEST_PLAN));
        call.arg(limit).arg(seconds.saturating_add(LENT));
        let names = call.invoke_async(&mut self.manager()).await?;
        let mut domains = self.domains(names).await;
        let mut kept = self.fields(&domains, ["e", "n"]).await?.into_iter();
        domains.retain(|domain| {
            kept.next().is_none_or(|(entry, spread)| is_due(domain, entry, spread, now))
        });
        Ok(domains)
    }
}

/// What is damaged or gone is due as well: whoever loads it finds out.
fn is_due(
    domain: &PolicyDomain,
    entry: Option<Vec<u8>>,
    spread: Option<Vec<u8>>,
    now: UnixTime,
) -> bool {
    let spread = spread.and_then(|text| core::str::from_utf8(&text).ok()?.parse().ok());
    let (stored, _) = form::read(domain, entry.as_deref(), None);
    let entry: Option<CacheEntry> = stored.entry;
    entry.is_none_or(|entry| entry.refresh_due(spread.unwrap_or_default(), now))
}

impl Operate for RedisStore {
    async fn list(
        &self,
        after: Option<&PolicyDomain>,
        limit: usize,
    ) -> Result<Vec<PolicyDomain>, RedisError> {
        let mut listed = Vec::new();
        let mut start = after.map_or_else(|| "-".to_owned(), |after| format!("({after}"));
        while listed.len() < limit {
            // Names of which nothing is kept may stand in between: few rounds for many of these.
            let room = (limit - listed.len()).max(1_000);
            let mut names = cmd("ZRANGEBYLEX");
            names.arg(self.key(NAMES)).arg(start).arg("+").arg("LIMIT").arg(0).arg(room);
            let names: Vec<Vec<u8>> = names.query_async(&mut self.manager()).await?;
            let is_all = names.len() < room;
            let domains = self.domains(names).await;
            let last = domains.last().map(|last| format!("({last}"));
            listed.extend(self.those_kept(domains).await?);
            match last {
                Some(last) if !is_all => start = last,
                _ => break,
            }
        }
        listed.truncate(limit);
        Ok(listed)
    }

    async fn pin(&self, domain: &PolicyDomain, pin: &Override) -> Result<(), RedisError> {
        let key = self.key(PINS);
        let command = match form::pin_text(domain, pin) {
            Some(text) => cmd("HSET").arg(key).arg(domain.as_str()).arg(text).to_owned(),
            None => cmd("HDEL").arg(key).arg(domain.as_str()).to_owned(),
        };
        Ok(command.exec_async(&mut self.manager()).await?)
    }

    async fn pins(&self) -> Result<Vec<PolicyDomain>, RedisError> {
        let mut command = cmd("HKEYS");
        command.arg(self.key(PINS));
        let names: Vec<Vec<u8>> = command.query_async(&mut self.manager()).await?;
        let parsed = names.iter().map(|name| core::str::from_utf8(name).ok()?.parse().ok());
        let mut pins: Vec<_> = parsed.collect::<Option<_>>().ok_or(RedisError::DamagedPin)?;
        pins.sort_unstable();
        Ok(pins)
    }
}

/// All names, in their order.
const NAMES: &str = "names";

/// Names by when to refresh them.
const DUE: &str = "due";

/// Names by when to look whether anything counts still.
const ENDS: &str = "ends";

/// Pins by name.
const PINS: &str = "pins";

/// Seconds that a domain is lent out for its refresh. Ours: a look-up and a fetch of a minute fit in.
const LENT: i64 = 120;

/// Seconds that anything is kept without being saved again: longer than the longest life of a policy.
const LONGEST_LIFE: u32 = 400 * 86_400;

/// Seconds that the fetches of a domain without a policy are kept. They count for an hour; whoever makes
/// up domains is not to fill the server.
const NOTE_LIFE: u32 = 2 * 3_600;

/// For a connection. Ours: a delivery waits for it, and is better deferred.
const CONNECT: Duration = Duration::from_secs(2);

/// For an answer. Ours, as above.
const ANSWER: Duration = Duration::from_secs(5);

/// Before the one further try to connect.
const RETRY: Duration = Duration::from_millis(200);
