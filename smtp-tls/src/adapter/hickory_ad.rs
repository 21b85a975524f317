//! Questions to a resolver whose AD bit is believed, and what its replies say.

use core::net::SocketAddr;

use hickory_proto::op::{Edns, Message, MessageType, OpCode, Query, ResponseCode};
use hickory_proto::rr::rdata::opt::{EdnsCode, EdnsOption};

use super::hickory_records;
use crate::resolve::{
    Answer, ExtendedError, Judged, LookUpError, Question, Response, Security, follow, limits,
};

/// The address of a validating resolver whose AD bit may be believed.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct TrustedPath(SocketAddr);

impl TrustedPath {
    /// A resolver on this host, which must validate: `127.0.0.0/8` or `::1`.
    ///
    /// # Errors
    ///
    /// [`NotLoopback`] for every other address.
    pub fn loopback(resolver: SocketAddr) -> Result<Self, NotLoopback> {
        if resolver.ip().to_canonical().is_loopback() {
            Ok(Self(resolver))
        } else {
            Err(NotLoopback(resolver))
        }
    }

    /// A resolver elsewhere. The caller vouches that it validates and that nobody can forge its
    /// replies on the way, as in a tunnel that authenticates both ends.
    ///
    /// Whoever can forge them decides which destinations are secured at all.
    #[must_use]
    pub fn danger_declare_trusted(resolver: SocketAddr) -> Self {
        Self(resolver)
    }

    /// The resolver's address.
    #[must_use]
    pub fn address(self) -> SocketAddr {
        self.0
    }
}

/// The resolver is not on this host, so that its AD bit means nothing.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("resolver {0} is not on this host, expected a loopback address")]
pub struct NotLoopback(pub SocketAddr);

/// The message that asks a question, with a random identifier.
pub(super) fn request(question: &Question) -> Result<Message, LookUpError> {
    let mut message = Message::query();
    message.metadata.recursion_desired = true;
    message.metadata.authentic_data = true;
    let mut edns = Edns::new();
    edns.set_max_payload(limits::UDP_PAYLOAD);
    message.set_edns(edns);
    message.add_query(hickory_records::query(question)?);
    Ok(message)
}

/// What a reply answers.
pub(super) fn answer(question: &Question, reply: &Message) -> Result<Answer, LookUpError> {
    let metadata = &reply.metadata;
    let nx_domain = match metadata.response_code {
        ResponseCode::NoError => false,
        ResponseCode::NXDomain => true,
        ResponseCode::ServFail => return Err(LookUpError::serv_fail(extended_error(reply))),
        other => return Err(LookUpError::ResponseCode(other.into())),
    };
    let security = match metadata.authentic_data {
        true => Security::Secure,
        false => Security::Insecure,
    };
    let denial = hickory_records::denial(nx_domain, &reply.answers, &reply.authorities)?;
    let found = hickory_records::found(&reply.answers, |_| security)?;
    let judged = Judged::AsAWhole;
    follow(question, Response { found, denial, denial_security: security, judged })
}

/// Whether a message is a reply to this question. The identifiers are compared elsewhere.
pub(super) fn is_reply_to(question: &[Query], reply: &Message) -> bool {
    reply.metadata.message_type == MessageType::Response
        && reply.metadata.op_code == OpCode::Query
        && reply.queries == question
}

/// The first extended error, but one of DNSSEC before others.
pub(super) fn extended_error(reply: &Message) -> Option<ExtendedError> {
    let options = reply.edns.as_ref()?.options().get_all(EdnsCode::Unknown(EXTENDED_ERROR));
    let codes = options.into_iter().filter_map(|option| match option {
        EdnsOption::Unknown(_, data) => data.first_chunk().map(|code| u16::from_be_bytes(*code)),
        _ => None,
    });
    let codes: Vec<_> = codes.map(ExtendedError).collect();
    let of_dnssec = |code: &&ExtendedError| LookUpError::serv_fail(Some(**code)).is_dnssec();
    codes.iter().find(of_dnssec).or(codes.first()).copied()
}

/// The EDNS option of RFC 8914 section 2.
const EXTENDED_ERROR: u16 = 15;

#[cfg(test)]
mod tests {
    use super::*;

    fn with_errors(codes: &[u16]) -> Message {
        let mut edns = Edns::new();
        let options = &mut edns.options_mut().options;
        for code in codes {
            let data = [&code.to_be_bytes()[..], b"why"].concat();
            let option = EdnsOption::Unknown(EXTENDED_ERROR, data);
            options.push((EdnsCode::Unknown(EXTENDED_ERROR), option));
        }
        let mut message = Message::response(1, OpCode::Query);
        message.set_edns(edns);
        message
    }

    #[test]
    fn rfc8914_a_reason_of_dnssec_comes_before_others() {
        assert_eq!(extended_error(&with_errors(&[])), None);
        assert_eq!(extended_error(&with_errors(&[22, 23])), Some(ExtendedError(22)));
        assert_eq!(extended_error(&with_errors(&[22, 7, 6])), Some(ExtendedError(7)));
    }

    #[test]
    fn a_short_extended_error_is_none() {
        let mut message = with_errors(&[]);
        let edns = message.edns.as_mut().unwrap();
        let option = EdnsOption::Unknown(EXTENDED_ERROR, vec![6]);
        edns.options_mut().options.push((EdnsCode::Unknown(EXTENDED_ERROR), option));
        assert_eq!(extended_error(&message), None);
    }
}
