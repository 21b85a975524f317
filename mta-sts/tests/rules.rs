//! Rules that several parts of the crate keep together, each by its id.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use core::time::Duration;

use mta_sts::publish::{self, IdFrom, MaxAge, MxList, POLICY_PATH, Promise, Publication};
use mta_sts::{
    Action, Applied, CacheEntry, CertificateFault, Consequence, Decision, Discovery, Exchange,
    ExchangeAction, ExchangeInput, Exemption, FetchError, FetchHistory, HostFailure, HostName,
    Input, Mode, Options, Outcome, Policy, PolicyBody, Refresh, RefreshCause, RefreshResult,
    Stored, StreamEnd, TxtAnswer, UnixTime, Update, UserAgent,
};

const START: u64 = 1_800_000_000;

fn at(seconds: u64) -> UnixTime {
    UnixTime::since_unix_epoch(Duration::from_secs(seconds))
}

fn policy(mode: &str, mx: &str, max_age: u64) -> String {
    format!("version: STSv1\r\nmode: {mode}\r\nmx: {mx}\r\nmax_age: {max_age}\r\n")
}

fn stored(mode: &str, mx: &str) -> Stored {
    let policy: Policy = policy(mode, mx, 86_400).parse().unwrap();
    let entry = CacheEntry::new("old".parse().unwrap(), policy, at(START));
    Stored::new(Some(entry), FetchHistory::default())
}

fn served(text: &str) -> Result<PolicyBody, FetchError> {
    PolicyBody::from_response(200, [&b"text/plain"[..]], [], text.as_bytes().to_vec())
}

fn announced(id: &str) -> TxtAnswer {
    TxtAnswer::from_records([[format!("v=STSv1; id={id};")]])
}

fn deliver(
    stored: &Stored,
    txt: TxtAnswer,
    fetched: Result<PolicyBody, FetchError>,
    now: u64,
) -> Outcome {
    let domain = "example.org".parse().unwrap();
    let mut machine = Discovery::new(domain, stored.clone(), &Options::default(), at(now));
    machine.handle(Input::Txt(txt), at(now)).unwrap();
    if let Action::Fetch { .. } = machine.action() {
        machine.handle(Input::Fetched(fetched), at(now)).unwrap();
    }
    machine.into_outcome().unwrap()
}

fn applied(outcome: &Outcome) -> &Applied {
    let Decision::Apply(applied) = &outcome.decision else { panic!("{:?}", outcome.decision) };
    applied
}

fn host(name: &str) -> HostName {
    name.parse().unwrap()
}

#[test]
fn d01_f05_f06_the_names_are_those_of_the_domain_asked_for() {
    // Whatever CNAMEs the look-up of the record has followed, the machine was never told of them.
    let domain = "Example.ORG.".parse().unwrap();
    let mut machine = Discovery::new(domain, Stored::default(), &Options::default(), at(START));
    assert!(matches!(machine.action(), Action::LookUpTxt { name: "_mta-sts.example.org" }));
    machine.handle(Input::Txt(announced("a")), at(START)).unwrap();
    let Action::Fetch { domain } = machine.action() else { panic!("no fetch") };
    // The name for SNI, for the certificate, and for the Host field.
    assert_eq!(domain.policy_host(), Some("mta-sts.example.org"));
    let exchange = Exchange::new(domain, UserAgent::NotSent);
    let ExchangeAction::Send(request) = exchange.action() else { panic!("no request") };
    let request = core::str::from_utf8(request).unwrap();
    assert!(request.contains("\r\nHost: mta-sts.example.org\r\n"));
}

#[test]
fn f13_a_domain_below_has_no_policy_from_above() {
    // The entry of example.org is stored under that name; for mail.example.org there is none, and the
    // machine asks for that name's record alone.
    let domain = "mail.example.org".parse().unwrap();
    let mut machine = Discovery::new(domain, Stored::default(), &Options::default(), at(START));
    assert!(matches!(machine.action(), Action::LookUpTxt { name: "_mta-sts.mail.example.org" }));
    let none = TxtAnswer::from_records::<[&str; 0]>([]);
    machine.handle(Input::Txt(none), at(START)).unwrap();
    assert!(matches!(machine.into_outcome().unwrap().decision, Decision::NoPolicy(_)));
}

