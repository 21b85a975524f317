use core::net::Ipv4Addr;
use std::sync::Arc;

use ::rustls::RootCertStore;
use ::rustls::crypto::ring;

use super::*;
use crate::resolve::{Judged, Outcome as Said, Security};

fn ips(texts: &[&str]) -> Vec<IpAddr> {
    texts.iter().map(|text| text.parse().unwrap()).collect()
}

#[test]
fn both_families_have_their_turn() {
    let six = ips(&["::1", "::2"]);
    let four = ips(&["127.0.0.1"]);
    assert_eq!(by_turns([six.clone(), four.clone()]), ips(&["::1", "127.0.0.1", "::2"]));
    assert_eq!(by_turns([Vec::new(), four.clone()]), four);
    assert_eq!(by_turns([six.clone(), Vec::new()]), six);
}

#[test]
fn no_more_than_sixteen_addresses_are_tried() {
    let four = vec![ips(&["127.0.0.1"])[0]; ADDRESSES];
    assert_eq!(by_turns([Vec::new(), four.clone()]).len(), ADDRESSES);
    assert_eq!(by_turns([four.clone(), four]).len(), ADDRESSES);
}

fn terms() -> Terms {
    let provider = Arc::new(ring::default_provider());
    Terms::new(&Connector::new(provider, RootCertStore::empty()).unwrap())
}

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn found(count: usize) -> Input<'static> {
    let outcome = Said::Records(vec![Record::A(Ipv4Addr::LOCALHOST); count]);
    let (security, judged) = (Security::Insecure, Judged::AsAWhole);
    let answer = Answer { outcome, security, chain: Vec::new(), judged };
    Input::Found(Box::new([Err(LookUpError::Timeout), Ok(answer)]))
}

/// A fetch that began at second 100 and has found so many addresses.
fn began(terms: &Terms, count: usize) -> Fetch<'_, Duration> {
    let mut fetch = Fetch::new(terms, &"example.org".parse().unwrap(), seconds(100));
    assert_eq!(fetch.until(), seconds(160));
    fetch.handle(found(count), seconds(100));
    fetch
}

fn result<I: Copy + Ord + Add<Duration, Output = I>>(
    fetch: Fetch<'_, I>,
) -> Option<Result<PolicyBody, FetchError>> {
    matches!(fetch.action(), Action::Done).then(|| fetch.into_result())
}

// checks: mta-sts/F07
#[test]
fn rfc8461_3_3_an_address_has_fifteen_seconds_and_all_of_them_a_minute() {
    let terms = terms();
    let mut fetch = began(&terms, 16);
    for until in [115, 130, 145, 160] {
        assert!(matches!(fetch.action(), Action::Connect(_)));
        assert_eq!(fetch.until(), seconds(until));
        fetch.handle(Input::TimedOut, seconds(until));
    }
    assert_eq!(result(fetch), Some(Err(FetchError::TimedOut)));
}

// checks: mta-sts/F07
#[test]
fn rfc8461_3_3_a_handshake_that_drips_ends_with_its_address() {
    let terms = terms();
    let mut fetch = began(&terms, 1);
    fetch.handle(Input::Connected, seconds(101));
    assert!(matches!(fetch.action(), Action::Send(_)));
    fetch.handle(Input::Sent, seconds(101));
    for now in 102..115 {
        assert!(matches!(fetch.action(), Action::Read));
        assert_eq!(fetch.until(), seconds(115));
        // The head of a long record, and then its octets one by one.
        let octets: &[u8] = if now == 102 { &[22, 3, 3, 64, 0, 2] } else { &[0] };
        fetch.handle(Input::Bytes(octets), seconds(now));
    }
    fetch.handle(Input::TimedOut, seconds(115));
    assert_eq!(result(fetch), Some(Err(FetchError::ConnectionFailed)));
}

// checks: mta-sts/F07
#[test]
fn rfc8461_3_3_what_comes_after_the_minute_comes_too_late() {
    let terms = terms();
    let domain = "example.org".parse().unwrap();
    let mut fetch = Fetch::new(&terms, &domain, seconds(100));
    fetch.handle(found(1), seconds(160));
    assert_eq!(result(fetch), Some(Err(FetchError::TimedOut)));
    let mut fetch = began(&terms, 1);
    fetch.handle(Input::Connected, seconds(160));
    assert_eq!(result(fetch), Some(Err(FetchError::TimedOut)));
    let mut fetch = Fetch::new(&terms, &domain, seconds(100));
    fetch.handle(Input::TimedOut, seconds(160));
    assert_eq!(result(fetch), Some(Err(FetchError::TimedOut)));
}

#[test]
fn without_an_address_or_after_the_last_one_it_is_not_reached() {
    let terms = terms();
    assert_eq!(result(began(&terms, 0)), Some(Err(FetchError::ConnectionFailed)));
    let mut fetch = began(&terms, 2);
    fetch.handle(Input::Ended, seconds(101));
    fetch.handle(Input::Connected, seconds(101));
    fetch.handle(Input::Bytes(b"220 this is no TLS\r\n"), seconds(101));
    // The alert.
    assert!(matches!(fetch.action(), Action::Send(_)));
    fetch.handle(Input::Sent, seconds(101));
    assert_eq!(result(fetch), Some(Err(FetchError::ConnectionFailed)));
}
