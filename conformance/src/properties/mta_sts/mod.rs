//! MTA-STS.

mod discovery;
mod stored;

use mta_sts::{
    Deviation, Exchange, ExchangeAction, ExchangeInput, FetchError, HostName, MxPattern, Policy,
    PolicyBody, PolicyRef, Profile, Record, RecordError, StreamEnd, UserAgent,
};
use serde_json::{Map, Value};

pub use discovery::discovery;
pub(super) use discovery::seed_discovery;
pub(super) use stored::seed_stored;
pub use stored::stored;

use super::input::{Input, Output, pieces};
use super::{fail, request};
use crate::request::mta_sts as asked;

const PROFILES: [Profile; 2] = [Profile::Rfc, Profile::Interop];

/// TXT records: records end with a zero byte, character-strings with a one.
///
/// What a record says depends on its joined text alone; the order of records and records of others
/// do not matter; a second record of ours makes the answer unusable; leniency changes no record
/// that the RFC takes; what is written is read back.
pub fn record(data: &[u8]) {
    let records: Vec<Vec<&[u8]>> =
        data.split(|byte| *byte == 0).map(|one| one.split(|byte| *byte == 1).collect()).collect();
    let joined: Vec<[Vec<u8>; 1]> = records.iter().map(|strings| [strings.concat()]).collect();
    for profile in PROFILES {
        let result = Record::from_answer(&records, profile);
        assert_eq!(result, Record::from_answer(&joined, profile), "a split has no meaning");
        let reversed = Record::from_answer(joined.iter().rev(), profile);
        assert_eq!(result, reversed, "the order of records has no meaning");
        let others = [[b"v=spf1 -all".to_vec()], [b"v=STSv2; id=x;".to_vec()]];
        let among = Record::from_answer(joined.iter().chain(&others), profile);
        assert_eq!(result, among, "records of others have no meaning");
        if let Ok(record) = result {
            record_is_sound(&record, &joined, profile);
        }
    }
    leniency_of_records(&joined);
}

fn record_is_sound(record: &Record, joined: &[[Vec<u8>; 1]], profile: Profile) {
    let id = record.id().as_str();
    assert!((1..=32).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_alphanumeric()));
    let written = record.to_string();
    let again = Record::from_answer([[&written]], profile);
    assert_eq!(again.map(|record| *record.id()), Ok(*record.id()), "{written:?}");
    let second = [[b"v=STSv1; id=second;".to_vec()]];
    let two = Record::from_answer(joined.iter().chain(&second), Profile::Rfc);
    if record.deviation().is_none() {
        assert_eq!(two, Err(RecordError::SeveralRecords), "the first of two is not taken");
    }
}

fn leniency_of_records(joined: &[[Vec<u8>; 1]]) {
    let strict = Record::from_answer(joined, Profile::Rfc);
    let lenient = Record::from_answer(joined, Profile::Interop);
    match (strict, lenient) {
        (Ok(strict), lenient) => assert_eq!(lenient, Ok(strict)),
        (Err(RecordError::NoRecord), Ok(record)) => {
            assert_eq!(record.deviation(), Some(Deviation::SpaceBeforeSemicolon));
        }
        (Err(_), Ok(record)) => fail(&format!("{record:?} is a record only with leniency")),
        (Err(_), Err(_)) => {}
    }
}

/// A policy file.
///
/// The borrowed and the owned form agree; what is written is read back; leniency changes no policy
/// that the RFC takes; limits hold; a policy without patterns has the mode `none`; each pattern
/// allows the host that it names.
pub fn policy(data: &[u8]) {
    let parsed = PROFILES.map(|profile| {
        let owned = Policy::parse(data, profile);
        match (&owned, PolicyRef::parse(data, profile)) {
            (Ok(owned), Ok(borrowed)) => {
                assert_eq!(facts(owned), facts(&borrowed.into_owned()));
                policy_is_sound(owned, data, profile);
            }
            (Err(owned), Err(borrowed)) => assert_eq!(*owned, borrowed),
            (owned, borrowed) => fail(&format!("{owned:?} is not {borrowed:?}")),
        }
        owned
    });
    if let [Ok(strict), lenient] = &parsed {
        assert_eq!(lenient.as_ref().map(facts), Ok(facts(strict)));
        let harmless = |one: Deviation| one == Deviation::MaxAgeClamped;
        assert!(strict.deviations().iter().all(|found| harmless(found.what)));
    }
}

fn facts(policy: &Policy) -> (mta_sts::Mode, u64, Vec<String>) {
    let patterns = policy.patterns().map(|pattern| pattern.to_string()).collect();
    (policy.mode(), policy.max_age().as_secs(), patterns)
}

