//! The SQLite store, with damage.

use core::time::Duration;
use std::path::Path;

use mta_sts::{EntryUpdate, Override, PolicyStore, Stored, StoredFormError};
use rusqlite::Connection;
use smtp_tls::store::{Damage, Event, FileCapacity, Operate, Part, SqliteError, SqliteStore};

use super::{DAY, Folder, T, at, domain, entry, history, put, update};

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
    let both = update(EntryUpdate::Put(entry("1", T)), Some(history("2", T + 1)));
    store.save(&one, &both).await.unwrap();
    store.pin(&one, &Override::Enforce).await.unwrap();
    assert_eq!(store.totals().await.unwrap().0, 1);
    drop(store);
    let store = SqliteStore::open(folder.file()).unwrap();
    let mut expected = Stored::new(Some(entry("1", T)), history("2", T + 1));
    expected.pin = Override::Enforce;
    assert_eq!(store.load(&one).await.unwrap(), expected);
    store.purge(&one).await.unwrap();
    assert_eq!(store.totals().await.unwrap(), (0, 0));
}

#[tokio::test]
async fn a_damaged_pin_is_an_error_until_the_operator_mends_it() {
    let folder = Folder::new("pin");
    let store = SqliteStore::open(folder.file()).unwrap();
    let one = domain("one.example");
    store.pin(&one, &Override::Enforce).await.unwrap();
    sql(&folder.file(), "UPDATE pins SET text = replace(text, 'enforce', 'danger-off')");
    assert_eq!(store.load(&one).await, Err(SqliteError::DamagedPin));
    assert!(!SqliteError::DamagedPin.is_temporary());
    store.pin(&one, &Override::Enforce).await.unwrap();
    assert_eq!(store.load(&one).await.unwrap().pin, Override::Enforce);
    // One of another domain is damaged as well.
    sql(&folder.file(), "UPDATE pins SET domain = 'two.example'");
    assert_eq!(store.load(&domain("two.example")).await, Err(SqliteError::DamagedPin));
    assert_eq!(store.posture().await, Err(SqliteError::DamagedPin));
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

// checks: mta-sts/I9
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

// checks: mta-sts/A10
#[tokio::test]
async fn a10_domains_whose_fetch_fails_push_out_no_policy() {
    let folder = Folder::new("notes");
    let capacity = FileCapacity { domains: 10, ..FileCapacity::default() };
    let store = SqliteStore::open_with(folder.file(), capacity).unwrap();
    for number in 0..9 {
        store.save(&domain(&format!("d{number}.example")), &put("1", T)).await.unwrap();
    }
    let note = update(EntryUpdate::Keep, Some(history("1", T)));
    for number in 0..60 {
        let last = domain(&format!("x{number}.example"));
        store.save(&last, &note).await.unwrap();
        assert_eq!(store.load(&last).await.unwrap().history, history("1", T));
    }
    assert_eq!(store.totals().await.unwrap().0, 10);
    for number in 0..9 {
        let stored = store.load(&domain(&format!("d{number}.example"))).await.unwrap();
        assert!(stored.entry.is_some(), "{number}");
    }
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
