//! Writing datagrams, byte for byte as existing clients do, without allocation in the long run.

use alloc::borrow::Cow;
use alloc::string::String;
use alloc::vec::Vec;

use super::code::{PolicyCode, ResultCode};
use crate::report::Failure;
use crate::tally::{Outcome, Session};

/// Writes datagrams, one after the other, into memory that is used again.
///
/// Texts are bytes, as a C program has them; what is not UTF-8 becomes U+FFFD. Numbers are written
/// as given. [`session`](Self::session) writes a whole session; the other methods build a datagram
/// step by step, in the order request, policy, its strings, patterns and failures in any order,
/// end of the policy, end of the request.
///
/// ```
/// use tlsrpt::{DatagramWriter, PolicyCode};
///
/// let mut writer = DatagramWriter::new();
/// writer.begin(b"Example.COM.", b"v=TLSRPTv1; rua=mailto:a@b.example");
/// writer.begin_policy(PolicyCode::NO_POLICY_FOUND, None)?;
/// writer.end_policy(0)?;
/// let datagram = writer.end()?;
/// assert_eq!(datagram.len(), 118);
/// # Ok::<(), tlsrpt::OrderError>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct DatagramWriter {
    out: Vec<u8>,
    strings: Vec<u8>,
    hosts: Vec<u8>,
    failures: Vec<u8>,
    count: u64,
    place: Place,
}

#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
enum Place {
    #[default]
    Outside,
    Request {
        policies: usize,
    },
    Policy {
        policies: usize,
    },
}

/// A step came out of order.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum OrderError {
    /// No request was begun.
    #[error("no datagram was begun")]
    NoRequest,
    /// No policy was begun.
    #[error("no policy was begun")]
    NoPolicy,
    /// The last policy was not ended.
    #[error("the last policy was not ended")]
    InsidePolicy,
}

/// What is known of a failure: all texts of a failure detail.
#[derive(Clone, Copy, Debug, Default)]
#[non_exhaustive]
pub struct FailureTexts<'a> {
    /// The address from which we sent.
    pub sending_mta_ip: Option<&'a [u8]>,
    /// The name of the MX host.
    pub receiving_mx_hostname: Option<&'a [u8]>,
    /// The name it gave in its EHLO reply.
    pub receiving_mx_helo: Option<&'a [u8]>,
    /// The address to which we sent.
    pub receiving_ip: Option<&'a [u8]>,
    /// A URI with more about this failure.
    pub additional_information: Option<&'a [u8]>,
    /// An error code or message.
    pub failure_reason_code: Option<&'a [u8]>,
}