#[test]
fn a05_each_delivery_asks_for_the_id_before_it_has_a_verdict() {
    let old = stored("enforce", "mx1.example.org");
    let domain = "example.org".parse().unwrap();
    let machine = Discovery::new(domain, old.clone(), &Options::default(), at(START + 60));
    assert!(matches!(machine.action(), Action::LookUpTxt { .. }), "though the policy is live");
    assert!(machine.into_outcome().is_none(), "no host is refused before");
    // A host that the old policy refuses may be what the new one is about.
    let new = policy("enforce", "mx2.example.org", 86_400);
    let outcome = deliver(&old, announced("new"), served(&new), START + 60);
    assert!(applied(&outcome).allows(&host("mx2.example.org")));
}

#[test]
fn v04_a_domain_without_mx_is_its_own_host() {
    let own: Policy = policy("enforce", "example.org", 1).parse().unwrap();
    assert!(own.allows(&host("example.org")));
    let others: Policy = policy("enforce", "*.example.org", 1).parse().unwrap();
    assert!(!others.allows(&host("example.org")));
}

#[test]
fn v05_a_host_that_a_pattern_allows_is_shut_out_by_each_fault_of_its_own() {
    use CertificateFault::{Expired, HostMismatch, Invalid, NotTrusted};
    let outcome = deliver(&stored("enforce", "*.example.org"), announced("old"), served(""), START);
    let applied = applied(&outcome);
    assert!(applied.allows(&host("mx1.example.org")));
    for (failure, result_type) in [
        (HostFailure::StartTlsNotSupported, "starttls-not-supported"),
        (HostFailure::HandshakeFailed, "validation-failure"),
        (HostFailure::Certificate(Expired), "certificate-expired"),
        (HostFailure::Certificate(HostMismatch), "certificate-host-mismatch"),
        (HostFailure::Certificate(Invalid), "validation-failure"),
        (HostFailure::Certificate(NotTrusted), "certificate-not-trusted"),
    ] {
        let consequence = failure.consequence(applied.mode(), Exemption::Nothing);
        assert_eq!(consequence, Consequence::NotHere, "{failure:?}");
        assert_eq!(failure.result_type(), Some(result_type));
    }
}

#[test]
fn a04_one_host_that_fails_is_as_one_out_of_reach() {
    let policy: Policy = policy("enforce", "mx2.example.org", 1).parse().unwrap();
    // Hosts are asked about in the order of the MX records; none is filtered out before.
    let verdicts = ["mx1.example.org", "mx2.example.org", "mx3.example.org"].map(|name| {
        if policy.allows(&host(name)) {
            return None;
        }
        let failure = HostFailure::MxNotInPolicy;
        Some(failure.consequence(policy.mode(), Exemption::Nothing))
    });
    assert_eq!(verdicts, [Some(Consequence::NotHere), None, Some(Consequence::NotHere)]);
}

#[test]
fn a08_h04_a_domain_leaves_by_publishing_none() {
    let enforce = MxList::parse(["mx1.example.org"]).unwrap();
    let enforce = Promise::Enforce(enforce);
    let before = Publication::new(&enforce, MaxAge::TWO_WEEKS, IdFrom::Content).unwrap();
    let after = Publication::new(&Promise::None, MaxAge::DAY, IdFrom::Content).unwrap();
    assert_ne!(before.record(), after.record());

    let mut stored = Stored::default();
    let record =
        |publication: &Publication| TxtAnswer::from_records([[publication.record().to_string()]]);
    let file = |publication: &Publication| served(publication.policy().as_str());
    let first = deliver(&stored, record(&before), file(&before), START);
    assert_eq!(applied(&first).mode(), Mode::Enforce);
    stored.apply(&first.update);
    let last = deliver(&stored, record(&after), file(&after), START + 60);
    assert!(matches!(last.decision, Decision::NoPolicy(_)));
    stored.apply(&last.update);
    // Record and host are gone a day later, and nobody minds.
    let gone = TxtAnswer::from_records::<[&str; 0]>([]);
    let outcome = deliver(&stored, gone, Err(FetchError::ConnectionFailed), START + 90_000);
    assert!(matches!(outcome.decision, Decision::NoPolicy(_)));
    assert_eq!(outcome.failure, None);
}

