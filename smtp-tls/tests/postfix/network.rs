//! The signed zones, the resolver and the mail servers of all cases.

use core::fmt::Write as _;
use core::net::{Ipv4Addr, SocketAddr};
use std::net::TcpListener;
use std::sync::Arc;

use conformance::lab::pki::{Credential, Dates, Matching, Pki, Selector, Signed};
use conformance::lab::smtp::{Ledger, SmtpServer};
use pki_types::UnixTime;
use rustls::sign::CertifiedKey;

use super::cases::{Case, Certificate, Owner};
use super::signed_dns::resolver::Resolver;
use super::signed_dns::zones::{P256, Signing, Zone, zone};
use super::{End, Ended, Level};

pub struct Network {
    resolver: Resolver,
    _servers: Vec<SmtpServer>,
}

impl Network {
    pub fn start(cases: &[Case]) -> Self {
        let pki = Pki::new(UnixTime::now()).unwrap();
        let stranger = pki.issue(&["stranger.test"], Signed::BySelf, Dates::Current).unwrap();
        let mut servers = Vec::new();
        let mut texts = Vec::new();
        for (number, case) in cases.iter().enumerate() {
            let credential = issue(&pki, case);
            let key = key(&credential, &case.certificate, &stranger);
            let render = |records: &str| render(records, &credential, number);
            texts.push(case.zones.iter().map(|zone| render(zone.records)).collect::<Vec<_>>());
            for address in [first(number), second(number)] {
                let listener = TcpListener::bind((address, 25)).unwrap();
                let (key, ledger) = (Arc::clone(&key), Ledger::default());
                let server = SmtpServer::start(listener, "mx.test", case.server, key, ledger);
                servers.push(server.unwrap());
            }
        }
        let mut zones = Vec::new();
        let mut delegations = String::from("ns A 127.0.0.1\n");
        for (case, texts) in cases.iter().zip(&texts) {
            for (own, records) in case.zones.iter().zip(texts) {
                let label = own.name.strip_suffix(".test").unwrap();
                writeln!(delegations, "{label} NS ns.world.").unwrap();
                zones.push(Zone { records, ..*own });
            }
        }
        let signed = Signing::With(P256, &[]);
        let root = "test. NS ns.world.\nworld. NS ns.world.\nns.world. A 127.0.0.1\n";
        zones.push(zone("test", signed, &delegations));
        zones.push(zone(".", signed, root));
        let resolver = Resolver::start(&zones, SocketAddr::from(([127, 0, 0, 1], 53)));
        Self { resolver, _servers: servers }
    }

    pub fn resolver(&self) -> SocketAddr {
        self.resolver.address
    }

    pub fn anchor(&self) -> &str {
        &self.resolver.anchor
    }

    pub fn expected(&self, number: usize, case: &Case, level: Level) -> Ended {
        if level == Level::Mandatory && case.mandatory_at_second {
            return Ended { end: End::Authenticated, at: Some(second(number)) };
        }
        let ended = self.ended(number, case.end.under(level));
        match ended.at {
            Some(_) if case.at_second => Ended { at: Some(second(number)), ..ended },
            _ => ended,
        }
    }

    /// This end, at the first server where the message was delivered.
    pub fn ended(&self, number: usize, end: End) -> Ended {
        let at = match end {
            End::Deferred | End::Refused => None,
            _ => Some(first(number)),
        };
        Ended { end, at }
    }
}

fn first(number: usize) -> Ipv4Addr {
    Ipv4Addr::new(127, 0, 25, u8::try_from(number + 1).unwrap())
}

fn second(number: usize) -> Ipv4Addr {
    Ipv4Addr::new(127, 0, 26, u8::try_from(number + 1).unwrap())
}

fn issue(pki: &Pki, case: &Case) -> Credential {
    let apex = case.zones[0].name;
    let names: Vec<String> =
        case.certificate.names.iter().map(|name| name.replace('%', apex)).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    pki.issue(&names, case.certificate.signed, case.certificate.dates).unwrap()
}

fn key(
    credential: &Credential,
    certificate: &Certificate,
    stranger: &Credential,
) -> Arc<CertifiedKey> {
    let key = match certificate.key {
        Owner::Server => credential.certified_key(),
        Owner::Stranger => credential.with_key_of(stranger),
    };
    let key = key.unwrap();
    let sent = key.cert.iter().take(certificate.sent).cloned().collect();
    Arc::new(CertifiedKey::new(sent, Arc::clone(&key.key)))
}

/// Puts addresses and TLSA data into records: `{first}`, `{second}`, `{nobody}`; `<3 1 1>` for the server's
/// certificate, `<2 1 1 @2>` for the one at depth 2 of its chain, and with `wrong` or `short` at the
/// end for data that is so.
fn render(records: &str, credential: &Credential, number: usize) -> String {
    let records = records
        .replace("{first}", &first(number).to_string())
        .replace("{second}", &second(number).to_string())
        .replace("{nobody}", "127.0.27.1");
    let mut text = String::new();
    let mut rest = records.as_str();
    while let Some((before, (tlsa, after))) =
        rest.split_once('<').and_then(|(a, b)| Some((a, b.split_once('>')?)))
    {
        text.push_str(before);
        text.push_str(&tlsa_text(tlsa, credential));
        rest = after;
    }
    text + rest
}

fn tlsa_text(what: &str, credential: &Credential) -> String {
    let words: Vec<&str> = what.split(' ').collect();
    let number = |word: &str| word.parse::<u8>().unwrap();
    let selector = match words[1] {
        "0" => Selector::Certificate,
        _ => Selector::PublicKey,
    };
    let matching = match words[2] {
        "0" => Matching::Full,
        "1" => Matching::Sha256,
        _ => Matching::Sha512,
    };
    let depth = words.iter().find_map(|word| word.strip_prefix('@')).map_or(0, number);
    let mut octets = credential.tlsa(number(words[0]), selector, matching, depth.into()).unwrap();
    if words.contains(&"wrong") {
        *octets.last_mut().unwrap() ^= 1;
    }
    if words.contains(&"short") {
        octets.pop();
    }
    let mut text = format!("TLSA {} {} {} ", octets[0], octets[1], octets[2]);
    for octet in &octets[3..] {
        write!(text, "{octet:02x}").unwrap();
    }
    text
}
