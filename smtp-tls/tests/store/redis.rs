//! The Redis store against a real server, started here on a socket of its own.

use core::time::Duration;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use mta_sts::{EntryUpdate, Override, PolicyStore, Stored, StoredFormError};
use smtp_tls::store::{Damage, Event, Operate, Part, RedisError, RedisStore};

use super::{DAY, Folder, T, at, domain, entry, history, put, update};

/// A server with a folder of its own. Dropping it ends it.
pub(crate) struct Server {
    folder: Folder,
    process: Child,
}

impl Server {
    pub(crate) async fn start(name: &str) -> Self {
        let folder = Folder::new(&format!("redis-{name}"));
        let process = Self::run(&folder.0).await;
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
        format!("redis+unix://{}", self.folder.0.join("redis.sock").display())
    }

    pub(crate) async fn store(&self) -> RedisStore {
        RedisStore::new(&self.address(), "test").await.unwrap()
    }

    fn kill(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }

    pub(crate) async fn command(&self, words: &[&[u8]]) -> ::redis::Value {
        let client = ::redis::Client::open(self.address()).unwrap();
        let mut connection = client.get_multiplexed_async_connection().await.unwrap();
        let mut command = ::redis::Cmd::new();
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
    }
}

#[tokio::test]
#[ignore = "needs redis-server"]
async fn a_damaged_pin_is_an_error_until_the_operator_mends_it() {
    let server = Server::start("pin").await;
    let store = server.store().await;
    let one = domain("one.example");
    store.pin(&one, &Override::Enforce).await.unwrap();
    for damage in [&b"off"[..], b"\xff"] {
        server.command(&[b"HSET", b"{test}:pins", b"one.example", damage]).await;
        assert_eq!(store.load(&one).await, Err(RedisError::DamagedPin));
        assert_eq!(store.posture().await, Err(RedisError::DamagedPin));
    }
    store.pin(&one, &Override::Nothing).await.unwrap();
    assert_eq!(store.load(&one).await.unwrap(), Stored::default());
}

#[tokio::test]
#[ignore = "needs redis-server"]
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
    assert_eq!(store.list(None, 9).await.unwrap(), [], "nothing is kept of either");
    store.save(&one, &both).await.unwrap();
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
#[ignore = "needs redis-server"]
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
    assert_eq!(server.command(&[b"DBSIZE"]).await, ::redis::Value::Int(0));
}

// checks: mta-sts/A10
#[tokio::test]
#[ignore = "needs redis-server"]
async fn a10_what_is_known_of_a_domain_without_a_policy_goes_by_itself() {
    let server = Server::start("notes").await;
    let store = server.store().await;
    let one = domain("one.example");
    let life = async || match server.command(&[b"TTL", b"{test}:d:one.example"]).await {
        ::redis::Value::Int(seconds) => seconds,
        other => panic!("{other:?}"),
    };
    store.save(&one, &update(EntryUpdate::Keep, Some(history("1", T)))).await.unwrap();
    assert!((3_600..=7_200).contains(&life().await));
    store.save(&one, &put("1", T)).await.unwrap();
    assert!(life().await > 366 * DAY as i64);
    store.save(&one, &update(EntryUpdate::Keep, Some(history("1", T)))).await.unwrap();
    assert!(life().await > 366 * DAY as i64);
    store.save(&one, &update(EntryUpdate::Remove, None)).await.unwrap();
    assert!((3_600..=7_200).contains(&life().await));
    // The name goes with the next look, whatever became of the rest.
    server.command(&[b"DEL", b"{test}:d:one.example"]).await;
    assert_eq!(store.due(9, at(T)).await.unwrap(), []);
    assert_eq!(server.command(&[b"DBSIZE"]).await, ::redis::Value::Int(0));
}

// checks: mta-sts/A10
#[tokio::test]
#[ignore = "needs redis-server"]
async fn a10_names_of_which_nothing_is_kept_stay_few_though_nobody_asks_for_what_is_due() {
    let server = Server::start("names").await;
    let store = server.store().await;
    let living: Vec<_> = (0..50).map(|number| domain(&format!("d{number:02}.example"))).collect();
    for one in &living {
        store.save(one, &put("1", T)).await.unwrap();
    }
    let note = update(EntryUpdate::Keep, Some(history("1", T)));
    for number in 0..100 {
        let names = [0, 1, 2, 3].map(|part| format!("d{}.example", 4 * number + part + 1_000));
        for name in &names {
            store.save(&domain(name), &note).await.unwrap();
        }
        // As after two hours.
        let keys = names.map(|name| format!("{{test}}:d:{name}"));
        let words: Vec<_> = ["DEL"].into_iter().chain(keys.iter().map(String::as_str)).collect();
        server.command(&words.iter().map(|word| word.as_bytes()).collect::<Vec<_>>()).await;
    }
    let count = async |key: &[u8]| match server.command(&[b"ZCARD", key]).await {
        ::redis::Value::Int(count) => count,
        other => panic!("{other:?}"),
    };
    for key in [&b"{test}:names"[..], b"{test}:ends"] {
        // Seven or eight more in the mean, of four hundred.
        assert!((50..=120).contains(&count(key).await), "{}", count(key).await);
    }
    assert_eq!(count(b"{test}:due").await, 50);

    // None of them is named, and a page is filled up all the same.
    server.command(&[b"ZADD", b"{test}:names", b"0", b"a.example", b"0", b"c.example"]).await;
    assert_eq!(store.list(None, 1).await.unwrap(), living[..1]);
    assert_eq!(store.list(Some(&living[0]), 48).await.unwrap(), living[1..49]);
    assert_eq!(store.list(None, 1_000).await.unwrap(), living);
    assert_eq!(count(b"{test}:names").await, 50);
    assert_eq!(count(b"{test}:ends").await, 50);
}

// checks: mta-sts/I9
#[tokio::test]
#[ignore = "needs redis-server"]
async fn i9_a_clock_that_went_back_makes_policies_due() {
    let server = Server::start("clock").await;
    let store = server.store().await;
    let one = domain("one.example");
    store.save(&one, &put("1", T)).await.unwrap();
    assert_eq!(store.due(9, at(T - 2 * DAY)).await.unwrap(), [one]);
}

#[tokio::test]
#[ignore = "needs redis-server"]
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
        store.pins().await.unwrap_err(),
    ] {
        assert_eq!((error, error.is_temporary()), (RedisError::Unreachable, true));
    }
    server.process = Server::run(&server.folder.0).await;
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
#[ignore = "needs redis-server"]
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
