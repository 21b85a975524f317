//! Counts in durable stores: the laws of merging hold for what is saved, in SQLite and in PostgreSQL.
#![cfg(all(feature = "postgres", feature = "sqlite"))]
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    missing_docs
)]

mod postgres;

use core::fmt::Debug;
use std::path::PathBuf;

use smtp_tls::store::{PostgresError, PostgresTally, SqliteError, SqliteTally, TallyStore};
use tlsrpt::{CounterRow, Counters, Tally, UtcDay, Writer};

const RECORD: &str = "v=TLSRPTv1;rua=mailto:r@report.example";

fn day() -> UtcDay {
    "2026-11-20".parse().unwrap()
}

/// What one writer has counted: `count` failed sessions with each of the domains.
fn counted(writer: &Writer, count: u32, domains: &[&str]) -> Vec<CounterRow> {
    let mut tally = Tally::new(writer.clone(), 7);
    for domain in domains {
        for _ in 0..count {
            let datagram = format!(
                r#"{{"d":"{domain}","pr":"{RECORD}","policies":[{{"policy-type":2,"policy-domain":"{domain}","policy-string":["{long}"],"failure-details":[{{"c":201,"r":"192.0.2.1"}}],"f":1}}]}}"#,
                // Longer than a database's index takes.
                long = (0..4_000).map(|n| format!("{n} ")).collect::<String>(),
            );
            tally.record_datagram(datagram.as_bytes(), day().start()).unwrap();
        }
    }
    tally.day(day()).unwrap().rows().collect()
}

async fn loaded<S: TallyStore<Error: Debug>>(store: &S, domain: &str) -> Counters {
    let mut counters = Counters::new(3);
    let (mut last, mut rows) = (None, Vec::new());
    loop {
        let page = store.load(day(), domain, last.as_ref(), 2).await.unwrap();
        assert!(page.len() <= 2);
        let Some(end) = page.last() else { break };
        last = Some(end.clone());
        rows.extend(page);
    }
    // In the order of their keys, each once; in one page as in many.
    let place = |row: &CounterRow| {
        (row.key.clone(), row.writer.node().to_owned(), row.writer.epoch().cast_signed())
    };
    assert!(rows.is_sorted_by(|a, b| place(a) < place(b)));
    assert_eq!(store.load(day(), domain, None, 1_000).await.unwrap(), rows);
    rows.iter().for_each(|row| counters.restore(row).unwrap());
    counters
}

/// Sessions and rows of details by domain.
async fn failed<S: TallyStore<Error: Debug>>(store: &S, domain: &str) -> (u64, u64) {
    let rows: Vec<_> = loaded(store, domain).await.rows().collect();
    let total = rows.iter().map(|row| row.failed).sum();
    (total, rows.len() as u64)
}

async fn laws<S: TallyStore<Error: Debug>>(store: &S) {
    let [a, b, again] = [Writer::new("a", 1), Writer::new("b", 1), Writer::new("a", u64::MAX)];
    let (one, three) = (counted(&a, 1, &["x.example"]), counted(&a, 3, &["x.example"]));
    // A later state first, an earlier one after it, both twice.
    for rows in [&three, &one, &one, &three] {
        store.save(day(), rows.clone()).await.unwrap();
    }
    // The failed sessions and the failure: two rows a writer.
    assert_eq!(failed(store, "x.example").await, (6, 2));
    store.save(day(), counted(&b, 2, &["x.example", "y.example"])).await.unwrap();
    store.save(day(), counted(&again, 1, &["x.example"])).await.unwrap();
    assert_eq!(failed(store, "x.example").await, (12, 6), "three writers add up");
    assert_eq!(failed(store, "y.example").await, (4, 2));
    // A row that stands twice in one save counts once.
    store.save(day(), [one, three].concat()).await.unwrap();
    assert_eq!(failed(store, "x.example").await, (12, 6));

    let mut merged = Counters::new(1);
    for rows in [
        counted(&again, 1, &["x.example"]),
        counted(&b, 2, &["x.example"]),
        counted(&a, 3, &["x.example"]),
    ] {
        rows.iter().for_each(|row| merged.restore(row).unwrap());
    }
    assert_eq!(loaded(store, "x.example").await, merged, "as merging in memory gives it");
}

