//! Reading datagrams: whole or not at all.

use alloc::borrow::Cow;
use alloc::string::String;
use alloc::vec::Vec;

use pki_types::{DnsName, UnixTime};
use serde::de::{DeserializeSeed, Deserializer, MapAccess, Visitor};

use super::error::{DatagramError, DatagramQuirk};
use super::policy::Policies;
use super::values::{Context, EachSeed, TextSeed};
use crate::limits;
use crate::members::{Judge, Seen, SkipSeed};
use crate::record::Record;
use crate::tally::{PolicyOutcome, Session};

/// A datagram that was read.
///
/// ```
/// let bytes = br#"{"dpv": "1","d": "Example.COM.","pr": "v=TLSRPTv1; rua=mailto:a@b.example","policies":[{"policy-type":9,"t":0,"f":0}]}"#;
/// let datagram = tlsrpt::Datagram::read(bytes)?;
/// assert_eq!(datagram.domain().as_ref(), "example.com");
/// # Ok::<(), tlsrpt::DatagramError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Datagram<'a> {
    domain: DnsName<'a>,
    record: Record,
    policies: Vec<PolicyOutcome<'a>>,
    quirks: Vec<DatagramQuirk>,
}

impl<'a> Datagram<'a> {
    /// Reads the bytes of one datagram.
    ///
    /// # Errors
    ///
    /// [`DatagramError`]: then nothing of the datagram may be used.
    pub fn read(bytes: &'a [u8]) -> Result<Self, DatagramError> {
        let Parsed { domain, record, policies, quirks } = parse(bytes)?;
        let domain = match domain {
            Cow::Borrowed(name) => DnsName::try_from(name),
            Cow::Owned(name) => DnsName::try_from(name),
        };
        let domain = domain.map_err(|_| DatagramError::Domain)?;
        let record = record.parse().map_err(DatagramError::Record)?;
        Ok(Self { domain, record, policies, quirks: quirks.into_iter().flatten().collect() })
    }

    /// The recipient domain, in lower case and without a final dot.
    #[must_use]
    pub fn domain(&self) -> &DnsName<'a> {
        &self.domain
    }

    /// The domain's record.
    #[must_use]
    pub fn record(&self) -> &Record {
        &self.record
    }

    /// The outcomes under each policy.
    #[must_use]
    pub fn policies(&self) -> &[PolicyOutcome<'a>] {
        &self.policies
    }

    /// What is odd about the datagram.
    #[must_use]
    pub fn quirks(&self) -> &[DatagramQuirk] {
        &self.quirks
    }

    /// The session that the datagram tells of. A datagram has no time of its own.
    #[must_use]
    pub fn into_session(self, ended_at: UnixTime) -> Session<'a> {
        let mut session = Session::new(self.domain, self.record, ended_at);
        session.policies = self.policies;
        session
    }
}

/// A datagram whose domain and record are still only text.
pub(crate) struct Parsed<'a> {
    pub(crate) domain: Cow<'a, str>,
    pub(crate) record: Cow<'a, str>,
    pub(crate) policies: Vec<PolicyOutcome<'a>>,
    pub(crate) quirks: [Option<DatagramQuirk>; 2],
}

pub(crate) fn parse(bytes: &[u8]) -> Result<Parsed<'_>, DatagramError> {
    if bytes.is_empty() {
        return Err(DatagramError::Empty);
    }
    if bytes.len() > limits::DATAGRAM {
        return Err(DatagramError::TooLong);
    }
    match core::str::from_utf8(bytes) {
        Ok(json) => parse_text(json),
        Err(_) => {
            // Outside of strings U+FFFD is a syntax error.
            let text = String::from_utf8_lossy(bytes);
            let parsed = parse_text(&text)?;
            let policies = parsed.policies.into_iter().map(PolicyOutcome::into_owned).collect();
            let [_, count] = parsed.quirks;
            Ok(Parsed {
                domain: Cow::Owned(parsed.domain.into_owned()),
                record: Cow::Owned(parsed.record.into_owned()),
                policies,
                quirks: [Some(DatagramQuirk::NotUtf8), count],
            })
        }
    }
}

