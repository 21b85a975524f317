//! What every store keeps to, durable or not.

use core::fmt::Debug;
use std::sync::Arc;

use mta_sts::{
    Action, EntryUpdate, FetchError, Input, Options, Override, PolicyStore, Refresh, RefreshCause,
    Stored, TxtAnswer, Update,
};
use smtp_tls::posture::{Advisory, Whom};
use smtp_tls::store::{Capacity, MemoryStore, Operate};

use super::{DAY, T, at, domain, entry, history, policy, put, update};

/// All of it. `store` and `other` keep the same, as two processes see it; at first it is empty.
pub(crate) async fn holds<S, E>(store: &S, other: &S)
where
    S: Operate<Error = E> + Sync,
    E: Debug + PartialEq + Send,
{
    what_is_saved_is_loaded(store, other).await;
    the_operator_lists_purges_and_pins(store, other).await;
    the_later_fetch_stays(store, other).await;
    a_failed_refresh_brings_nothing_back(store, other).await;
    domains_do_not_touch_each_other(store, other).await;
    // What is said of a store holds behind pointers.
    let far = domain("far.example");
    (&store).pin(&far, &Override::Enforce).await.unwrap();
    let boxed: Box<&S> = Box::new(other);
    assert_eq!(boxed.load(&far).await.unwrap().pin, Override::Enforce);
    let shared: Arc<&S> = Arc::new(store);
    shared.save(&far, &put("1", T)).await.unwrap();
    assert_eq!(shared.list(None, 9).await.unwrap(), core::slice::from_ref(&far));
    assert_eq!(boxed.due(9, at(T + DAY)).await.unwrap(), core::slice::from_ref(&far));
    boxed.purge(&far).await.unwrap();
    shared.pin(&far, &Override::Nothing).await.unwrap();
    assert_eq!((boxed.pins().await.unwrap(), store.list(None, 9).await.unwrap()), (vec![], vec![]));
}

async fn what_is_saved_is_loaded<S: Operate<Error: Debug> + Sync>(store: &S, other: &S) {
    let one = domain("one.example");
    assert_eq!(store.load(&one).await.unwrap(), Stored::default());
    store.save(&one, &put("1", T)).await.unwrap();
    let note = update(EntryUpdate::Keep, Some(history("2", T + 1)));
    store.save(&one, &note).await.unwrap();
    let expected = Stored::new(Some(entry("1", T)), history("2", T + 1));
    assert_eq!(other.load(&one).await.unwrap(), expected);
    other.save(&one, &update(EntryUpdate::Remove, None)).await.unwrap();
    assert_eq!(store.load(&one).await.unwrap(), Stored::new(None, history("2", T + 1)));
    let both = update(EntryUpdate::Put(entry("3", T)), Some(history("3", T)));
    store.save(&one, &both).await.unwrap();
    let expected = Stored::new(Some(entry("3", T)), history("3", T));
    assert_eq!(other.load(&one).await.unwrap(), expected);
    store.purge(&one).await.unwrap();
    assert_eq!(other.load(&one).await.unwrap(), Stored::default());
    store.purge(&one).await.unwrap();
}

async fn the_operator_lists_purges_and_pins<S>(store: &S, other: &S)
where
    S: Operate<Error: Debug + Send> + Sync,
{
    for name in ["c.example", "a.example", "b.example"] {
        store.save(&domain(name), &put("1", T)).await.unwrap();
    }
    assert_eq!(other.list(None, 2).await.unwrap(), ["a.example", "b.example"].map(domain));
    let after = domain("b.example");
    assert_eq!(other.list(Some(&after), 2).await.unwrap(), [domain("c.example")]);
    let whom = || Whom::Pinned(after.clone());
    for (pin, advisory) in [
        (Override::DangerOff, Some(Advisory::MtaStsOff(whom()))),
        (Override::DangerTesting, Some(Advisory::MtaStsTesting(whom()))),
        (Override::Pinned(policy(60)), None),
        (Override::DangerPinned(policy(60)), None),
        (Override::Enforce, None),
        (Override::Nothing, None),
    ] {
        store.pin(&after, &pin).await.unwrap();
        let stored = other.load(&after).await.unwrap();
        assert_eq!((&stored.pin, stored.entry), (&pin, Some(entry("1", T))));
        let pinned = if pin == Override::Nothing { vec![] } else { vec![after.clone()] };
        assert_eq!(other.pins().await.unwrap(), pinned);
        assert_eq!(other.posture().await.unwrap(), Vec::from_iter(advisory));
    }
    // A domain of which nothing else is known can be pinned. A purge takes no pin with it.
    store.pin(&domain("d.example"), &Override::Enforce).await.unwrap();
    store.pin(&after, &Override::Enforce).await.unwrap();
    for name in ["a.example", "b.example", "c.example", "d.example"] {
        store.purge(&domain(name)).await.unwrap();
    }
    for name in ["b.example", "d.example"] {
        let mut expected = Stored::default();
        expected.pin = Override::Enforce;
        assert_eq!(other.load(&domain(name)).await.unwrap(), expected);
        store.pin(&domain(name), &Override::Nothing).await.unwrap();
    }
    assert_eq!(other.list(None, 9).await.unwrap(), []);
}

