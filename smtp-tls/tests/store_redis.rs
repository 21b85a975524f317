//! The Redis store against a real server, started here on a socket of its own.
#![cfg(feature = "redis")]
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    missing_docs
)]

use core::time::Duration;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use mta_sts::{
    CacheEntry, EntryUpdate, FailureKind, FetchHistory, Override, Policy, PolicyDomain,
    PolicyStore, Stored, StoredFormError, UnixTime, Update,
};
use smtp_tls::store::{Damage, Event, Operate, Part, RedisError, RedisStore};

const T: u64 = 1_800_000_000;
const DAY: u64 = 86_400;

/// A server with a folder of its own. Dropping it ends it.
struct Server {
    folder: PathBuf,
    process: Child,
}

impl Server {
    async fn start(name: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("smtp-tls-{name}-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&folder);
        std::fs::create_dir(&folder).unwrap();
        let process = Self::run(&folder).await;
        Self { folder, process }
    }

    async fn run(folder: &PathBuf) -> Child {
        let mut process = Command::new("redis-server")
            .args(["--port", "0", "--save", "", "--appendonly", "yes", "--appendfsync", "always"])
            .args(["--unixsocket", "redis.sock", "--maxmemory-policy", "noeviction", "--dir", "."])
            .current_dir(folder)
            .stdout(Stdio::null())
            .spawn()
            .expect("redis-server is not installed: apt-get install redis-server, or run ./test");
        for _ in 0..600 {
            if std::os::unix::net::UnixStream::connect(folder.join("redis.sock")).is_ok() {
                return process;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        let _ = (process.kill(), process.wait());
        panic!("redis-server does not listen after 30 seconds");
    }

    fn address(&self) -> String {
        format!("redis+unix://{}", self.folder.join("redis.sock").display())
    }

    async fn store(&self) -> RedisStore {
        RedisStore::new(&self.address(), "test").await.unwrap()
    }

    fn kill(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }

    async fn command(&self, words: &[&[u8]]) -> redis::Value {
        let client = redis::Client::open(self.address()).unwrap();
        let mut connection = client.get_multiplexed_async_connection().await.unwrap();
        let mut command = redis::Cmd::new();
        for word in words {
            command.arg(*word);
        }
        command.query_async(&mut connection).await.unwrap()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

fn at(seconds: u64) -> UnixTime {
    UnixTime::since_unix_epoch(Duration::from_secs(seconds))
}

fn domain(name: &str) -> PolicyDomain {
    name.parse().unwrap()
}

fn policy(max_age: u64) -> Policy {
    format!("version: STSv1\nmode: enforce\nmx: mx.example\nmax_age: {max_age}\n").parse().unwrap()
}

fn entry(id: &str, fetched_at: u64) -> CacheEntry {
    CacheEntry::new(id.parse().unwrap(), policy(7 * DAY), at(fetched_at))
}

fn history(id: &str, time: u64) -> FetchHistory {
    FetchHistory::default().with_fetch(id.parse().unwrap(), Some(FailureKind::Status), at(time))
}

fn update(entry: EntryUpdate, history: Option<FetchHistory>) -> Update {
    let mut update = Update::default();
    update.entry = entry;
    update.history = history;
    update
}

fn put(id: &str, fetched_at: u64) -> Update {
    update(EntryUpdate::Put(entry(id, fetched_at)), None)
}

#[tokio::test]
async fn a_fleet_shares_what_is_saved() {
    let server = Server::start("fleet").await;
    let (store, other) = (server.store().await, server.store().await);
    let one = domain("one.example");
    assert_eq!(store.load(&one).await.unwrap(), Stored::default());
    let both = update(EntryUpdate::Put(entry("1", T)), Some(history("2", T + 1)));
    store.save(&one, &both).await.unwrap();
    let expected = Stored::new(Some(entry("1", T)), history("2", T + 1));
    assert_eq!(other.load(&one).await.unwrap(), expected);
    other.save(&one, &update(EntryUpdate::Remove, None)).await.unwrap();
    assert_eq!(store.load(&one).await.unwrap(), Stored::new(None, history("2", T + 1)));
    store.save(&one, &put("3", T)).await.unwrap();
    let expected = Stored::new(Some(entry("3", T)), history("2", T + 1));
    assert_eq!(other.load(&one).await.unwrap(), expected);
    store.purge(&one).await.unwrap();
    assert_eq!(other.load(&one).await.unwrap(), Stored::default());
    // Nothing is left of it.
    assert_eq!(server.command(&[b"DBSIZE"]).await, redis::Value::Int(0));
}

#[tokio::test]
async fn rfc8461_10_3_the_operator_lists_shows_purges_and_pins() {
    let server = Server::start("operator").await;
    let store = server.store().await;
    for name in ["c.example", "a.example", "b.example"] {
        store.save(&domain(name), &put("1", T)).await.unwrap();
    }
    let names = |list: Vec<PolicyDomain>| list.iter().map(ToString::to_string).collect::<Vec<_>>();
    assert_eq!(names(store.list(None, 2).await.unwrap()), ["a.example", "b.example"]);
    let after = domain("b.example");
    assert_eq!(names(store.list(Some(&after), 2).await.unwrap()), ["c.example"]);
    for pin in [Override::Pinned(policy(60)), Override::Nothing, Override::DangerOff] {
        store.pin(&after, &pin).await.unwrap();
        let shown = store.show(&after).await.unwrap();
        assert_eq!((shown.pin, shown.stored.entry), (pin, Some(entry("1", T))));
    }
    store.purge(&after).await.unwrap();
    assert_eq!(store.pins().await.unwrap(), core::slice::from_ref(&after));
    assert_eq!(store.pinned(&after).await.unwrap(), Override::DangerOff);
    let damaged: &[&[u8]] = &[b"HSET", b"{test}:pins", b"b.example", b"off"];
    server.command(damaged).await;
    assert_eq!(store.pinned(&after).await, Err(RedisError::DamagedPin));
    store.pin(&after, &Override::Nothing).await.unwrap();
    assert_eq!(store.pins().await.unwrap(), []);
}

#[tokio::test]
async fn a_damaged_entry_is_dropped_and_told() {
    let server = Server::start("damage").await;
    let store = server.store().await;
    let one = domain("one.example");
    let both = update(EntryUpdate::Put(entry("1", T)), Some(history("1", T)));
    store.save(&one, &both).await.unwrap();
    server.command(&[b"HSET", b"{test}:d:one.example", b"e", b"one.example\0STSe\x01"]).await;
    assert_eq!(store.load(&one).await.unwrap(), Stored::new(None, history("1", T)));
    let damage = Damage::Form(StoredFormError::Checksum);
    let event = Event::Dropped { domain: one.clone(), part: Part::Entry, damage };
    assert_eq!(store.take_events(), [event]);
    assert_eq!(store.load(&one).await.unwrap(), Stored::new(None, history("1", T)));
    assert_eq!(store.take_events(), []);

    // What was kept for another domain is not taken either.
    store.save(&one, &both).await.unwrap();
    server.command(&[b"RENAME", b"{test}:d:one.example", b"{test}:d:two.example"]).await;
    assert_eq!(store.load(&domain("two.example")).await.unwrap(), Stored::default());
    let told = store.take_events();
    assert!(
        matches!(
            told[..],
            [
                Event::Dropped { damage: Damage::OtherDomain, .. },
                Event::Dropped { damage: Damage::OtherDomain, .. },
            ]
        ),
        "{told:?}"
    );
    server.command(&[b"ZADD", b"{test}:names", b"0", b"\xFF"]).await;
    assert_eq!(store.list(None, 9).await.unwrap(), [one]);
    assert_eq!(store.take_events(), [Event::DroppedNameless]);

    // Keys of other software.
    server.command(&[b"SET", b"{test}:d:three.example", b"x"]).await;
    let three = domain("three.example");
    assert_eq!(store.load(&three).await, Err(RedisError::Unexpected));
    assert_eq!(store.save(&three, &both).await, Err(RedisError::Unexpected));
}

#[tokio::test]
async fn what_is_due_is_lent_to_one_and_the_dead_are_forgotten() {
    let server = Server::start("due").await;
    let (store, other) = (server.store().await, server.store().await);
    for (name, time) in [("late.example", T + 50), ("early.example", T)] {
        store.save(&domain(name), &put("1", time)).await.unwrap();
    }
    let note = update(EntryUpdate::Keep, Some(history("1", T)));
    store.save(&domain("note.example"), &note).await.unwrap();
    assert_eq!(store.due(9, at(T + 3 * 8_640 - 1)).await.unwrap(), []);
    let names = store.list(None, 9).await.unwrap();
    assert_eq!(names, [domain("early.example"), domain("late.example")], "a spent history");

    let now = T + DAY;
    let first = store.due(1, at(now)).await.unwrap();
    let second = other.due(9, at(now)).await.unwrap();
    assert_eq!((first.len(), second.len()), (1, 1));
    assert_ne!(first, second);
    assert_eq!(store.due(9, at(now + 119)).await.unwrap(), []);
    assert_eq!(store.due(9, at(now + 120)).await.unwrap().len(), 2);
    // One that was refreshed is not due.
    store.save(&domain("early.example"), &put("1", now + 300)).await.unwrap();
    assert_eq!(store.due(9, at(now + 300)).await.unwrap(), [domain("late.example")]);

    assert_eq!(store.due(9, at(T + 7 * DAY + 51)).await.unwrap(), [domain("early.example")]);
    assert_eq!(store.list(None, 9).await.unwrap(), [domain("early.example")]);
    assert_eq!(store.due(9, at(now + 301 + 7 * DAY)).await.unwrap(), []);
    assert_eq!(server.command(&[b"DBSIZE"]).await, redis::Value::Int(0));
}

#[tokio::test]
async fn i9_a_clock_that_went_back_makes_policies_due() {
    let server = Server::start("clock").await;
    let store = server.store().await;
    let one = domain("one.example");
    store.save(&one, &put("1", T)).await.unwrap();
    assert_eq!(store.due(9, at(T - 2 * DAY)).await.unwrap(), [one]);
}

#[tokio::test]
async fn a_server_that_is_down_is_no_answer_and_its_return_is_noticed() {
    let mut server = Server::start("down").await;
    let store = server.store().await;
    let one = domain("one.example");
    store.save(&one, &put("1", T)).await.unwrap();
    server.kill();
    for error in [
        store.load(&one).await.unwrap_err(),
        store.save(&one, &put("2", T)).await.unwrap_err(),
        store.due(1, at(T)).await.unwrap_err(),
        store.pinned(&one).await.unwrap_err(),
    ] {
        assert_eq!((error, error.is_temporary()), (RedisError::Unreachable, true));
    }
    server.process = Server::run(&server.folder).await;
    for _ in 0..100 {
        match store.load(&one).await {
            Ok(stored) => {
                assert_eq!(stored.entry, Some(entry("1", T)));
                return;
            }
            Err(RedisError::Unreachable | RedisError::Unready) => {
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
            Err(error) => panic!("{error}"),
        }
    }
    panic!("the store does not come back");
}

#[tokio::test]
async fn a_server_that_is_full_or_refuses_is_told_apart() {
    let server = Server::start("full").await;
    let store = server.store().await;
    let one = domain("one.example");
    store.save(&one, &put("1", T)).await.unwrap();
    server.command(&[b"CONFIG", b"SET", b"maxmemory", b"1"]).await;
    let error = store.save(&one, &put("2", T)).await.unwrap_err();
    assert_eq!((error, error.is_temporary()), (RedisError::Full, true));
    assert_eq!(store.load(&one).await.unwrap().entry, Some(entry("1", T)), "all or nothing");
    server.command(&[b"CONFIG", b"SET", b"maxmemory", b"0"]).await;

    server.command(&[b"CONFIG", b"SET", b"requirepass", b"secret"]).await;
    let stranger = server.store().await;
    let error = stranger.load(&one).await.unwrap_err();
    assert_eq!((error, error.is_temporary()), (RedisError::Denied, false));
    assert_eq!(RedisStore::new("nowhere", "x").await.map(|_| ()), Err(RedisError::Address));
}
