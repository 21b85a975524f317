//! The SQLite store through its public API, with damage and kills.
#![cfg(feature = "sqlite")]
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    missing_docs
)]

use core::time::Duration;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use mta_sts::{
    CacheEntry, EntryUpdate, FailureKind, FetchHistory, Override, Policy, PolicyDomain,
    PolicyStore, Stored, StoredFormError, UnixTime, Update,
};
use rusqlite::Connection;
use smtp_tls::store::{Damage, Event, FileCapacity, Operate, Part, SqliteError, SqliteStore};

const T: u64 = 1_800_000_000;
const DAY: u64 = 86_400;

/// A folder of its own, removed at the end.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("smtp-tls-{name}-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&path);
        std::fs::create_dir(&path).unwrap();
        Self(path)
    }

    fn file(&self) -> PathBuf {
        self.0.join("policies.sqlite")
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
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

/// Runs SQL on the file beside the store.
fn sql(file: &Path, text: &str) -> usize {
    let file = Connection::open(file).unwrap();
    file.busy_timeout(Duration::from_secs(5)).unwrap();
    file.execute_batch(text).unwrap();
    file.changes() as usize
}

#[tokio::test]
async fn what_is_saved_is_loaded_again_by_the_next_process() {
    let folder = Folder::new("again");
    let one = domain("one.example");
    let store = SqliteStore::open(folder.file()).unwrap();
    assert_eq!(store.load(&one).await.unwrap(), Stored::default());
    store.save(&one, &put("1", T)).await.unwrap();
    let note = update(EntryUpdate::Keep, Some(history("2", T + 1)));
    store.save(&one, &note).await.unwrap();
    let expected = Stored::new(Some(entry("1", T)), history("2", T + 1));
    assert_eq!(store.load(&one).await.unwrap(), expected);
    assert_eq!(store.totals().await.unwrap().0, 1);
    drop(store);
    let store = SqliteStore::open(folder.file()).unwrap();
    assert_eq!(store.load(&one).await.unwrap(), expected);
    store.save(&one, &update(EntryUpdate::Remove, None)).await.unwrap();
    let expected = Stored::new(None, history("2", T + 1));
    assert_eq!(store.load(&one).await.unwrap(), expected);
    store.purge(&one).await.unwrap();
    assert_eq!(store.load(&one).await.unwrap(), Stored::default());
    assert_eq!(store.totals().await.unwrap(), (0, 0));
    store.purge(&one).await.unwrap();
}

#[tokio::test]
async fn rfc8461_10_3_the_operator_lists_shows_purges_and_pins() {
    let folder = Folder::new("operator");
    let store = SqliteStore::open(folder.file()).unwrap();
    for name in ["c.example", "a.example", "b.example"] {
        store.save(&domain(name), &put("1", T)).await.unwrap();
    }
    let names = |list: Vec<PolicyDomain>| list.iter().map(ToString::to_string).collect::<Vec<_>>();
    assert_eq!(names(store.list(None, 2).await.unwrap()), ["a.example", "b.example"]);
    let after = domain("b.example");
    assert_eq!(names(store.list(Some(&after), 2).await.unwrap()), ["c.example"]);
    let pins =
        [Override::DangerOff, Override::Pinned(policy(60)), Override::Enforce, Override::Nothing];
    for pin in pins {
        store.pin(&after, &pin).await.unwrap();
        let shown = store.show(&after).await.unwrap();
        assert_eq!((shown.pin.clone(), shown.stored.entry), (pin, Some(entry("1", T))));
        let expected = if shown.pin == Override::Nothing { vec![] } else { vec![after.clone()] };
        assert_eq!(store.pins().await.unwrap(), expected);
    }
    // A purge takes no pin with it.
    store.pin(&after, &Override::Enforce).await.unwrap();
    store.purge(&after).await.unwrap();
    let shown = store.show(&after).await.unwrap();
    assert_eq!((shown.stored, shown.pin), (Stored::default(), Override::Enforce));
}

#[tokio::test]
async fn a_damaged_pin_is_an_error_until_the_operator_mends_it() {
    let folder = Folder::new("pin");
    let store = SqliteStore::open(folder.file()).unwrap();
    let one = domain("one.example");
    store.pin(&one, &Override::Enforce).await.unwrap();
    sql(&folder.file(), "UPDATE pins SET text = replace(text, 'enforce', 'danger-off')");
    assert_eq!(store.pinned(&one).await, Err(SqliteError::DamagedPin));
    assert!(!SqliteError::DamagedPin.is_temporary());
    store.pin(&one, &Override::Enforce).await.unwrap();
    assert_eq!(store.pinned(&one).await, Ok(Override::Enforce));
    // One of another domain is damaged as well.
    sql(&folder.file(), "UPDATE pins SET domain = 'two.example'");
    assert_eq!(store.pinned(&domain("two.example")).await, Err(SqliteError::DamagedPin));
}

#[tokio::test]
async fn a_damaged_entry_is_dropped_and_told_and_its_history_stays() {
    let folder = Folder::new("damage");
    let store = SqliteStore::open(folder.file()).unwrap();
    let one = domain("one.example");
    let both = update(EntryUpdate::Put(entry("1", T)), Some(history("1", T)));
    let cut = "UPDATE domains SET entry = substr(entry, 1, length(entry) - 5)";
    let swapped = "UPDATE domains SET entry = CAST('two.example' || substr(entry, 12) AS BLOB)";
    let checksum = Damage::Form(StoredFormError::Checksum);
    for (damage, expected) in [(cut, checksum), (swapped, Damage::OtherDomain)] {
        store.save(&one, &both).await.unwrap();
        assert_eq!(sql(&folder.file(), damage), 1);
        // What is damaged is due, so that somebody looks at it.
        assert_eq!(
            store.due(9, at(T + DAY)).await.unwrap(),
            core::slice::from_ref(&one),
            "{damage}"
        );
        let stored = store.load(&one).await.unwrap();
        assert_eq!(stored, Stored::new(None, history("1", T)), "{damage}");
        let event = Event::Dropped { domain: one.clone(), part: Part::Entry, damage: expected };
        assert_eq!(store.take_events(), [event]);
        // It is told once, for it is gone.
        assert_eq!(store.load(&one).await.unwrap(), stored);
        assert_eq!(store.take_events(), []);
    }
    sql(&folder.file(), "UPDATE domains SET history = x'00'");
    assert_eq!(store.load(&one).await.unwrap(), Stored::default());
    let told = store.take_events();
    assert!(matches!(told[..], [Event::Dropped { part: Part::History, .. }]), "{told:?}");
    assert_eq!(store.totals().await.unwrap(), (0, 0));
}

#[tokio::test]
async fn a_row_under_a_name_that_is_none_is_dropped() {
    let folder = Folder::new("nameless");
    let store = SqliteStore::open(folder.file()).unwrap();
    for name in ["one.example", "two.example"] {
        store.save(&domain(name), &put("1", T)).await.unwrap();
    }
    let damage = "UPDATE domains SET domain = CAST(x'ff2e' AS TEXT) WHERE domain = 'one.example'";
    assert_eq!(sql(&folder.file(), damage), 1);
    assert_eq!(store.list(None, 9).await.unwrap(), [domain("two.example")]);
    assert_eq!(store.take_events(), [Event::DroppedNameless]);
    assert_eq!(store.totals().await.unwrap().0, 1);
    sql(&folder.file(), "UPDATE domains SET domain = 'Two.example'");
    assert_eq!(store.due(9, at(T + DAY)).await.unwrap(), []);
    assert_eq!(store.take_events(), [Event::DroppedNameless]);
}

#[tokio::test]
async fn rfc8461_3_3_the_longest_due_comes_first_and_the_dead_are_forgotten() {
    let folder = Folder::new("due");
    let store = SqliteStore::open(folder.file()).unwrap();
    store.save(&domain("early.example"), &put("1", T)).await.unwrap();
    let note = update(EntryUpdate::Keep, Some(history("1", T)));
    store.save(&domain("note.example"), &note).await.unwrap();
    assert_eq!(store.due(9, at(T + 3 * 8_640 - 1)).await.unwrap(), []);
    store.save(&domain("late.example"), &put("1", T + DAY)).await.unwrap();
    let due = store.due(9, at(T + 2 * DAY)).await.unwrap();
    assert_eq!(due, [domain("early.example"), domain("late.example")]);
    assert_eq!(store.due(1, at(T + 2 * DAY)).await.unwrap(), [domain("early.example")]);
    assert_eq!(store.totals().await.unwrap().0, 2, "the spent history is forgotten");
    assert_eq!(store.due(9, at(T + 7 * DAY + 1)).await.unwrap(), [domain("late.example")]);
    assert_eq!(store.due(9, at(T + 8 * DAY)).await.unwrap(), [domain("late.example")]);
    assert_eq!(store.totals().await.unwrap().0, 1);
    assert_eq!(store.due(9, at(T + 8 * DAY + 1)).await.unwrap(), []);
    assert_eq!(store.totals().await.unwrap(), (0, 0));
}

#[tokio::test]
async fn a_history_that_counts_outlives_its_entry() {
    let folder = Folder::new("history");
    let store = SqliteStore::open(folder.file()).unwrap();
    let one = domain("one.example");
    store.save(&one, &update(EntryUpdate::Keep, Some(history("1", T)))).await.unwrap();
    store.due(9, at(T + 3_599)).await.unwrap();
    assert_eq!(store.load(&one).await.unwrap().history, history("1", T));
    store.due(9, at(T + 3_599 + 601)).await.unwrap();
    assert_eq!(store.totals().await.unwrap(), (0, 0));
}

#[tokio::test]
async fn i9_a_clock_that_went_back_makes_policies_due() {
    let folder = Folder::new("clock");
    let store = SqliteStore::open(folder.file()).unwrap();
    let one = domain("one.example");
    store.save(&one, &put("1", T)).await.unwrap();
    assert_eq!(store.due(9, at(T - 2 * DAY)).await.unwrap(), [one]);
}

#[tokio::test]
async fn beyond_the_capacity_others_are_forgotten() {
    let folder = Folder::new("capacity");
    let capacity = FileCapacity { domains: 10, ..FileCapacity::default() };
    let store = SqliteStore::open_with(folder.file(), capacity).unwrap();
    for number in 0..30 {
        let last = domain(&format!("d{number}.example"));
        store.save(&last, &put("1", T)).await.unwrap();
        assert!(store.load(&last).await.unwrap().entry.is_some());
    }
    let (domains, bytes) = store.totals().await.unwrap();
    assert_eq!(domains, 10);
    assert_eq!(store.list(None, 99).await.unwrap().len(), 10);
    drop(store);
    let capacity = FileCapacity { bytes: bytes / 2, ..capacity };
    let store = SqliteStore::open_with(folder.file(), capacity).unwrap();
    store.save(&domain("d30.example"), &put("1", T)).await.unwrap();
    assert!(store.totals().await.unwrap().1 <= bytes / 2);
    assert!(store.load(&domain("d30.example")).await.unwrap().entry.is_some());
    let capacity = FileCapacity { domains: 0, bytes: 0 };
    let store = SqliteStore::open_with(folder.file(), capacity).unwrap();
    store.save(&domain("d31.example"), &put("1", T)).await.unwrap();
    assert_eq!(store.list(None, 9).await.unwrap(), [domain("d31.example")]);
}

#[tokio::test]
async fn files_of_others_and_of_later_versions_are_left_alone() {
    let folder = Folder::new("foreign");
    let open = || SqliteStore::open(folder.file()).map(|_| ()).unwrap_err();
    std::fs::write(folder.file(), "this is no database, and long enough to show it").unwrap();
    let before = std::fs::read(folder.file()).unwrap();
    assert_eq!(open(), SqliteError::Foreign);
    assert_eq!(std::fs::read(folder.file()).unwrap(), before);
    std::fs::remove_file(folder.file()).unwrap();
    sql(&folder.file(), "CREATE TABLE mail (id INTEGER)");
    let before = std::fs::read(folder.file()).unwrap();
    assert_eq!(open(), SqliteError::Foreign);
    assert_eq!(std::fs::read(folder.file()).unwrap(), before);
    std::fs::remove_file(folder.file()).unwrap();
    drop(SqliteStore::open(folder.file()).unwrap());
    sql(&folder.file(), "PRAGMA user_version = 2");
    assert_eq!(open(), SqliteError::Version(2));
    let nowhere = folder.0.join("missing").join("policies.sqlite");
    assert_eq!(SqliteStore::open(nowhere).map(|_| ()), Err(SqliteError::Io));
}

#[tokio::test]
async fn a_file_that_is_locked_is_no_answer_and_no_policy_is_lost() {
    let folder = Folder::new("busy");
    let store = SqliteStore::open(folder.file()).unwrap();
    let one = domain("one.example");
    store.save(&one, &put("1", T)).await.unwrap();
    let other = Connection::open(folder.file()).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let error = store.save(&one, &put("2", T)).await.unwrap_err();
    assert_eq!((error, error.is_temporary()), (SqliteError::Busy, true));
    // Readers go on.
    assert_eq!(store.load(&one).await.unwrap().entry, Some(entry("1", T)));
    other.execute_batch("ROLLBACK").unwrap();
    store.save(&one, &put("2", T)).await.unwrap();
}

#[tokio::test]
async fn damage_of_the_file_itself_is_an_error() {
    let folder = Folder::new("corrupt");
    let store = SqliteStore::open(folder.file()).unwrap();
    for number in 0..200 {
        let name = format!("d{number}.example");
        store.save(&domain(&name), &put("1", T)).await.unwrap();
    }
    drop(store);
    // The last connection empties the log into the file.
    sql(&folder.file(), "PRAGMA wal_checkpoint(TRUNCATE)");
    let mut bytes = std::fs::read(folder.file()).unwrap();
    bytes[8_192..].fill(0xA5);
    std::fs::write(folder.file(), bytes).unwrap();
    for suffix in ["-wal", "-shm"] {
        let _ = std::fs::remove_file(format!("{}{suffix}", folder.file().display()));
    }
    let failed = match SqliteStore::open(folder.file()) {
        Ok(store) => store.load(&domain("d7.example")).await.map(|_| ()),
        Err(error) => Err(error),
    };
    assert_eq!(failed, Err(SqliteError::Corrupt));
}

/// Processes that write are killed 200 times. Whatever was acknowledged is there, entry and history
/// of one update together, and nothing is damaged.
#[test]
fn what_was_acknowledged_survives_200_kills() {
    let folder = Folder::new("kill");
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let mut acknowledged = [0_u64; DOMAINS];
    let mut total = 0;
    for kill in 0..200_u64 {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "writer_process", "--nocapture", "--test-threads=1"])
            .env(FILE, folder.file())
            .env(FIRST, (kill * 1_000_000 + 1).to_string())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut heard = 0_u64;
        // Some are killed with the first update under way, some after many.
        let wanted = (kill * 7) % 41;
        let mut take = |line: String| {
            if let Some((at, number)) =
                line.strip_prefix("ack ").and_then(|ack| ack.split_once(' '))
            {
                let at: usize = at.parse().unwrap();
                acknowledged[at] = acknowledged[at].max(number.parse().unwrap());
                return 1;
            }
            0
        };
        while heard < wanted {
            heard += take(lines.next().expect("the writer goes on").unwrap());
        }
        // Somewhere in the midst of a commit.
        std::thread::sleep(Duration::from_micros(kill * 37 % 3_000));
        child.kill().unwrap();
        child.wait().unwrap();
        // One write makes one line, which a pipe does not cut.
        heard += lines.map_while(Result::ok).map(take).sum::<u64>();
        total += heard;
        runtime.block_on(check(&folder.file(), &acknowledged));
    }
    assert!(total > 2_000, "{total} updates were acknowledged");
    let file = Connection::open(folder.file()).unwrap();
    let verdict: String = file.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
    assert_eq!(verdict, "ok");
}

