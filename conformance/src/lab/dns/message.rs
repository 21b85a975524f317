//! From the bytes of a question to the bytes of an answer.

use hickory_proto::op::{Edns, Message, MessageType, OpCode, Query, ResponseCode};
use hickory_proto::rr::rdata::opt::EdnsOption;
use hickory_proto::rr::{DNSClass, Record, RecordType};

use super::answer::{Answer, Security};
use super::deny::NXNAME;
use super::{Fault, Zones};

/// As whom the zones answer.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Face {
    /// Everything as it is, broken or not, without a verdict: for who validates by himself.
    Plain,
    /// As a validating resolver: AD for secure answers, SERVFAIL for bogus ones
    /// (RFC 4035 sections 3.2.2, 3.2.3 and 5.5), unless CD asks for the answer as it is.
    Validating,
}

/// How a question came, and so how long the answer may be.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Transport {
    /// A datagram: at most what the asker's EDNS record says, without one 512 octets.
    Udp,
    /// A stream: at most 65535 octets.
    Tcp,
}

impl Zones {
    /// Answers the question in `query`; none where the zones do not answer: to a fault that says
    /// so, to what is itself an answer, and to what has no header.
    #[must_use]
    pub fn respond(&self, query: &[u8], transport: Transport, face: Face) -> Option<Vec<u8>> {
        let request = match Message::from_vec(query) {
            Ok(request) if request.metadata.message_type == MessageType::Query => request,
            Ok(_) => return None,
            Err(_) => return malformed(query),
        };
        let mut response = Message::response(request.metadata.id, request.metadata.op_code);
        response.metadata.recursion_desired = request.metadata.recursion_desired;
        response.metadata.recursion_available = true;
        response.metadata.checking_disabled = request.metadata.checking_disabled;
        response.queries.clone_from(&request.queries);
        if let Some(edns) = &request.edns {
            let mut ours = Edns::new();
            ours.set_max_payload(MAX_UDP).set_dnssec_ok(edns.flags().dnssec_ok).set_version(0);
            response.set_edns(ours);
        }
        match refusal(&request) {
            Some(code) => response.metadata.response_code = code,
            None => self.fill(&mut response, &request, face)?,
        }
        encode(&response, transport, request.max_payload())
    }

    /// Puts the answer into the response; none where it is withheld.
    fn fill(&self, response: &mut Message, request: &Message, face: Face) -> Option<()> {
        let question = request.queries.first()?;
        let kind = question.query_type();
        let answer = match self.answer(question.name(), kind) {
            Ok(answer) => answer?,
            Err(_) => Answer::failure(),
        };
        let flags = request.edns.as_ref().map(|edns| *edns.flags()).unwrap_or_default();
        let meta = &mut response.metadata;
        meta.response_code = answer.code;
        // RFC 9824 sections 3.1 and 5.1: only who asks for proofs gets the code that goes with them.
        let takes_nxdomain = !flags.dnssec_ok || flags.z & COMPACT_ANSWERS_OK != 0;
        if answer.no_such_name && takes_nxdomain {
            meta.response_code = ResponseCode::NXDomain;
        }
        if face == Face::Validating && !request.metadata.checking_disabled {
            match answer.security {
                Security::Bogus(fault) => {
                    meta.response_code = ResponseCode::ServFail;
                    explain(response, fault);
                    return Some(());
                }
                Security::Secure => {
                    meta.authentic_data = flags.dnssec_ok || request.metadata.authentic_data;
                }
                Security::Insecure => {}
            }
        }
        let wanted = |record: &Record| {
            let found = record.record_type();
            flags.dnssec_ok || found == kind || !(found.is_rrsig() || found == RecordType::NSEC)
        };
        response.answers = answer.answers.into_iter().filter(wanted).collect();
        response.authorities = answer.authorities.into_iter().filter(wanted).collect();
        Some(())
    }
}

/// Why a question is not looked at, as a response code.
fn refusal(request: &Message) -> Option<ResponseCode> {
    if request.metadata.op_code != OpCode::Query {
        return Some(ResponseCode::NotImp);
    }
    if request.edns.as_ref().is_some_and(|edns| edns.version() != 0) {
        return Some(ResponseCode::BADVERS);
    }
    let [question] = request.queries.as_slice() else { return Some(ResponseCode::FormErr) };
    refused_question(question)
}

fn refused_question(question: &Query) -> Option<ResponseCode> {
    match question.query_type() {
        // RFC 9824 section 3.5
        RecordType::Unknown(NXNAME) => Some(ResponseCode::FormErr),
        RecordType::ANY | RecordType::AXFR | RecordType::IXFR | RecordType::RRSIG => {
            Some(ResponseCode::NotImp)
        }
        _ if question.query_class() != DNSClass::IN => Some(ResponseCode::Refused),
        _ => None,
    }
}

/// Says in an extended error (RFC 8914) why an answer is bogus.
fn explain(response: &mut Message, fault: Fault) {
    let code: u16 = match fault {
        Fault::Tampered => 6,                    // DNSSEC Bogus
        Fault::ExpiredSignature => 7,            // Signature Expired
        Fault::NoSignature => 10,                // RRSIGs Missing
        Fault::ServFail | Fault::NoAnswer => 22, // No Reachable Authority
    };
    if let Some(edns) = &mut response.edns {
        let data = code.to_be_bytes().to_vec();
        edns.options_mut().insert(EdnsOption::Unknown(EXTENDED_ERROR, data));
    }
}

fn encode(response: &Message, transport: Transport, payload: u16) -> Option<Vec<u8>> {
    let bytes = response.to_vec().ok()?;
    let limit = match transport {
        Transport::Udp => payload.clamp(MIN_UDP, MAX_UDP).into(),
        Transport::Tcp => usize::from(u16::MAX),
    };
    if bytes.len() <= limit {
        return Some(bytes);
    }
    let mut cut = response.clone();
    cut.metadata.truncation = true;
    cut.metadata.authentic_data = false;
    cut.answers.clear();
    cut.authorities.clear();
    cut.to_vec().ok()
}

/// FORMERR to what has a header of a question, but is not a message.
fn malformed(query: &[u8]) -> Option<Vec<u8>> {
    let (header, _) = query.split_first_chunk::<12>()?;
    let [high, low, flags, ..] = *header;
    let is_query = flags & 0x80 == 0;
    let error =
        Message::error_msg(u16::from_be_bytes([high, low]), OpCode::Query, ResponseCode::FormErr);
    is_query.then(|| error.to_vec().ok()).flatten()
}

/// Without EDNS a datagram has at most this many octets (RFC 1035 section 2.3.4).
const MIN_UDP: u16 = 512;
/// More is never sent in a datagram, whatever the asker can take.
const MAX_UDP: u16 = 4096;
/// The flag by which an asker takes NXDOMAIN with a compact denial (RFC 9824 section 5.1).
const COMPACT_ANSWERS_OK: u16 = 0x4000;
const EXTENDED_ERROR: u16 = 15;