async fn paging<S: TallyStore<Error: Debug>>(store: &S) {
    let names: Vec<_> = (0..25).map(|number| format!("d{number:02}.example")).collect();
    let domains: Vec<_> = names.iter().map(String::as_str).collect();
    let writer = Writer::new("page", 1);
    let next = day().next();
    store.save(next, counted(&writer, 1, &domains)).await.unwrap();
    let (mut found, mut last) = (Vec::new(), String::new());
    loop {
        let page = store.domains(next, &last, 10).await.unwrap();
        assert!(page.len() <= 10);
        let Some(end) = page.last() else { break };
        last.clone_from(end);
        found.extend(page);
    }
    assert_eq!(found, names);
    assert!(store.domains(next.next(), "", 10).await.unwrap().is_empty());
    assert!(store.load(next.next(), "d01.example", None, 9).await.unwrap().is_empty());

    store.forget(next).await.unwrap();
    assert!(store.domains(day(), "", 10).await.unwrap().is_empty(), "the day before is forgotten");
    assert_eq!(store.domains(next, "", 100).await.unwrap().len(), 25);
    store.forget(next.next()).await.unwrap();
    assert!(store.domains(next, "", 10).await.unwrap().is_empty());
}

/// A folder that goes away.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("tally-{name}-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&folder);
        std::fs::create_dir(&folder).unwrap();
        Self(folder)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_sqlite_keeps_is_a_merge() {
    let folder = Folder::new("laws");
    let store = SqliteTally::open(folder.0.join("counts")).unwrap();
    laws(&store).await;
    // Another process, or the same after a restart, finds it all.
    let other = SqliteTally::open(folder.0.join("counts")).unwrap();
    assert_eq!(failed(&other, "x.example").await, (12, 6));
    paging(&other).await;
}

#[tokio::test]
async fn a_file_of_other_software_is_not_touched() {
    let folder = Folder::new("foreign");
    let path = folder.0.join("file");
    std::fs::write(&path, "not a database, and long enough to be looked at").unwrap();
    let before = std::fs::read(&path).unwrap();
    assert_eq!(SqliteTally::open(&path).unwrap_err(), SqliteError::Foreign);
    assert_eq!(std::fs::read(&path).unwrap(), before);
    // The policies of MTA-STS are other software here.
    let policies = folder.0.join("policies");
    drop(smtp_tls::store::SqliteStore::open(&policies).unwrap());
    assert_eq!(SqliteTally::open(&policies).unwrap_err(), SqliteError::Foreign);
    assert_eq!(SqliteTally::open(folder.0.join("no/such/folder")).unwrap_err(), SqliteError::Io);
}

