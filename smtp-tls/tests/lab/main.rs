//! Deliveries over TCP to every domain of the lab, with both ways of trusting DNS.
#![cfg(all(
    feature = "domain",
    feature = "hickory",
    feature = "https",
    feature = "https-blocking"
))]
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    missing_docs
)]

/// A test of both drivers.
macro_rules! both {
    ($name:ident) => {
        mod $name {
            use crate::mailer::Driver;

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn over_tokio() {
                super::$name(Driver::Tokio).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn blocking() {
                super::$name(Driver::Blocking).await;
            }
        }
    };
}

#[path = "../support/either.rs"]
mod either;
mod gate;
mod groups;
mod handshake;
mod international;
mod last_words;
mod mailer;
mod pins;
mod server_name;
mod wire;

use core::time::Duration;
use std::sync::Arc;

use conformance::lab::smtp::Handshake;
use conformance::lab::{Delivery, Expected, Lab, LabDomain, Security as LabSecurity};
use futures_util::future::join_all;
use mta_sts::{CacheEntry, EntryUpdate, Policy, PolicyStore, Profile, RefreshCause, Update};
use pki_types::UnixTime;
use smtp_starttls::{ForwardPath, Message, ReversePath};
use smtp_tls::attempt::Assurance;
use smtp_tls::driver::{Envelope, blocking, tokio::Mailer};
use smtp_tls::refresh::Refreshed;
use smtp_tls::report::{Fate, Report};
use smtp_tls::resolve::{LookUp, Security};
use smtp_tls::store::MemoryStore;
use smtp_tls::{Address, FetchPolicy};

use mailer::{Driver, LabMailer, ad_bit, validating, without_a_runtime};

const MESSAGE: &[u8] =
    b"From: sender@sender.example\r\nSubject: dots\r\n\r\n.\r\n..\r\n.a\r\nend\r\n";

async fn preload(store: &MemoryStore, domain: &LabDomain) {
    let Some(cached) = domain.cached_policy else { return };
    let policy = Policy::parse(cached.body.as_bytes(), Profile::default()).unwrap();
    let fetched_at = UnixTime::now().as_secs() - cached.age.as_secs();
    let fetched_at = UnixTime::since_unix_epoch(Duration::from_secs(fetched_at));
    let mut update = Update::default();
    update.entry =
        EntryUpdate::Put(CacheEntry::new(cached.id.parse().unwrap(), policy, fetched_at));
    store.save(&domain.domain.parse().unwrap(), &update).await.unwrap();
}

async fn deliver<L: LookUp + Sync, F: FetchPolicy + Sync>(
    mailer: &LabMailer<L, F>,
    domain: &LabDomain,
    recipients: &[&str],
) -> Report {
    preload(mailer.store(), domain).await;
    let from: Address = "sender@sender.example".parse().unwrap();
    let to: Vec<Address> = recipients
        .iter()
        .map(|local| format!("{local}@{}", domain.domain).parse().unwrap())
        .collect();
    let paths: Vec<ForwardPath<'_>> = to.iter().map(Address::forward_path).collect();
    let from: ReversePath<'_> = from.reverse_path();
    let envelope = Envelope { from, to: &paths, message: Message::try_from(MESSAGE).unwrap() };
    mailer.deliver(to[0].domain().clone(), &envelope).await
}

/// Every difference between what came about and what the RFCs ask for.
fn differences(report: &Report, expected: &Expected, lab: &Lab) -> Vec<String> {
    let mut found = Vec::new();
    let mut compare = |what: &str, got: String, wanted: String| {
        if got != wanted {
            found.push(format!("{}: {what} is {got}, expected {wanted}", report.domain));
        }
    };
    let (security, host, half) = match &report.fates[0] {
        Fate::Delivered { host, assurance, mx, .. } => {
            let is_dane = matches!(assurance, Assurance::DaneEe | Assurance::DaneTa);
            let half = is_dane && *mx == Security::Insecure;
            (Some(lab_word(*assurance)), Some(host.as_str()), half)
        }
        Fate::Deferred(_) | Fate::Refused(_) => (None, None, false),
    };
    compare("fate", report.fates[0].word().to_owned(), expected.delivery.to_string());
    compare("security", format!("{security:?}"), format!("{:?}", expected.security));
    compare("host", format!("{host:?}"), format!("{:?}", expected.host));
    compare("half-dane", half.to_string(), expected.half_dane.to_string());
    let result = report.first_tls_failure();
    compare("tls result", format!("{result:?}"), format!("{:?}", expected.tls_result));
    let received = lab.ledger().received_for(report.domain.as_str());
    let taken = usize::from(expected.delivery == Delivery::Delivered);
    compare("count of messages", received.len().to_string(), taken.to_string());
    compare("intact", received.iter().all(|it| it.data == MESSAGE).to_string(), "true".to_owned());
    found
}

const fn lab_word(assurance: Assurance) -> LabSecurity {
    match assurance {
        Assurance::Clear => LabSecurity::Plaintext,
        Assurance::Unauthenticated => LabSecurity::Unauthenticated,
        Assurance::Pkix => LabSecurity::MtaSts,
        Assurance::DaneEe => LabSecurity::DaneEe,
        Assurance::DaneTa => LabSecurity::DaneTa,
    }
}

/// All domains at once, over one mailer.
async fn every_domain_at_once<L>(lab: &Lab, mailer: LabMailer<L>)
where
    L: LookUp + Send + Sync + Clone + 'static,
{
    let mailer = Arc::new(mailer);
    let deliveries = lab.domains().iter().map(|domain| {
        let (mailer, domain) = (Arc::clone(&mailer), *domain);
        tokio::spawn(async move { deliver(&mailer, &domain, &["postmaster"]).await })
    });
    let reports = join_all(deliveries).await;
    let found: Vec<String> = reports
        .into_iter()
        .zip(lab.domains())
        .flat_map(|(report, domain)| differences(&report.unwrap(), &domain.expected, lab))
        .collect();
    assert!(found.is_empty(), "{}", found.join("\n"));
}

// checks: dane/A5, dane/DANE-E1, dane/DANE-R3, dane/DANE-T4, dane/DANE-T6, dane/DANE-T7
// checks: mta-sts/A01, mta-sts/A02, mta-sts/A04, mta-sts/F10, smtp-starttls/SMTP-U1
both!(validated_here_every_domain_comes_to_its_verdict_all_at_once);
async fn validated_here_every_domain_comes_to_its_verdict_all_at_once(driver: Driver) {
    let lab = Lab::start(UnixTime::now()).unwrap();
    every_domain_at_once(&lab, validating(driver, &lab)).await;
}

// checks: dane/A5, dane/DANE-E1, dane/DANE-R3, dane/DANE-T4, dane/DANE-T6, dane/DANE-T7
// checks: mta-sts/A01, mta-sts/A02, mta-sts/A04, mta-sts/F10, smtp-starttls/SMTP-U1
both!(by_the_ad_bit_every_domain_comes_to_its_verdict_all_at_once);
async fn by_the_ad_bit_every_domain_comes_to_its_verdict_all_at_once(driver: Driver) {
    let lab = Lab::start(UnixTime::now()).unwrap();
    every_domain_at_once(&lab, ad_bit(driver, &lab)).await;
}

fn domain<'l>(lab: &'l Lab, name: &str) -> &'l LabDomain {
    lab.domains().iter().find(|domain| domain.domain == name).unwrap()
}