#[test]
fn a10_who_holds_dns_alone_changes_nothing_and_costs_little() {
    let mut stored = stored("enforce", "mx1.example.org");
    let (before, mut fetches) = (stored.entry.clone(), 0);
    // A new id each second of an hour, and HTTPS blocked.
    for second in 0..3_600 {
        let txt = announced(&format!("flap{second}"));
        let blocked = Err(FetchError::ConnectionFailed);
        let outcome = deliver(&stored, txt, blocked, START + second);
        assert_eq!(applied(&outcome).mode(), Mode::Enforce);
        fetches += usize::from(outcome.fetch == mta_sts::FetchMade::Yes);
        stored.apply(&outcome.update);
    }
    assert_eq!(fetches, 12);
    assert_eq!(stored.entry, before);
}

#[test]
fn a11_a_hostile_policy_ends_by_a_new_id_or_by_the_operator() {
    let hostile = stored("enforce", "mx.evil.test");
    let rescue = policy("enforce", "mx1.example.org", 86_400);
    let outcome = deliver(&hostile, announced("rescue"), served(&rescue), START + 1);
    assert!(applied(&outcome).allows(&host("mx1.example.org")));
    assert!(!applied(&outcome).allows(&host("mx.evil.test")));

    // The operator looks at it, fetches now whatever was fetched of late, or forgets it.
    let entry = hostile.entry.clone().unwrap();
    assert_eq!(entry.policy().lines().nth(2), Some("mx: mx.evil.test"));
    let history = FetchHistory::default().with_fetch(
        "old".parse().unwrap(),
        Some(FetchError::TimedOut.kind()),
        at(START),
    );
    let domain = "example.org".parse().unwrap();
    let options = Options::default();
    let mut refresh = Refresh::new(domain, entry, history, &options, RefreshCause::Operator);
    refresh.handle(Input::Txt(announced("old")), at(START + 1)).unwrap();
    refresh.handle(Input::Fetched(served(&rescue)), at(START + 1)).unwrap();
    assert_eq!(refresh.into_outcome().unwrap().result, RefreshResult::Replaced);
    let mut forgotten = hostile;
    forgotten.apply(&Update::purge());
    assert_eq!(forgotten, Stored::default());
}

#[test]
fn h02_what_a_policy_host_answers_is_what_a_sender_reads() {
    let mx = MxList::parse(["mx1.example.org"]).unwrap();
    let promise = Promise::Testing(mx);
    let publication = Publication::new(&promise, MaxAge::DAY, IdFrom::Content).unwrap();
    let mut exchange = Exchange::new(&"example.org".parse().unwrap(), UserAgent::NotSent);
    let ExchangeAction::Send(request) = exchange.action() else { panic!("no request") };
    assert!(request.starts_with(format!("GET {POLICY_PATH} HTTP/1.1\r\n").as_bytes()));
    let sent = request.len();
    exchange.handle(ExchangeInput::Sent(sent));
    let response = publish::policy_response(publication.policy());
    exchange.handle(ExchangeInput::Received(response.as_bytes()));
    // It is whole by its length, whether or not the stream ends cleanly.
    exchange.handle(ExchangeInput::Ended(StreamEnd::Cut));
    let body = exchange.into_result().unwrap().unwrap();
    assert_eq!(body.as_bytes(), publication.policy().as_str().as_bytes());
}
