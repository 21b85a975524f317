//! The one request that a policy host answers.

use httparse::{EMPTY_HEADER, Error, Request, Status};
use mta_sts::UnixTime;
use mta_sts::publish::{POLICY_MEDIA_TYPE, POLICY_PATH};

use crate::date::http_date;

/// Bytes in a request's head at most. Ours: a sender's has some 200.
pub(crate) const HEAD_BYTES: usize = 8_192;

/// Fields in a request's head at most. Ours.
const FIELDS: usize = 64;

/// What is answered.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Answer {
    /// The policy.
    Policy(Body),
    /// An error with this status; never a redirect.
    Error(u16),
}

/// Whether the body is sent.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Body {
    Sent,
    /// The request was HEAD.
    Left,
}

/// Reads the head of a request that came for this host; nothing while it is incomplete.
pub(crate) fn answer(head: &[u8], host: &str) -> Option<Answer> {
    let mut fields = [EMPTY_HEADER; FIELDS];
    let mut request = Request::new(&mut fields);
    match request.parse(head) {
        Ok(Status::Complete(_)) => Some(to(&request, host)),
        Ok(Status::Partial) if head.len() >= HEAD_BYTES => Some(Answer::Error(431)),
        Ok(Status::Partial) => None,
        Err(Error::TooManyHeaders) => Some(Answer::Error(431)),
        Err(_) => Some(Answer::Error(400)),
    }
}

fn to(request: &Request<'_, '_>, host: &str) -> Answer {
    let is_host = |name: &&httparse::Header<'_>| name.name.eq_ignore_ascii_case("Host");
    let mut hosts = request.headers.iter().filter(is_host);
    let (one, other) = (hosts.next(), hosts.next());
    // RFC 9112 section 3.2: exactly one in HTTP/1.1.
    let asked = match (one, other, request.version) {
        (Some(field), None, _) => field.value,
        (None, None, Some(0)) => host.as_bytes(),
        _ => return Answer::Error(400),
    };
    if !is_same_host(asked, host) {
        return Answer::Error(421);
    }
    let path = request.path.unwrap_or_default();
    if path != POLICY_PATH && !is_absolute_form(path, host) {
        return Answer::Error(404);
    }
    match request.method {
        Some("GET") => Answer::Policy(Body::Sent),
        Some("HEAD") => Answer::Policy(Body::Left),
        _ => Answer::Error(405),
    }
}

/// RFC 9112 section 3.2.2: a server accepts it.
fn is_absolute_form(path: &str, host: &str) -> bool {
    let Some(rest) = path.strip_prefix("https://") else { return false };
    let authority = rest.strip_suffix(POLICY_PATH);
    authority.is_some_and(|authority| is_same_host(authority.as_bytes(), host))
}

/// Whether it is this name, with a port or without.
fn is_same_host(asked: &[u8], host: &str) -> bool {
    let Some((name, port)) = asked.split_at_checked(host.len()) else { return false };
    let port_fits = match port.split_first() {
        None => true,
        Some((b':', digits)) => digits.iter().all(u8::is_ascii_digit),
        Some(_) => false,
    };
    port_fits && name.eq_ignore_ascii_case(host.as_bytes())
}

/// The bytes of a response. Without a policy, what would be it is a 404.
pub(crate) fn response(answer: Answer, policy: Option<&str>, now: UnixTime) -> Vec<u8> {
    let (status, sent) = match (answer, policy) {
        (Answer::Policy(sent), Some(_)) => (200, sent),
        (Answer::Policy(sent), None) => (404, sent),
        (Answer::Error(status), _) => (status, Body::Sent),
    };
    let body = if status == 200 { policy.unwrap_or_default() } else { "" };
    let more = match status {
        // RFC 8461 section 8.2 leaves it to the host: proxies keep it for a minute at most.
        200 => format!("Content-Type: {POLICY_MEDIA_TYPE}\r\nCache-Control: max-age=60\r\n"),
        405 => "Allow: GET, HEAD\r\n".to_owned(),
        _ => String::new(),
    };
    let head = format!(
        "HTTP/1.1 {status} {}\r\nDate: {}\r\n{more}Content-Length: {}\r\nConnection: close\r\n\r\n",
        reason(status),
        http_date(now),
        body.len()
    );
    let body = if sent == Body::Sent { body } else { "" };
    [head, body.to_owned()].concat().into_bytes()
}

