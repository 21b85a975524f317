//! What an operator has pinned in a store reaches the deliveries.

use core::fmt::Debug;

use conformance::lab::Lab;
use mta_sts::{Override, Policy, PolicyDomain};
use pki_types::UnixTime;
use smtp_starttls::{Message, ReversePath};
use smtp_tls::Address;
use smtp_tls::adapter::hickory::AdResolver;
use smtp_tls::adapter::https::HttpsFetch;
use smtp_tls::attempt::Assurance;
use smtp_tls::driver::Envelope;
use smtp_tls::posture::{Advisory, Whom};
use smtp_tls::report::{Cause, Fate, Report};
use smtp_tls::store::{Capacity, MemoryStore, Operate};

use super::mailer::{Driver, LabMailer, by_the_ad_bit_with};

type PinMailer<S> = LabMailer<AdResolver, HttpsFetch<AdResolver>, S>;

async fn deliver<S: Operate + Sync>(mailer: &PinMailer<S>, domain: &str) -> Report {
    let to: Address = format!("postmaster@{domain}").parse().unwrap();
    let paths = [to.forward_path()];
    let message = Message::try_from(&b"Subject: x\r\n\r\n"[..]).unwrap();
    let envelope = Envelope { from: ReversePath::Null, to: &paths, message };
    mailer.deliver(to.domain().clone(), &envelope).await
}

/// How the message travelled; nothing if it waits.
fn assurance(report: &Report) -> Option<Assurance> {
    match &report.fates[0] {
        Fate::Delivered { assurance, .. } => Some(*assurance),
        Fate::Deferred(_) => None,
        Fate::Refused(_) => panic!("{:?}", report.fates),
    }
}

fn policy(mx: &str) -> Policy {
    format!("version: STSv1\nmode: testing\nmx: {mx}\nmax_age: 86400\n").parse().unwrap()
}

async fn pins_reach_deliveries<S>(store: S)
where
    S: Operate<Error: Debug + Send> + Sync,
{
    let lab = Lab::start(UnixTime::now()).unwrap();
    let mailer = by_the_ad_bit_with(Driver::Tokio, &lab, store);
    let sts: PolicyDomain = "sts.test".parse().unwrap();
    let store = mailer.store();
    let fetches = || super::fetches(&lab, "mta-sts.sts.test");

    // Another policy than the domain's: the hosts of the domain are not in it.
    store.pin(&sts, &Override::Pinned(policy("mx.elsewhere.test"))).await.unwrap();
    assert_eq!(assurance(&deliver(&mailer, "sts.test").await), None);
    let hosts = "*.sts.test";
    store.pin(&sts, &Override::Pinned(policy(hosts))).await.unwrap();
    assert_eq!(assurance(&deliver(&mailer, "sts.test").await), Some(Assurance::Pkix));
    store.pin(&sts, &Override::DangerOff).await.unwrap();
    assert_eq!(assurance(&deliver(&mailer, "sts.test").await), Some(Assurance::Unauthenticated));
    assert_eq!(fetches(), 0, "of a pinned domain nothing is fetched");
    assert_eq!(store.posture().await.unwrap(), [Advisory::MtaStsOff(Whom::Pinned(sts.clone()))]);

    // Without a pin its own policy counts, and beside it one of another domain.
    store.pin(&sts, &Override::Nothing).await.unwrap();
    store.pin(&"other.test".parse().unwrap(), &Override::DangerOff).await.unwrap();
    assert_eq!(assurance(&deliver(&mailer, "sts.test").await), Some(Assurance::Pkix));
    assert_eq!(fetches(), 1);
}

// checks: mta-sts/A11
#[tokio::test]
async fn in_memory() {
    pins_reach_deliveries(MemoryStore::new(Capacity::default())).await;
}

// checks: mta-sts/A11
#[cfg(feature = "sqlite")]
#[tokio::test]
async fn in_a_file() {
    use smtp_tls::store::SqliteStore;

    let name = format!("smtp-tls-pins-{}.sqlite", std::process::id());
    let file = std::env::temp_dir().join(name);
    let remove = || {
        for suffix in ["", "-wal", "-shm"] {
            let _ = std::fs::remove_file(format!("{}{suffix}", file.display()));
        }
    };
    remove();
    let store = SqliteStore::open(&file).unwrap();
    pins_reach_deliveries(std::sync::Arc::new(store.clone())).await;

    // A pin that cannot be read is no pin taken back: mail waits.
    let lab = Lab::start(UnixTime::now()).unwrap();
    let mailer = by_the_ad_bit_with(Driver::Tokio, &lab, store);
    mailer.store().pin(&"sts.test".parse().unwrap(), &Override::Enforce).await.unwrap();
    let database = rusqlite::Connection::open(&file).unwrap();
    database.execute("UPDATE pins SET text = replace(text, 'enforce', 'danger-off')", []).unwrap();
    drop(database);
    let report = deliver(&mailer, "sts.test").await;
    remove();
    assert!(matches!(report.fates[0], Fate::Deferred(Cause::PolicyStore)), "{:?}", report.fates);
    assert!(lab.ledger().sessions().is_empty());
}
