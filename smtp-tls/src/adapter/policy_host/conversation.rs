//! One connection to a policy host, from the first octet of TLS to the last, without I/O.

use ::rustls::ClientConnection;
use mta_sts::{Exchange, ExchangeAction, ExchangeInput, FetchError, PolicyBody, StreamEnd};
use pki_types::ServerName;

use crate::adapter::rustls::octets::{Came, Tls, TlsEnd};
use crate::adapter::rustls::{Check, Connector, PkixJudge, TlsError};

/// TLS, and the exchange inside it.
pub(super) struct Conversation {
    tls: Tls,
    exchange: Exchange,
    stage: Stage,
    out: Vec<u8>,
}

enum Stage {
    Handshake(PkixJudge),
    Exchange,
    Close(Outcome),
    Over,
}

/// What came of a connection.
#[derive(Clone)]
pub(super) enum Outcome {
    /// The policy host was there.
    Result(Result<PolicyBody, FetchError>),
    /// It was not reached by this address.
    NotSecured(FetchError),
}

/// Where a conversation stands.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Phase {
    Handshake,
    Exchange,
    /// What it came to is known; TLS is told.
    Close,
}

impl Conversation {
    /// Begins the handshake: `host` is sent as SNI, and the certificate must name it.
    pub(super) fn open(
        connector: &Connector,
        host: &str,
        exchange: Exchange,
    ) -> Result<Self, TlsError> {
        let name = ServerName::try_from(host.to_owned()).map_err(|_| TlsError::Local)?;
        let (connection, judge): (ClientConnection, _) = connector.open_pkix(name, Check::Pkix)?;
        let (tls, stage) = (Tls::new(connection), Stage::Handshake(judge));
        let mut opened = Self { tls, exchange, stage, out: Vec::new() };
        opened.tls.collect(&mut opened.out);
        Ok(opened)
    }

    pub(super) fn to_send(&self) -> &[u8] {
        &self.out
    }

    pub(super) const fn phase(&self) -> Phase {
        match self.stage {
            Stage::Handshake(_) => Phase::Handshake,
            Stage::Exchange => Phase::Exchange,
            Stage::Close(_) | Stage::Over => Phase::Close,
        }
    }

    /// What it came to, once, and only when there is nothing left to send.
    pub(super) fn outcome(&mut self) -> Option<Outcome> {
        if !self.out.is_empty() || self.phase() != Phase::Close {
            return None;
        }
        match core::mem::replace(&mut self.stage, Stage::Over) {
            Stage::Close(outcome) => Some(outcome),
            _ => None,
        }
    }

    pub(super) fn sent(&mut self) {
        self.out.clear();
    }

    /// The connection ended without a close of TLS, or the time is up.
    pub(super) fn end(&mut self) {
        self.out.clear();
        match self.stage {
            Stage::Handshake(_) => self.not_secured(&TlsError::Misbehaved),
            Stage::Exchange => self.ended(StreamEnd::Cut),
            Stage::Close(_) | Stage::Over => {}
        }
        // Nobody is there to hear a close.
        self.out.clear();
    }

    pub(super) fn receive(&mut self, octets: &[u8]) {
        let came = self.tls.read(octets);
        if let Stage::Handshake(judge) = &self.stage {
            match handshake(&self.tls, judge, &came) {
                Ok(Shake::Goes) => {}
                Ok(Shake::Done) => self.ask(),
                Err(error) => self.not_secured(&error),
            }
        }
        self.tls.collect(&mut self.out);
        if let Stage::Exchange = self.stage {
            self.hear(&came);
        }
    }

    /// The request goes out in pieces that rustls has room for.
    fn ask(&mut self) {
        self.stage = Stage::Exchange;
        while let ExchangeAction::Send(request) = self.exchange.action() {
            let piece = request.get(..PIECE).unwrap_or(request);
            self.tls.write(piece);
            let count = piece.len();
            self.exchange.handle(ExchangeInput::Sent(count));
            self.tls.collect(&mut self.out);
        }
    }

    fn hear(&mut self, came: &Came) {
        if !came.plain.is_empty() {
            self.exchange.handle(ExchangeInput::Received(&came.plain));
        }
        match &came.end {
            Some(TlsEnd::Closed) => self.ended(StreamEnd::Clean),
            Some(TlsEnd::Broken(_)) => self.ended(StreamEnd::Cut),
            None => self.close_if_done(),
        }
    }

    fn ended(&mut self, end: StreamEnd) {
        self.exchange.handle(ExchangeInput::Ended(end));
        self.close_if_done();
    }

    fn close_if_done(&mut self) {
        if let ExchangeAction::Done(result) = self.exchange.action() {
            self.stage = Stage::Close(Outcome::Result(result.cloned()));
            self.tls.close();
            self.tls.collect(&mut self.out);
        }
    }

    /// An alert may be left to send.
    fn not_secured(&mut self, error: &TlsError) {
        self.stage = Stage::Close(Outcome::NotSecured(match error {
            TlsError::Certificate(fault) => FetchError::Certificate(*fault),
            _ => FetchError::ConnectionFailed,
        }));
    }
}

enum Shake {
    Goes,
    Done,
}

fn handshake(tls: &Tls, judge: &PkixJudge, came: &Came) -> Result<Shake, TlsError> {
    match &came.end {
        Some(TlsEnd::Broken(error)) if tls.is_handshaking() => Err(TlsError::from(error)),
        Some(TlsEnd::Closed) if tls.is_handshaking() => Err(TlsError::Misbehaved),
        None if tls.is_handshaking() => Ok(Shake::Goes),
        _ => judge.session(tls.connection()).map(|_| Shake::Done),
    }
}

/// Octets of a request that are handed to TLS at once.
const PIECE: usize = 8_192;