/// What a refresh wants kept that began with what is stored now, and ended at this time.
async fn refreshed<S: Operate<Error: Debug>>(store: &S, max_age: Option<u64>, time: u64) -> Update {
    let one = domain("one.example");
    let stored = store.load(&one).await.unwrap();
    let (entry, history) = (stored.entry.unwrap(), stored.history);
    let (options, cause) = (Options::default(), RefreshCause::Operator);
    let mut refresh = Refresh::new(one, entry, history, &options, cause);
    refresh.handle(Input::Txt(TxtAnswer::TemporaryFailure), at(time)).unwrap();
    let body = max_age.ok_or(FetchError::ConnectionFailed).and_then(|max_age| {
        let text = policy(max_age).to_string().into_bytes();
        mta_sts::PolicyBody::from_response(200, [&b"text/plain"[..]], [], text)
    });
    refresh.handle(Input::Fetched(body), at(time)).unwrap();
    let Action::Done(outcome) = refresh.action() else { panic!("it is done") };
    outcome.update.clone()
}

async fn the_later_fetch_stays<S: Operate<Error: Debug> + Sync>(store: &S, other: &S) {
    let one = domain("one.example");
    store.save(&one, &put("1", T)).await.unwrap();
    let early = refreshed(store, Some(2 * DAY), T + 10).await;
    let late = refreshed(other, Some(3 * DAY), T + 20).await;
    let end = refreshed(other, Some(0), T + 30).await;
    let life = async || store.load(&one).await.unwrap().entry.unwrap().policy().max_age();
    other.save(&one, &late).await.unwrap();
    store.save(&one, &early).await.unwrap();
    assert_eq!(life().await.as_secs(), 3 * DAY, "the earlier fetch was saved last");
    store.save(&one, &end).await.unwrap();
    assert_eq!(life().await.as_secs(), 3 * DAY, "what it ended is not there any more");
    // A clock that was wrong once does not keep a policy for good.
    let back = refreshed(store, Some(4 * DAY), T - 5 * DAY).await;
    store.save(&one, &back).await.unwrap();
    assert_eq!(life().await.as_secs(), 4 * DAY);
    let end = refreshed(store, Some(0), T + 50).await;
    store.save(&one, &end).await.unwrap();
    assert_eq!(other.load(&one).await.unwrap().entry, None);
}

async fn a_failed_refresh_brings_nothing_back<S>(store: &S, other: &S)
where
    S: Operate<Error: Debug> + Sync,
{
    let one = domain("one.example");
    store.save(&one, &put("1", T)).await.unwrap();
    let failed = refreshed(store, None, T + 10).await;
    let again = refreshed(other, None, T + 11).await;
    store.save(&one, &failed).await.unwrap();
    other.save(&one, &again).await.unwrap();
    let entry = store.load(&one).await.unwrap().entry.unwrap();
    assert_eq!(entry.failed_refreshes().map(|(time, ..)| time), Some(at(T + 11)));
    // Another process has fetched a new one meanwhile.
    other.save(&one, &put("2", T + 20)).await.unwrap();
    store.save(&one, &failed).await.unwrap();
    assert_eq!(other.load(&one).await.unwrap().entry, Some(super::entry("2", T + 20)));
    // The operator has purged it meanwhile.
    other.purge(&one).await.unwrap();
    store.save(&one, &failed).await.unwrap();
    assert_eq!(other.load(&one).await.unwrap(), Stored::default());
}

/// Names that resemble each other are different domains.
async fn domains_do_not_touch_each_other<S>(store: &S, other: &S)
where
    S: Operate<Error: Debug> + Sync,
{
    let names = ["example", "a.example", "a.example.example", "xn--mller-kva.example", "_.example"];
    for (name, time) in names.iter().zip(T..) {
        store.save(&domain(name), &put(&time.to_string(), time)).await.unwrap();
        store.pin(&domain(name), &Override::Enforce).await.unwrap();
    }
    for (name, time) in names.iter().zip(T..) {
        // Case and the root dot are not part of a name.
        let found = other.load(&domain(&format!("{}.", name.to_uppercase()))).await.unwrap();
        assert_eq!(found.entry, Some(entry(&time.to_string(), time)));
        store.purge(&domain(name)).await.unwrap();
        store.pin(&domain(name), &Override::Nothing).await.unwrap();
        assert_eq!(other.load(&domain(name)).await.unwrap(), Stored::default());
    }
    assert_eq!((other.list(None, 9).await.unwrap(), other.pins().await.unwrap()), (vec![], vec![]));
}

// checks: mta-sts/A11, mta-sts/I1, mta-sts/I7, mta-sts/I9
#[tokio::test]
async fn memory() {
    let store = MemoryStore::new(Capacity::default());
    holds(&store, &store).await;
}

// checks: mta-sts/A11, mta-sts/I1, mta-sts/I7, mta-sts/I9
#[cfg(feature = "sqlite")]
#[tokio::test]
async fn sqlite() {
    let folder = super::Folder::new("contract");
    let open = || smtp_tls::store::SqliteStore::open(folder.file()).unwrap();
    holds(&open(), &open()).await;
}

// checks: mta-sts/A11, mta-sts/I1, mta-sts/I7, mta-sts/I9
#[cfg(feature = "redis")]
#[tokio::test]
#[ignore = "needs redis-server"]
async fn redis() {
    let server = super::redis::Server::start("contract").await;
    holds(&server.store().await, &server.store().await).await;
    assert_eq!(server.command(&[b"DBSIZE"]).await, ::redis::Value::Int(0), "nothing is left");
}