#[tokio::test]
async fn a_reader_makes_no_file() {
    let folder = Folder::new("reader");
    let path = folder.0.join("counts");
    for missing in [path.clone(), folder.0.join("no/such/folder")] {
        let error = SqliteTally::open_existing(&missing).unwrap_err();
        assert_eq!((error, error.is_temporary()), (SqliteError::Missing, false));
    }
    assert!(!path.exists());
    assert_eq!(SqliteTally::open_existing(&folder.0).unwrap_err(), SqliteError::Io);

    let rows = counted(&Writer::new("a", 1), 1, &["x.example"]);
    SqliteTally::open(&path).unwrap().save(day(), rows).await.unwrap();
    let reader = SqliteTally::open_existing(&path).unwrap();
    assert_eq!(failed(&reader, "x.example").await, (2, 2));
    // It is the same store: what was reported can be forgotten.
    reader.forget(day().next()).await.unwrap();
    assert!(reader.domains(day(), "", 10).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_database_elsewhere_is_not_reached_in_clear() {
    for (address, error) in [
        ("host=db.example user=tlsrpt", PostgresError::Clear),
        ("host=db.example sslmode=disable", PostgresError::Clear),
        ("host=localhost", PostgresError::Clear),
        ("hostaddr=192.0.2.1", PostgresError::Clear),
        ("host=/run/postgresql,db.example", PostgresError::Clear),
        ("user=tlsrpt", PostgresError::Clear),
        ("hosts=x", PostgresError::Address),
    ] {
        assert_eq!(PostgresTally::new(address, None).unwrap_err(), error, "{address}");
    }
    for address in ["host=/run/postgresql", "host=127.0.0.1", "host=::1", "hostaddr=127.0.0.1"] {
        assert!(PostgresTally::new(address, None).is_ok(), "{address}");
    }
    let nobody = PostgresTally::new("host=/no/such/folder user=x", None).unwrap();
    let error = nobody.load(day(), "x.example", None, 9).await.unwrap_err();
    assert_eq!((error, error.is_temporary()), (PostgresError::Unreachable, true));
}

#[tokio::test(start_paused = true)]
async fn calls_that_wait_for_one_another_have_30_seconds_all_the_same() {
    let folder = Folder::new("silent");
    // A server that takes connections and says nothing.
    let _server = std::os::unix::net::UnixListener::bind(folder.0.join(".s.PGSQL.5432")).unwrap();
    let address = format!("host={} user=x", folder.0.display());
    let store = PostgresTally::new(&address, None).unwrap();
    let begun = tokio::time::Instant::now();
    let load = || store.load(day(), "x.example", None, 9);
    let (one, two, three) = tokio::join!(load(), load(), store.forget(day()));
    assert_eq!(
        [one.unwrap_err(), two.unwrap_err(), three.unwrap_err()],
        [PostgresError::TimedOut; 3]
    );
    assert_eq!(begun.elapsed().as_secs(), 30);
}

/// The rows of so many domains, which are more than is saved at once.
fn many(domains: usize) -> Vec<CounterRow> {
    let names: Vec<_> = (0..domains).map(|number| format!("d{number:03}.example")).collect();
    let names: Vec<_> = names.iter().map(String::as_str).collect();
    counted(&Writer::new("many", 1), 1, &names)
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs postgresql"]
async fn what_is_saved_before_a_failure_stays_so_that_the_next_call_comes_further() {
    let server = postgres::Server::start("slices");
    let store = PostgresTally::new(&server.address(), None).unwrap();
    let rows = many(600);
    assert!(rows.iter().map(|row| row.key.len()).sum::<usize>() > 10 << 20);
    let last = rows.last().unwrap().domain().unwrap().to_owned();
    store.domains(day(), "", 1).await.unwrap();
    server.sql(&format!(
        "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'no'; END $$;
         CREATE TRIGGER refuse BEFORE INSERT ON tlsrpt_counters FOR EACH ROW
         WHEN (NEW.domain = '{last}') EXECUTE FUNCTION refuse()"
    ));
    let error = store.save(day(), rows.clone()).await.unwrap_err();
    assert!(matches!(error, PostgresError::Failed(_)) && !error.is_temporary(), "{error}");
    let kept = store.domains(day(), "", 1_000).await.unwrap();
    assert!((100..600).contains(&kept.len()), "{} domains", kept.len());
    server.sql("DROP TRIGGER refuse ON tlsrpt_counters");
    store.save(day(), rows).await.unwrap();
    assert_eq!(store.domains(day(), "", 1_000).await.unwrap().len(), 600);
    assert_eq!(failed(&store, &last).await, (2, 2));

    // More rows than are forgotten at once.
    server.sql(
        "INSERT INTO tlsrpt_counters SELECT 1, 'old.example', int4send(n), 'n', 1, 1, 0
         FROM generate_series(1, 25000) AS n",
    );
    store.forget(day()).await.unwrap();
    assert_eq!(server.sql("SELECT count(*) FROM tlsrpt_counters WHERE day = 1"), "0");
    assert_eq!(store.domains(day(), "", 1_000).await.unwrap().len(), 600);
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs postgresql"]
async fn what_only_the_operator_can_mend_is_not_temporary() {
    let mut server = postgres::Server::start("mistyped");
    let address = server.address();
    for (mistyped, code) in [("dbname=postgre", "3D000"), ("user=nobody", "")] {
        let (name, _) = mistyped.split_once('=').unwrap();
        let words = address.split(' ').filter(|word| !word.starts_with(name));
        let address = words.chain([mistyped]).collect::<Vec<_>>().join(" ");
        let store = PostgresTally::new(&address, None).unwrap();
        let error = store.load(day(), "x.example", None, 9).await.unwrap_err();
        assert!(!error.is_temporary() && error.to_string().contains(code), "{mistyped}: {error}");
    }
    // A server that ends lets nobody in, for now.
    let store = PostgresTally::new(&address, None).unwrap();
    store.load(day(), "x.example", None, 9).await.unwrap();
    server.stop();
    assert!(store.load(day(), "x.example", None, 9).await.unwrap_err().is_temporary());
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs postgresql"]
async fn what_postgresql_keeps_is_a_merge() {
    let mut server = postgres::Server::start("laws");
    let open = || PostgresTally::new(&server.address(), None).unwrap();
    // Two that start together: the tables are made once.
    let (store, other) = (open(), open());
    let (one, two) = tokio::join!(store.domains(day(), "", 1), other.domains(day(), "", 1));
    assert_eq!((one, two), (Ok(Vec::new()), Ok(Vec::new())));
    laws(&store).await;
    assert_eq!(failed(&other, "x.example").await, (12, 6));
    // The server goes and comes back: a call fails in between, and the next connects anew.
    server.stop();
    assert!(store.load(day(), "x.example", None, 9).await.unwrap_err().is_temporary());
    server.run();
    assert_eq!(failed(&store, "x.example").await, (12, 6));
    paging(&store).await;
}
