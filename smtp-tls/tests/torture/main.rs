//! The driver against a hostile server: every script, under every requirement, over real sockets.
#![cfg(all(feature = "rustls", feature = "tokio"))]
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    missing_docs
)]

mod client;
#[path = "../support/either.rs"]
mod either;
mod memory;
#[path = "../support/one_host.rs"]
mod one_host;

use core::time::Duration;
use std::net::TcpListener;
use std::sync::{Arc, Mutex, mpsc};
use std::thread;

use conformance::torture::{
    Event, Evidence, Expected, Keys, MailFate, Script, Server, Verdict, Visit, scripts,
};
use pki_types::UnixTime;
use tokio::sync::Semaphore;
use tokio::time::{Instant, advance, pause, resume, timeout};

use client::{Driver, Ended, Need, deliver};
use smtp_tls::attempt::Patience;

/// Far above what a script takes, far below any wait of the client.
const AT_ONCE: Duration = Duration::from_secs(5);
/// Longer than every wait of RFC 5321 section 4.5.3.2.
const WAITED: Duration = Duration::from_secs(660);

fn start(
    script: &Arc<Script>,
    keys: &Keys,
    tell: impl Fn(Event) + Send + Sync + 'static,
) -> Server {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let script = Arc::clone(script);
    Server::start(listener, keys.clone(), move || Arc::clone(&script), tell).unwrap()
}

fn expected(script: &Script, need: Need) -> &Expected {
    match need {
        Need::Opportunistic => &script.expected.opportunistic,
        Need::Encrypt => &script.expected.encrypt,
        Need::Authenticate => &script.expected.authenticate,
    }
}

/// What differs, if anything.
fn difference(script: &Script, need: Need, ended: &Ended) -> Option<String> {
    let wanted = expected(script, need);
    let is_reason = match ended.reason {
        None => wanted.reasons.is_empty(),
        Some(reason) => wanted.reasons.contains(&reason),
    };
    let is_same = ended.verdict == wanted.verdict && is_reason && ended.mail == wanted.mail;
    (!is_same).then(|| format!("{} {need:?}: {ended:?}, expected {wanted:?}", script.id))
}

/// What the server saw and should not have.
fn misstep(script: &Script, need: Need, ended: &Ended, seen: &[Visit]) -> Option<String> {
    let in_clear = seen.iter().filter(|visit| visit.went_on_in_clear()).count();
    let connections = 1 + usize::from(ended.verdict == Verdict::RetryPlaintext);
    let may_be_in_clear = match ended.verdict {
        Verdict::Plaintext | Verdict::RetryPlaintext => 1,
        Verdict::Secured | Verdict::Refused => 0,
    };
    // Whoever was lied to says no goodbye.
    let said_goodbye = seen.iter().any(|visit| visit.lines.iter().any(|line| line.text == "QUIT"));
    let was_lied_to = ended.verdict == Verdict::Refused
        && ended.reason.is_some_and(|reason| WITHOUT_QUIT.contains(&reason));
    let is_wrong =
        seen.len() != connections || in_clear != may_be_in_clear || (was_lied_to && said_goodbye);
    is_wrong.then(|| format!("{} {need:?}: {ended:?}, but {seen:?}", script.id))
}

/// The reasons after which nothing more is sent (RFC 5321 section 4.1.1.10 has QUIT for the others).
const WITHOUT_QUIT: [&str; 10] = [
    "malformed-reply",
    "mixed-codes",
    "line-too-long",
    "reply-too-long",
    "unsolicited-bytes",
    "starttls-residue",
    "plaintext-after-220",
    "tls-failed",
    "closed",
    "service-closing",
];