fn policy_is_sound(policy: &Policy, data: &[u8], profile: Profile) {
    assert!(data.len() <= Policy::MAX_LEN);
    assert_eq!(policy.as_str().as_bytes(), data, "the body is kept as it was received");
    assert_eq!(Policy::parse(policy.to_string().as_bytes(), profile).as_ref(), Ok(policy));
    assert!(policy.max_age().as_secs() <= 31_557_600);
    let count = policy.patterns().count();
    assert!(count > 0 || policy.mode() == mta_sts::Mode::None);
    // The first ones are enough where there are thousands.
    for pattern in policy.patterns().take(64) {
        let written = pattern.to_string();
        assert_eq!(MxPattern::try_from(written.as_str()).as_ref(), Ok(&pattern));
        let prefix = if pattern.is_wildcard() { "x." } else { "" };
        if let Ok(host) = format!("{prefix}{}", pattern.domain()).parse::<HostName>() {
            assert_eq!(policy.allows(&host), !pattern.is_address(), "{host:?} by {written}");
        }
        if let Ok(deeper) = format!("a.{prefix}{}", pattern.domain()).parse::<HostName>() {
            let by_one = policy.patterns().any(|one| one.matches(&deeper));
            assert_eq!(policy.allows(&deeper), by_one, "the table and the patterns agree");
        }
    }
}

/// A pattern and a host with a line end between them: the match is that of whole labels.
pub fn matches(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let (pattern, host) = text.split_once('\n').unwrap_or((&text, ""));
    let (Ok(pattern), Ok(host)) = (MxPattern::try_from(pattern), host.parse::<HostName>()) else {
        return;
    };
    let written = pattern.to_string();
    assert_eq!(written.parse::<MxPattern<'static>>().as_ref(), Ok(&pattern));
    assert_eq!(host.as_str().parse::<HostName>().as_ref(), Ok(&host), "a host is normalised once");
    let labels: Vec<&str> = host.as_str().split('.').collect();
    let is_number = |label: &&str| label.bytes().all(|byte| byte.is_ascii_digit());
    let name = match written.strip_prefix("*.") {
        Some(domain) => labels.get(1..).is_some_and(|rest| rest.join(".") == domain),
        None => host.as_str() == written,
    };
    let expected = name && !labels.last().is_some_and(is_number);
    assert_eq!(pattern.matches(&host), expected, "{written} {host:?}");
}

/// How a stream is cut, then the response.
///
/// Any split gives the same result; a stream that was cut never gives what a whole one does not,
/// and a prefix of a response never gives another body; a body keeps its limit.
pub fn response(data: &[u8]) {
    let mut input = Input::new(data);
    let cuts = input.bytes();
    let response = input.rest();
    let whole = fetched(&[response], StreamEnd::Clean);
    let split = fetched(&pieces(response, &mut Input::new(cuts)), StreamEnd::Clean);
    assert_eq!(whole, split, "where the stream is split has no meaning");
    if let Ok(body) = &whole {
        assert!(body.as_bytes().len() <= Policy::MAX_LEN);
    }
    let length = Input::new(cuts).below(response.len() + 1);
    for part in [response, response.get(..length).unwrap_or_default()] {
        if let Ok(body) = fetched(&[part], StreamEnd::Cut) {
            assert_eq!(Ok(body), whole, "a cut stream gives the whole body or none");
        }
    }
}

fn fetched(pieces: &[&[u8]], end: StreamEnd) -> Result<PolicyBody, FetchError> {
    let Ok(domain) = "example.org".parse() else { return Err(FetchError::ConnectionFailed) };
    let mut exchange = Exchange::new(&domain, UserAgent::NotSent);
    if let ExchangeAction::Send(request) = exchange.action() {
        let sent = request.len();
        exchange.handle(ExchangeInput::Sent(sent));
    }
    for piece in pieces {
        exchange.handle(ExchangeInput::Received(piece));
    }
    exchange.handle(ExchangeInput::Ended(end));
    match exchange.into_result() {
        Some(result) => result,
        None => fail("the end of the stream ends the exchange"),
    }
}

pub(super) fn seed_record(operation: &str, fields: &Map<String, Value>) -> Option<Vec<u8>> {
    let request: asked::Record = request("mta_sts.record", operation, fields)?;
    let records: Vec<String> = request.txt.iter().map(|strings| strings.join("\u{1}")).collect();
    Some(records.join("\0").into_bytes())
}

pub(super) fn seed_policy(operation: &str, fields: &Map<String, Value>) -> Option<Vec<u8>> {
    Some(request::<asked::Policy>("mta_sts.policy", operation, fields)?.body_b64.0)
}

pub(super) fn seed_match(operation: &str, fields: &Map<String, Value>) -> Option<Vec<u8>> {
    let request: asked::Match = request("mta_sts.match", operation, fields)?;
    Some(format!("{}\n{}", request.mx.first()?, request.host).into_bytes())
}

pub(super) fn seed_response(operation: &str, fields: &Map<String, Value>) -> Option<Vec<u8>> {
    let response = match operation {
        "mta_sts.discover" => {
            match request::<asked::Discover>("mta_sts.discover", operation, fields)?.fetch? {
                asked::Fetch::Response { response_b64 } => response_b64.0,
                asked::Fetch::Failure { .. } => return None,
            }
        }
        _ => request::<asked::Response>("mta_sts.response", operation, fields)?.response_b64.0,
    };
    let mut output = Output::default();
    output.bytes(&[7, 1, 200]).rest(&response);
    Some(output.into_bytes())
}