both!(several_recipients_share_one_session_and_one_message);
async fn several_recipients_share_one_session_and_one_message(driver: Driver) {
    let lab = Lab::start(UnixTime::now()).unwrap();
    let to = ["a", "b", "c"];
    let report = deliver(&ad_bit(driver, &lab), domain(&lab, "dane-ee.test"), &to).await;
    assert!(report.fates.iter().all(|fate| fate.word() == "delivered"), "{:?}", report.fates);
    let received = lab.ledger().received_for("dane-ee.test");
    assert_eq!(received.len(), 1);
    assert_eq!(received[0].recipients, ["a@dane-ee.test", "b@dane-ee.test", "c@dane-ee.test"]);
}

// The lab's servers take a hundred recipients a message and answer 452 beyond.
both!(rfc5321_4_5_3_1_10_who_is_over_the_limit_comes_into_the_next_message);
async fn rfc5321_4_5_3_1_10_who_is_over_the_limit_comes_into_the_next_message(driver: Driver) {
    let lab = Lab::start(UnixTime::now()).unwrap();
    let names: Vec<String> = (0..150).map(|number| format!("r{number}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let report = deliver(&ad_bit(driver, &lab), domain(&lab, "dane-ee.test"), &names).await;
    assert!(report.fates.iter().all(|fate| fate.word() == "delivered"));
    let counts: Vec<usize> = lab
        .ledger()
        .received_for("dane-ee.test")
        .iter()
        .map(|message| message.recipients.len())
        .collect();
    assert_eq!(counts, [100, 50]);
}

fn fetches(lab: &Lab, host: &str) -> usize {
    let requests = lab.policy_host().requests();
    requests.iter().filter(|request| format!("{request:?}").contains(host)).count()
}

/// There is no runtime on this side: neither for DNS nor for policies nor for mail.
// checks: mta-sts/A01, mta-sts/A02, mta-sts/F01
#[test]
fn without_a_runtime_every_domain_comes_to_its_verdict_all_at_once() {
    assert!(tokio::runtime::Handle::try_current().is_err());
    let lab = Lab::start(UnixTime::now()).unwrap();
    let mailer = without_a_runtime(&lab);
    let found: Vec<String> = std::thread::scope(|scope| {
        let begin = |domain| {
            let mailer = &mailer;
            scope.spawn(move || blocking::block_on(deliver(mailer, domain, &["postmaster"])))
        };
        let deliveries: Vec<_> = lab.domains().iter().map(begin).collect();
        let reports = deliveries.into_iter().zip(lab.domains());
        reports
            .flat_map(|(report, to)| differences(&report.join().unwrap(), &to.expected, &lab))
            .collect()
    });
    assert!(found.is_empty(), "{}", found.join("\n"));
    assert!(fetches(&lab, "mta-sts.sts.test") > 0, "the policy in mode enforce was fetched");
}

/// As the documentation of the blocking driver has it.
#[test]
fn a_thread_that_has_entered_a_runtime_delivers_with_its_adapters() {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let _entered = runtime.enter();
    let lab = Lab::start(UnixTime::now()).unwrap();
    let mailer = validating(Driver::Blocking, &lab);
    std::thread::scope(|scope| {
        for name in ["dane-ee.test", "sts.test", "self-signed.test"] {
            let (mailer, runtime, lab) = (&mailer, &runtime, &lab);
            scope.spawn(move || {
                let _entered = runtime.enter();
                let domain = domain(lab, name);
                let report = blocking::block_on(deliver(mailer, domain, &["postmaster"]));
                let found = differences(&report, &domain.expected, lab);
                assert!(found.is_empty(), "{}", found.join("\n"));
            });
        }
    });
}

both!(a_policy_is_fetched_once_for_deliveries_at_the_same_time);
async fn a_policy_is_fetched_once_for_deliveries_at_the_same_time(driver: Driver) {
    let lab = Lab::start(UnixTime::now()).unwrap();
    let (mailer, sts) = (ad_bit(driver, &lab), domain(&lab, "sts.test"));
    let reports = join_all((0..8).map(|_| deliver(&mailer, sts, &["postmaster"]))).await;
    assert!(reports.iter().all(|report| report.fates[0].word() == "delivered"));
    let of_sts = |host: &str| host.ends_with("sts.test");
    assert_eq!(fetches(&lab, "mta-sts.sts.test"), 1);
    assert!(lab.ledger().received_for("sts.test").iter().all(|it| of_sts(&it.host)));
}

// checks: mta-sts/F08
#[tokio::test]
async fn rfc8461_3_3_deliveries_and_the_refresh_share_one_fetch() {
    let lab = Lab::start(UnixTime::now()).unwrap();
    let (mailer, sts) = (ad_bit(Driver::Tokio, &lab), domain(&lab, "sts.test"));
    // A live policy under another id: the refresh and each delivery want the new one.
    let text = "version: STSv1\nmode: enforce\nmx: mx.sts.test\nmax_age: 86400\n";
    let policy = Policy::parse(text.as_bytes(), Profile::default()).unwrap();
    let mut update = Update::default();
    let entry = CacheEntry::new("old".parse().unwrap(), policy, UnixTime::now());
    update.entry = EntryUpdate::Put(entry);
    let policy_domain = sts.domain.parse().unwrap();
    mailer.store().save(&policy_domain, &update).await.unwrap();
    let refresher = mailer.over_tokio().refresher();
    let refresh = refresher.refresh(&policy_domain, RefreshCause::Due, UnixTime::now);
    let deliveries = join_all((0..8).map(|_| deliver(&mailer, sts, &["postmaster"])));
    let (refreshed, reports) = tokio::join!(refresh, deliveries);
    assert!(matches!(refreshed, Refreshed::Made(_)), "{refreshed:?}");
    assert!(reports.iter().all(|report| report.fates[0].word() == "delivered"));
    assert_eq!(fetches(&lab, "mta-sts.sts.test"), 1);
}

both!(without_a_policy_store_mail_waits);
async fn without_a_policy_store_mail_waits(driver: Driver) {
    let lab = Lab::start(UnixTime::now()).unwrap();
    let report = mailer::without_store(driver, &lab).await;
    assert_eq!(report.fates[0].word(), "deferred");
    assert!(lab.ledger().sessions().is_empty());
}

// checks: dane/DANE-T10
both!(under_a_policy_nothing_is_said_in_clear_but_ehlo_starttls_and_quit);
async fn under_a_policy_nothing_is_said_in_clear_but_ehlo_starttls_and_quit(driver: Driver) {
    let lab = Lab::start(UnixTime::now()).unwrap();
    let mailer = ad_bit(driver, &lab);
    for domain in lab.domains() {
        let report = deliver(&mailer, domain, &["postmaster"]).await;
        let is_demanding = report.tries.iter().any(|one| {
            one.assessment
                .verdict
                .as_ref()
                .is_ok_and(|plan| plan.requirement != smtp_starttls::Requirement::Opportunistic)
        });
        if !is_demanding {
            continue;
        }
        let hosts: Vec<&str> = report.tries.iter().map(|one| one.host.as_str()).collect();
        for session in lab.ledger().sessions() {
            if !hosts.contains(&session.host.as_str()) {
                continue;
            }
            let is_harmless = |line: &String| {
                let verb = line.split(' ').next().unwrap_or_default();
                matches!(verb, "EHLO" | "STARTTLS" | "QUIT")
                    || !matches!(session.handshake, Handshake::None)
            };
            assert!(session.clear_lines.iter().all(is_harmless), "{session:?}");
        }
    }
}

#[test]
fn a_mailer_may_be_shared_between_threads() {
    fn assert_shared<T: Send + Sync>() {}
    assert_shared::<Mailer<Arc<smtp_tls::adapter::hickory::AdResolver>, (), MemoryStore>>();
    assert_shared::<blocking::Mailer<Arc<smtp_tls::adapter::hickory::AdResolver>, (), MemoryStore>>(
    );
}