fn chosen(evidence: Evidence) -> impl Iterator<Item = (Arc<Script>, Need)> {
    let all = scripts().into_iter().filter(move |script| script.evidence == evidence);
    all.map(Arc::new).flat_map(|script| Need::ALL.map(|need| (Arc::clone(&script), need)))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_script_comes_to_its_verdict_as_soon_as_the_evidence_is_there() {
    let keys = Keys::new(UnixTime::now()).unwrap();
    // More at once would only measure how long they wait for each other.
    let turns = Arc::new(Semaphore::new(48));
    let mut running = Vec::new();
    let both = Driver::ALL
        .map(|driver| chosen(Evidence::Arrives).map(move |(script, need)| (driver, script, need)));
    for (driver, script, need) in both.into_iter().flatten() {
        let (keys, turns) = (keys.clone(), Arc::clone(&turns));
        running.push(tokio::spawn(async move {
            let _turn = turns.acquire().await.unwrap();
            let seen = Arc::new(Mutex::new(Vec::new()));
            let notes = Arc::clone(&seen);
            let server = start(&script, &keys, move |event| {
                if let Event::Ended(visit) = event {
                    notes.lock().unwrap().push(*visit);
                }
            });
            let began = Instant::now();
            let port = server.address().port();
            let delivery = deliver(driver, port, keys.root(), need, Patience::Rfc5321);
            let ended = timeout(AT_ONCE, delivery).await;
            // With the server all its connections have ended.
            tokio::task::spawn_blocking(move || drop(server)).await.unwrap();
            let seen = seen.lock().unwrap();
            match ended {
                Ok(ended) => difference(&script, need, &ended)
                    .or_else(|| misstep(&script, need, &ended, &seen)),
                Err(_) => Some(format!(
                    "{} {driver:?} {need:?}: nothing after {:?}",
                    script.id,
                    began.elapsed()
                )),
            }
        }));
    }
    assert!(running.len() >= 720);
    let mut found = Vec::new();
    for one in running {
        found.extend(one.await.unwrap());
    }
    assert!(found.is_empty(), "{}", found.join("\n"));
}

/// Time passes only while the server stalls.
fn stalled(script: &Arc<Script>, keys: &Keys, need: Need) -> Option<String> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let (tell, mut stalls) = tokio::sync::mpsc::unbounded_channel();
        let server = start(script, keys, move |event| {
            if matches!(event, Event::Stalled) {
                let _ = tell.send(());
            }
        });
        let port = server.address().port();
        let delivery = deliver(Driver::Tokio, port, keys.root(), need, Patience::Rfc5321);
        tokio::pin!(delivery);
        let mut waits = 0;
        let ended = loop {
            tokio::select! {
                ended = &mut delivery => break ended,
                Some(()) = stalls.recv() => {
                    // What was sent before has to be read before time passes.
                    let _ = timeout(Duration::from_millis(200), &mut delivery).await;
                    pause();
                    advance(WAITED).await;
                    resume();
                    waits += 1;
                }
            }
        };
        let found = difference(script, need, &ended);
        found.or_else(|| (waits != 1).then(|| format!("{} {need:?}: {waits} waits", script.id)))
    })
}

#[test]
fn a_server_that_stalls_is_left_when_the_wait_runs_out_and_not_before() {
    let keys = Keys::new(UnixTime::now()).unwrap();
    let (tell, found) = mpsc::channel();
    let mut running = Vec::new();
    for (script, need) in chosen(Evidence::Waits) {
        let (keys, tell) = (keys.clone(), tell.clone());
        running.push(thread::spawn(move || {
            if let Some(difference) = stalled(&script, &keys, need) {
                tell.send(difference).unwrap();
            }
        }));
    }
    drop(tell);
    assert!(running.len() >= 18);
    for one in running {
        one.join().unwrap();
    }
    let found: Vec<String> = found.iter().collect();
    assert!(found.is_empty(), "{}", found.join("\n"));
}

/// Far above what a script takes before it stalls.
const SHORT: Duration = Duration::from_secs(4);

/// The clock of sockets cannot be turned, so that the waits are made shorter here, and each script has one
/// that runs out.
#[test]
fn a_server_that_stalls_is_left_when_the_wait_runs_out_by_the_clock() {
    let keys = Keys::new(UnixTime::now()).unwrap();
    let (tell, found) = mpsc::channel();
    let mut running = Vec::new();
    for (driver, (script, need)) in Driver::ALL
        .into_iter()
        .flat_map(|driver| chosen(Evidence::Waits).map(move |it| (driver, it)))
    {
        let (keys, tell) = (keys.clone(), tell.clone());
        running.push(thread::spawn(move || {
            if let Some(difference) = left_in_time(driver, &script, &keys, need) {
                tell.send(format!("{driver:?}: {difference}")).unwrap();
            }
        }));
    }
    drop(tell);
    for one in running {
        one.join().unwrap();
    }
    let found: Vec<String> = found.iter().collect();
    assert!(found.is_empty(), "{}", found.join("\n"));
}

fn left_in_time(driver: Driver, script: &Arc<Script>, keys: &Keys, need: Need) -> Option<String> {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let server = start(script, keys, |_| ());
    let (began, port, root) = (Instant::now(), server.address().port(), keys.root().clone());
    let delivery = async move { deliver(driver, port, &root, need, Patience::AtMost(SHORT)).await };
    let ended = runtime.block_on(runtime.spawn(delivery)).unwrap();
    let took = began.elapsed();
    // One wait runs out, and the goodbye may have another.
    let is_in_time = took >= SHORT && took < 3 * SHORT;
    let late = (!is_in_time).then(|| format!("{} {need:?}: left after {took:?}", script.id));
    difference(script, need, &ended).or(late)
}

#[test]
fn a_difference_is_seen() {
    let script = &scripts()[0];
    let ended =
        Ended { verdict: Verdict::Refused, reason: Some("closed"), mail: MailFate::Deferred };
    assert!(difference(script, Need::Encrypt, &ended).is_some());
    let ended = Ended { verdict: Verdict::Secured, reason: None, mail: MailFate::Delivered };
    assert!(difference(script, Need::Encrypt, &ended).is_none());
}