async fn check(file: &Path, acknowledged: &[u64]) {
    let store = SqliteStore::open(file).unwrap();
    for (number, acknowledged) in acknowledged.iter().enumerate() {
        let stored = store.load(&domain(&format!("d{number}.example"))).await.unwrap();
        let Some(entry) = stored.entry else {
            assert_eq!(*acknowledged, 0, "nothing is there of d{number}.example");
            continue;
        };
        let id = entry.id().to_string();
        assert!(id.parse::<u64>().unwrap() >= *acknowledged, "{id} after {acknowledged}");
        assert_eq!(stored.history, history(&id, T), "the history is of another update");
    }
    assert_eq!(store.take_events(), []);
    let kept = store.list(None, 99).await.unwrap().len() as u64;
    assert_eq!(store.totals().await.unwrap().0, kept);
}

/// No test by itself: the process that [`what_was_acknowledged_survives_200_kills`] kills.
#[test]
fn writer_process() {
    let (Ok(file), Ok(first)) = (std::env::var(FILE), std::env::var(FIRST)) else { return };
    let first: u64 = first.parse().unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(async {
        let store = SqliteStore::open(file).unwrap();
        let writers: Vec<_> = (0..DOMAINS)
            .map(|at| {
                let store = store.clone();
                tokio::spawn(async move {
                    for number in first..first + 900_000 {
                        let id = number.to_string();
                        let save = update(EntryUpdate::Put(entry(&id, T)), Some(history(&id, T)));
                        store.save(&domain(&format!("d{at}.example")), &save).await.unwrap();
                        // Straight to the pipe: what the test harness keeps back is no acknowledgement.
                        let mut out = std::io::stdout();
                        out.write_all(format!("ack {at} {number}\n").as_bytes()).unwrap();
                        out.flush().unwrap();
                    }
                })
            })
            .collect();
        for writer in writers {
            writer.await.unwrap();
        }
    });
}

const FILE: &str = "SMTP_TLS_TEST_FILE";
const FIRST: &str = "SMTP_TLS_TEST_FIRST";

/// Written side by side, so that commits hold several updates.
const DOMAINS: usize = 8;