const fn reason(status: u16) -> &'static str {
    match status {
        200 => "OK",
        404 => "Not Found",
        405 => "Method Not Allowed",
        408 => "Request Timeout",
        421 => "Misdirected Request",
        431 => "Request Header Fields Too Large",
        _ => "Bad Request",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOST: &str = "mta-sts.example.org";

    fn asked(request: &str) -> Option<Answer> {
        answer(request.replace('\n', "\r\n").as_bytes(), HOST)
    }

    // checks: mta-sts/H02
    #[test]
    fn h02_one_path_is_answered() {
        let path = "/.well-known/mta-sts.txt";
        for host in [HOST, "MTA-STS.example.ORG", "mta-sts.example.org:443"] {
            let request = format!("GET {path} HTTP/1.1\nhost: {host}\n\n");
            assert_eq!(asked(&request), Some(Answer::Policy(Body::Sent)), "{host}");
        }
        let absolute = format!("HEAD https://{HOST}{path} HTTP/1.1\nHost: {HOST}\n\n");
        assert_eq!(asked(&absolute), Some(Answer::Policy(Body::Left)));
        assert_eq!(asked(&format!("GET {path} HTTP/1.0\n\n")), Some(Answer::Policy(Body::Sent)));
    }

    #[test]
    fn everything_else_is_an_error() {
        let with = |method: &str, path: &str, fields: &str| {
            asked(&format!("{method} {path} HTTP/1.1\n{fields}\n"))
        };
        let own = format!("Host: {HOST}\n");
        for path in ["/", "/.well-known/mta-sts.txt?x", "/.well-known/MTA-STS.txt", "*"] {
            assert_eq!(with("GET", path, &own), Some(Answer::Error(404)), "{path}");
        }
        let path = "/.well-known/mta-sts.txt";
        assert_eq!(with("POST", path, &own), Some(Answer::Error(405)));
        for other in ["example.org", "mta-sts.example.org:x", "mta-sts.example.org.", ""] {
            let fields = format!("Host: {other}\n");
            assert_eq!(with("GET", path, &fields), Some(Answer::Error(421)), "{other}");
        }
        assert_eq!(with("GET", path, ""), Some(Answer::Error(400)));
        assert_eq!(with("GET", path, &own.repeat(2)), Some(Answer::Error(400)));
        assert_eq!(with("GET", path, &"x: y\n".repeat(65)), Some(Answer::Error(431)));
        assert_eq!(asked("GET\n\n"), Some(Answer::Error(400)));
        assert_eq!(answer(&[0x16, 3, 1], HOST), Some(Answer::Error(400)));
    }

    #[test]
    fn a_head_has_at_most_8192_bytes() {
        let mut head = format!("GET /.well-known/mta-sts.txt HTTP/1.1\r\nHost: {HOST}\r\nx: ");
        head.push_str(&"a".repeat(HEAD_BYTES - 1 - head.len()));
        assert_eq!(answer(head.as_bytes(), HOST), None);
        head.push('a');
        assert_eq!(answer(head.as_bytes(), HOST), Some(Answer::Error(431)));
    }

    #[test]
    fn responses_are_complete() {
        let now = UnixTime::since_unix_epoch(core::time::Duration::ZERO);
        let text = |answer, policy| String::from_utf8(response(answer, policy, now)).unwrap();
        assert_eq!(
            text(Answer::Policy(Body::Sent), Some("body")),
            "HTTP/1.1 200 OK\r\nDate: Thu, 01 Jan 1970 00:00:00 GMT\r\nContent-Type: text/plain; \
             charset=utf-8\r\nCache-Control: max-age=60\r\nContent-Length: 4\r\nConnection: \
             close\r\n\r\nbody"
        );
        assert!(
            text(Answer::Policy(Body::Left), Some("body"))
                .ends_with("4\r\nConnection: close\r\n\r\n")
        );
        assert!(text(Answer::Policy(Body::Sent), None).starts_with("HTTP/1.1 404 "));
        assert!(text(Answer::Error(405), Some("body")).contains("\r\nAllow: GET, HEAD\r\n"));
        for status in [400, 404, 408, 421, 431] {
            let text = text(Answer::Error(status), Some("body"));
            assert!(text.contains("\r\nContent-Length: 0\r\n") && text.ends_with("\r\n\r\n"));
        }
    }
}
