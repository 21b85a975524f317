//! The policy exchange: one GET over a TLS connection that somebody else has opened.

mod body;
mod head;

use alloc::string::String;
use alloc::vec::Vec;
use core::time::Duration;

use body::{Body, Progress};
use head::Head;

use crate::failure::FetchError;
use crate::name::PolicyDomain;
use crate::policy::limits::BODY;

/// The body of a policy response that obeyed section 3.3: status 200, `text/plain`, whole, within
/// 65 536 bytes. Whether it is a policy is another question.
///
/// It comes from an [`Exchange`], or from [`PolicyBody::from_response`] where the caller has an HTTP
/// client of its own. Whoever makes one says by that that the certificate of the policy host was
/// accepted.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct PolicyBody(Vec<u8>);

impl PolicyBody {
    /// Takes the response of another HTTP client.
    ///
    /// That client must have verified the certificate of `mta-sts.<domain>`, followed no redirect,
    /// used no cache, asked for no content coding, and read the response to its end. `media_types` are
    /// the values of all its `Content-Type` fields, `content_codings` those of all its
    /// `Content-Encoding` fields.
    ///
    /// # Errors
    ///
    /// [`FetchError::Redirect`] or [`FetchError::Status`] unless the status is 200,
    /// [`FetchError::MediaType`], [`FetchError::ContentEncoding`], and [`FetchError::BodyTooLarge`].
    pub fn from_response<'a>(
        status: u16,
        media_types: impl IntoIterator<Item = &'a [u8]>,
        content_codings: impl IntoIterator<Item = &'a [u8]>,
        body: Vec<u8>,
    ) -> Result<Self, FetchError> {
        head::check_status(status)?;
        head::check_media_type(media_types)?;
        head::check_content_codings(content_codings)?;
        if body.len() > BODY {
            return Err(FetchError::BodyTooLarge);
        }
        Ok(Self(body))
    }

    /// The bytes of the body.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

/// What an [`Exchange`] wants.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum ExchangeAction<'a> {
    /// Write these bytes inside TLS.
    Send(&'a [u8]),
    /// Read, and hand over what was read.
    Receive,
    /// Nothing: this is the result. Close the connection.
    Done(Result<&'a PolicyBody, FetchError>),
}

/// What happens to an [`Exchange`].
#[non_exhaustive]
#[derive(Clone, Copy, Debug)]
pub enum ExchangeInput<'a> {
    /// So many of the bytes to send were written.
    Sent(usize),
    /// These bytes were read.
    Received(&'a [u8]),
    /// The stream ended.
    Ended(StreamEnd),
    /// The connection could not be made, was refused or broke.
    Failed(FetchError),
    /// [`Exchange::wait_limit`] has passed.
    TimedOut,
}

/// How a TLS stream ended.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum StreamEnd {
    /// With a close_notify alert: the peer meant it.
    Clean,
    /// Without one: anybody may have cut it.
    Cut,
}

/// Fetches a policy: request bytes out, response bytes in, the body or a failure at the end.
///
/// The caller resolves `mta-sts.<domain>`, connects to port 443 and no other, opens TLS 1.2 or higher
/// with that name as SNI and `http/1.1` alone as ALPN, and verifies the certificate for that name, all
/// within [`Exchange::wait_limit`] together with the exchange. The machine does the rest of
/// [RFC 8461 section 3.3](https://www.rfc-editor.org/rfc/rfc8461#section-3.3): it follows no redirect,
/// takes no status but 200 and no media type but `text/plain`, and reads at most 65 536 bytes of body.
/// It reads no clock, so its input has no time. Any split of the input gives the same result.
///
/// ```
/// use mta_sts::{Exchange, ExchangeAction, ExchangeInput, UserAgent};
///
/// let mut exchange = Exchange::new(&"example.org".parse()?, UserAgent::NotSent);
/// let ExchangeAction::Send(request) = exchange.action() else { unreachable!() };
/// assert!(request.starts_with(b"GET /.well-known/mta-sts.txt HTTP/1.1\r\nHost: mta-sts.example.org\r\n"));
/// exchange.handle(ExchangeInput::Sent(request.len()));
/// exchange.handle(ExchangeInput::Received(
///     b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 5\r\n\r\nhello",
/// ));
/// let ExchangeAction::Done(Ok(body)) = exchange.action() else { unreachable!() };
/// assert_eq!(body.as_bytes(), b"hello");
/// # Ok::<(), mta_sts::NameError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Exchange {
    state: State,
    /// Bytes of the response so far.
    received: usize,
}

#[derive(Clone, Debug)]
enum State {
    Sending { request: String, sent: usize },
    Head(Head),
    Body(Body),
    Done(Result<PolicyBody, FetchError>),
}

/// The `User-Agent` field of the request.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum UserAgent<'a> {
    /// There is none.
    #[default]
    NotSent,
    /// This one. Bytes that cannot stand in a field value are left out.
    Is(&'a str),
}

impl Exchange {
    /// An exchange with the policy host of this domain.
    ///
    /// If that host can have no name ([`PolicyDomain::policy_host`]), it has failed already.
    #[must_use]
    pub fn new(domain: &PolicyDomain, user_agent: UserAgent<'_>) -> Self {
        let state = match domain.policy_host() {
            Some(host) => State::Sending { request: request(host, user_agent), sent: 0 },
            None => State::Done(Err(FetchError::ConnectionFailed)),
        };
        Self { state, received: 0 }
    }