impl DatagramWriter {
    /// A writer with no memory yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Begins a datagram for the recipient domain and the text of its record. What was begun
    /// before is forgotten.
    pub fn begin(&mut self, domain: &[u8], record: &[u8]) {
        self.out.clear();
        self.out.extend_from_slice(br#"{"dpv": "1","d": "#);
        string(&mut self.out, domain);
        self.out.extend_from_slice(br#","pr": "#);
        string(&mut self.out, record);
        self.out.extend_from_slice(br#","policies":["#);
        self.place = Place::Request { policies: 0 };
    }

    /// Begins a policy.
    ///
    /// # Errors
    ///
    /// If no datagram was begun, or the last policy was not ended.
    pub fn begin_policy(
        &mut self,
        policy_type: PolicyCode,
        domain: Option<&[u8]>,
    ) -> Result<(), OrderError> {
        let policies = self.in_request()?;
        self.out.extend_from_slice(if policies == 0 { b"" } else { b"," });
        self.out.extend_from_slice(br#"{"policy-type":"#);
        integer(&mut self.out, policy_type.0.into());
        if let Some(domain) = domain {
            self.out.extend_from_slice(br#","policy-domain": "#);
            string(&mut self.out, domain);
        }
        for list in [&mut self.strings, &mut self.hosts, &mut self.failures] {
            list.clear();
        }
        self.count = 0;
        self.place = Place::Policy { policies };
        Ok(())
    }

    /// Adds a policy string.
    ///
    /// # Errors
    ///
    /// If no policy was begun.
    pub fn add_string(&mut self, text: &[u8]) -> Result<(), OrderError> {
        self.in_policy()?;
        element(&mut self.strings, text);
        Ok(())
    }

    /// Adds an MX pattern.
    ///
    /// # Errors
    ///
    /// If no policy was begun.
    pub fn add_mx_host(&mut self, pattern: &[u8]) -> Result<(), OrderError> {
        self.in_policy()?;
        element(&mut self.hosts, pattern);
        Ok(())
    }

    /// Adds a failure.
    ///
    /// # Errors
    ///
    /// If no policy was begun.
    pub fn add_failure(
        &mut self,
        code: ResultCode,
        texts: &FailureTexts<'_>,
    ) -> Result<(), OrderError> {
        self.in_policy()?;
        let out = &mut self.failures;
        out.extend_from_slice(if out.is_empty() { br#"{"c":"# } else { br#",{"c":"# });
        integer(out, code.0.into());
        for (name, text) in [
            (b's', texts.sending_mta_ip),
            (b'n', texts.receiving_mx_hostname),
            (b'h', texts.receiving_mx_helo),
            (b'r', texts.receiving_ip),
            (b'a', texts.additional_information),
            (b'f', texts.failure_reason_code),
        ] {
            if let Some(text) = text {
                out.extend_from_slice(&[b',', b'"', name, b'"', b':', b' ']);
                string(out, text);
            }
        }
        out.push(b'}');
        self.count += 1;
        Ok(())
    }

    /// Ends a policy with its final result: 0 for success, 1 for failure.
    ///
    /// # Errors
    ///
    /// If no policy was begun.
    pub fn end_policy(&mut self, final_result: i32) -> Result<(), OrderError> {
        let policies = self.in_policy()?;
        for (name, list) in [
            (&br#","policy-string":["#[..], &self.strings),
            (br#","mx-host":["#, &self.hosts),
            (br#","failure-details":["#, &self.failures),
        ] {
            if !list.is_empty() {
                self.out.extend_from_slice(name);
                self.out.extend_from_slice(list);
                self.out.push(b']');
            }
        }
        self.out.extend_from_slice(br#","t":"#);
        integer(&mut self.out, i64::try_from(self.count).unwrap_or(i64::MAX));
        self.out.extend_from_slice(br#","f":"#);
        integer(&mut self.out, final_result.into());
        self.out.push(b'}');
        self.place = Place::Request { policies: policies + 1 };
        Ok(())
    }

    /// Ends the datagram and gives its bytes.
    ///
    /// # Errors
    ///
    /// If no datagram was begun, the last policy was not ended, or there is no policy.
    pub fn end(&mut self) -> Result<&[u8], OrderError> {
        if self.in_request()? == 0 {
            return Err(OrderError::NoPolicy);
        }
        self.place = Place::Outside;
        self.out.extend_from_slice(b"]}");
        Ok(&self.out)
    }

    /// Writes a whole session. A result type without a number is written as the one for other
    /// failures, and a policy type without one as no policy.
    ///
    /// # Errors
    ///
    /// If the session has no policy.
    pub fn session(&mut self, session: &Session<'_>) -> Result<&[u8], OrderError> {
        let domain: &str = session.report_domain.as_ref();
        self.begin(domain.as_bytes(), session.record.as_str().as_bytes());
        for outcome in &session.policies {
            let policy = &outcome.policy;
            let code = PolicyCode::of(&policy.policy_type).unwrap_or(PolicyCode::NO_POLICY_FOUND);
            let domain = Some(policy.domain.as_bytes()).filter(|domain| !domain.is_empty());
            self.begin_policy(code, domain)?;
            for text in &policy.strings {
                self.add_string(text.as_bytes())?;
            }
            for pattern in &policy.mx_hosts {
                self.add_mx_host(pattern.as_bytes())?;
            }
            for failure in &outcome.failures {
                self.add(failure)?;
            }
            self.end_policy(i32::from(outcome.outcome == Outcome::Failure))?;
        }
        self.end()
    }

    fn add(&mut self, failure: &Failure<'_>) -> Result<(), OrderError> {
        let (mut sending, mut receiving) = (String::new(), String::new());
        if let Some(ip) = &failure.sending_mta_ip {
            ip.write(&mut sending);
        }
        if let Some(ip) = &failure.receiving_ip {
            ip.write(&mut receiving);
        }
        let texts = FailureTexts {
            sending_mta_ip: failure.sending_mta_ip.as_ref().map(|_| sending.as_bytes()),
            receiving_mx_hostname: bytes(failure.receiving_mx_hostname.as_ref()),
            receiving_mx_helo: bytes(failure.receiving_mx_helo.as_ref()),
            receiving_ip: failure.receiving_ip.as_ref().map(|_| receiving.as_bytes()),
            additional_information: bytes(failure.additional_information.as_ref()),
            failure_reason_code: bytes(failure.failure_reason_code.as_ref()),
        };
        self.add_failure(ResultCode::of(&failure.result_type), &texts)
    }

    fn in_request(&self) -> Result<usize, OrderError> {
        match self.place {
            Place::Outside => Err(OrderError::NoRequest),
            Place::Request { policies } => Ok(policies),
            Place::Policy { .. } => Err(OrderError::InsidePolicy),
        }
    }

    fn in_policy(&self) -> Result<usize, OrderError> {
        match self.place {
            Place::Policy { policies } => Ok(policies),
            Place::Outside | Place::Request { .. } => Err(OrderError::NoPolicy),
        }
    }
}

fn bytes<'t>(text: Option<&'t Cow<'_, str>>) -> Option<&'t [u8]> {
    text.map(|text| text.as_bytes())
}

fn element(list: &mut Vec<u8>, text: &[u8]) {
    if !list.is_empty() {
        list.push(b',');
    }
    string(list, text);
}

fn string(out: &mut Vec<u8>, text: &[u8]) {
    out.push(b'"');
    // Most texts are plain: looking at all bytes without stopping early is quickest.
    let plain = |byte: &u8| matches!(byte, 0x20..0x7f) & (*byte != b'"') & (*byte != b'\\');
    if text.iter().fold(true, |all, byte| all & plain(byte)) {
        out.extend_from_slice(text);
    } else {
        for chunk in text.utf8_chunks() {
            escape(out, chunk.valid().as_bytes());
            if !chunk.invalid().is_empty() {
                out.extend_from_slice("\u{fffd}".as_bytes());
            }
        }
    }
    out.push(b'"');
}

/// Existing clients escape DEL, and write what lies above as it is.
fn escape(out: &mut Vec<u8>, mut text: &[u8]) {
    let special = |byte: &u8| matches!(byte, 0..0x20 | b'"' | b'\\' | 0x7f);
    while let Some((plain, (&byte, rest))) = text
        .iter()
        .position(special)
        .and_then(|at| text.split_at_checked(at))
        .and_then(|(plain, rest)| Some((plain, rest.split_first()?)))
    {
        out.extend_from_slice(plain);
        let short = match byte {
            0x08 => b'b',
            b'\t' => b't',
            b'\n' => b'n',
            0x0c => b'f',
            b'\r' => b'r',
            b'"' | b'\\' => byte,
            _ => {
                out.extend_from_slice(b"\\u00");
                out.extend([byte >> 4, byte & 0xf].map(hex));
                text = rest;
                continue;
            }
        };
        out.extend_from_slice(&[b'\\', short]);
        text = rest;
    }
    out.extend_from_slice(text);
}

fn hex(digit: u8) -> u8 {
    if digit < 10 { b'0' + digit } else { b'a' + digit - 10 }
}

fn integer(out: &mut Vec<u8>, value: i64) {
    if value < 0 {
        out.push(b'-');
    }
    let mut digits = [0_u8; 20];
    let mut rest = value.unsigned_abs();
    let mut length = 0;
    for place in digits.iter_mut().rev() {
        *place = b'0' + (rest % 10) as u8;
        rest /= 10;
        length += 1;
        if rest == 0 {
            break;
        }
    }
    out.extend_from_slice(digits.get(digits.len() - length..).unwrap_or_default());
}