fn parse_text(json: &str) -> Result<Parsed<'_>, DatagramError> {
    let mut context = Context::default();
    let mut deserializer = serde_json::Deserializer::from_str(json);
    let seed = DatagramSeed(&mut context);
    let (domain, record, policies) = seed.deserialize(&mut deserializer).map_err(|error| {
        context.error.unwrap_or_else(|| {
            if error.is_data() {
                DatagramError::WrongType
            } else {
                // Nobody writes a datagram of several lines.
                DatagramError::NotJson { at: error.column().saturating_sub(1) }
            }
        })
    })?;
    deserializer.end().map_err(|_| DatagramError::TrailingBytes)?;
    let differs = context.count_differs.then_some(DatagramQuirk::FailureCount);
    Ok(Parsed { domain, record, policies, quirks: [None, differs] })
}

/// Whether the domain is a host name and the record can be read.
pub(crate) fn check(parsed: &Parsed<'_>) -> Result<(), DatagramError> {
    DnsName::try_from(&*parsed.domain).map_err(|_| DatagramError::Domain)?;
    parsed.record.parse::<Record>().map_err(DatagramError::Record)?;
    Ok(())
}

/// The name in lower case and without a final dot.
fn plain_name(name: Cow<'_, str>) -> Cow<'_, str> {
    let one_dot = name.ends_with('.') && !name.ends_with("..");
    if !one_dot && name.bytes().all(|byte| !byte.is_ascii_uppercase()) {
        return name;
    }
    let mut name = name.into_owned();
    name.make_ascii_lowercase();
    if one_dot {
        name.pop();
    }
    Cow::Owned(name)
}

/// A plain name that is a host name.
pub(super) fn host_name(name: Cow<'_, str>) -> Result<Cow<'_, str>, DatagramError> {
    let name = plain_name(name);
    match DnsName::try_from(&*name) {
        Ok(_) if !name.ends_with('.') => Ok(name),
        _ => Err(DatagramError::Domain),
    }
}

type Top<'de> = (Cow<'de, str>, Cow<'de, str>, Vec<PolicyOutcome<'de>>);

struct DatagramSeed<'c>(&'c mut Context);

impl<'de> DeserializeSeed<'de> for DatagramSeed<'_> {
    type Value = Top<'de>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

macro_rules! not_an_object {
    ($($name:ident($type:ty),)*) => {
        $(fn $name<E: serde::de::Error>(self, _: $type) -> Result<Self::Value, E> {
            Err(self.0.fail(DatagramError::NotAnObject))
        })*
    };
}

impl<'de> Visitor<'de> for DatagramSeed<'_> {
    type Value = Top<'de>;

    fn expecting(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("a datagram object")
    }

    not_an_object! {
        visit_bool(bool),
        visit_u64(u64),
        visit_i64(i64),
        visit_f64(f64),
        visit_str(&str),
    }

    fn visit_unit<E: serde::de::Error>(self) -> Result<Self::Value, E> {
        Err(self.0.fail(DatagramError::NotAnObject))
    }

    fn visit_seq<A: serde::de::SeqAccess<'de>>(self, _: A) -> Result<Self::Value, A::Error> {
        Err(self.0.fail(DatagramError::NotAnObject))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let context = self.0;
        let (mut domain, mut record, mut policies) = (None, None, None);
        let mut seen = Seen::default();
        while let Some(name) = map.next_key_seed(TextSeed(context))? {
            match &*name {
                "dpv" => {
                    context.once(seen.again(0))?;
                    if map.next_value_seed(TextSeed(context))? != "1" {
                        return Err(context.fail(DatagramError::Version));
                    }
                }
                "d" => {
                    context.once(seen.again(1))?;
                    domain = Some(map.next_value_seed(TextSeed(context))?);
                }
                "pr" => {
                    context.once(seen.again(2))?;
                    record = Some(map.next_value_seed(TextSeed(context))?);
                }
                "policies" => {
                    context.once(seen.again(3))?;
                    let mut list = Policies(Vec::new());
                    let max = limits::DATAGRAM_POLICIES;
                    map.next_value_seed(EachSeed { context, max, each: &mut list })?;
                    policies = Some(list.0);
                }
                _ => {
                    context.member(&mut seen, &name)?;
                    map.next_value_seed(SkipSeed { context, depth: 1 })?;
                }
            }
        }
        let (Some(domain), Some(record), Some(policies)) = (domain, record, policies) else {
            return Err(context.fail(DatagramError::Missing));
        };
        if policies.is_empty() {
            return Err(context.fail(DatagramError::NoPolicy));
        }
        Ok((plain_name(domain), record, policies))
    }
}