    /// What is wanted now.
    #[must_use]
    pub fn action(&self) -> ExchangeAction<'_> {
        match &self.state {
            State::Sending { request, sent } => {
                ExchangeAction::Send(request.as_bytes().get(*sent..).unwrap_or_default())
            }
            State::Head(_) | State::Body(_) => ExchangeAction::Receive,
            State::Done(Ok(body)) => ExchangeAction::Done(Ok(body)),
            State::Done(Err(error)) => ExchangeAction::Done(Err(*error)),
        }
    }

    /// How long the whole fetch may take, from the first look-up of the host's address to the last
    /// byte: a minute (section 3.3). After that the caller feeds [`ExchangeInput::TimedOut`].
    #[must_use]
    pub const fn wait_limit(&self) -> Duration {
        FETCH
    }

    /// Takes what happened. After the result is there, everything is ignored.
    pub fn handle(&mut self, input: ExchangeInput<'_>) {
        if let State::Done(_) = self.state {
            return;
        }
        match input {
            ExchangeInput::Sent(count) => self.sent(count),
            ExchangeInput::Received(bytes) => self.receive(bytes),
            ExchangeInput::Ended(end) => self.end(end),
            ExchangeInput::Failed(error) => self.state = State::Done(Err(error)),
            ExchangeInput::TimedOut => self.state = State::Done(Err(FetchError::TimedOut)),
        }
    }

    /// The result, if it is there.
    #[must_use]
    pub fn into_result(self) -> Option<Result<PolicyBody, FetchError>> {
        match self.state {
            State::Done(result) => Some(result),
            State::Sending { .. } | State::Head(_) | State::Body(_) => None,
        }
    }

    fn sent(&mut self, count: usize) {
        if let State::Sending { request, sent } = &mut self.state {
            *sent = sent.saturating_add(count);
            if *sent >= request.len() {
                self.state = State::Head(Head::new());
            }
        }
    }

    /// A server may answer before it has read the whole request, and then close.
    fn receive(&mut self, mut bytes: &[u8]) {
        if bytes.is_empty() {
            return;
        }
        if let State::Sending { .. } = self.state {
            self.state = State::Head(Head::new());
        }
        let room = limits::STREAM - self.received;
        let more = bytes.len() > room;
        bytes = bytes.get(..room).unwrap_or(bytes);
        self.received += bytes.len();
        while !bytes.is_empty() {
            let next = match &mut self.state {
                State::Head(head) => head.receive(&mut bytes).map(|framing| framing.map(begin)),
                State::Body(body) => body.receive(&mut bytes).map(|progress| match progress {
                    Progress::More => None,
                    Progress::Whole => Some(State::Done(Ok(PolicyBody(body.take())))),
                }),
                State::Sending { .. } | State::Done(_) => return,
            };
            match next {
                Ok(None) => {}
                Ok(Some(state)) => self.state = state,
                Err(error) => self.state = State::Done(Err(error)),
            }
        }
        if more && !matches!(self.state, State::Done(_)) {
            self.state = State::Done(Err(FetchError::BodyTooLarge));
        }
    }

    fn end(&mut self, end: StreamEnd) {
        let result = match &mut self.state {
            State::Sending { .. } => Err(FetchError::Truncated),
            State::Head(head) => Err(head.end()),
            State::Body(body) => body.end(end).map(PolicyBody),
            State::Done(_) => return,
        };
        self.state = State::Done(result);
    }
}

/// A body that is empty from the start is whole at once.
fn begin(framing: head::Framing) -> State {
    match framing {
        head::Framing::Length(0) => State::Done(Ok(PolicyBody(Vec::new()))),
        framing => State::Body(Body::new(framing)),
    }
}

fn request(host: &str, user_agent: UserAgent<'_>) -> String {
    let mut request = String::with_capacity(256);
    request.push_str("GET /.well-known/mta-sts.txt HTTP/1.1\r\nHost: ");
    request.push_str(host);
    request
        .push_str("\r\nAccept: text/plain\r\nAccept-Encoding: identity\r\nConnection: close\r\n");
    if let UserAgent::Is(product) = user_agent {
        request.push_str("User-Agent: ");
        request.extend(product.chars().filter(|c| matches!(c, ' '..='~')));
        request.push_str("\r\n");
    }
    request.push_str("\r\n");
    request
}

/// Section 3.3: one minute for the whole GET.
pub(crate) const FETCH: Duration = Duration::from_secs(60);

/// Limits on a response, beside that of the body.
pub(crate) mod limits {
    /// Bytes of the head with all interim ones. Usual servers allow half of it.
    pub(crate) const HEAD: usize = 16_384;

    /// Fields of the head with all interim ones.
    pub(crate) const FIELDS: usize = 64;

    /// Interim responses before the final one.
    pub(crate) const INTERIM: usize = 4;

    /// Bytes of a chunk-size line without its end: 16 digits, and room for an extension.
    pub(crate) const CHUNK_LINE: usize = 256;

    /// Bytes of the trailers with their end.
    pub(crate) const TRAILERS: usize = 4_096;

    /// Bytes of the whole response: room for a body of the largest size in chunks of one byte.
    pub(crate) const STREAM: usize = 524_288;
}

#[cfg(test)]
mod tests;
