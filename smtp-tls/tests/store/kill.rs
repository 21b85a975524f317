//! The SQLite store under `kill -9`.

use core::time::Duration;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};

use mta_sts::{EntryUpdate, PolicyStore};
use rusqlite::Connection;
use smtp_tls::store::{Operate, SqliteStore};

use super::{Folder, T, domain, entry, history, update};

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
            .args(["--exact", "kill::writer_process", "--nocapture", "--test-threads=1"])
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
