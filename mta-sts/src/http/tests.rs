use std::format;
use std::string::{String, ToString};
use std::vec;
use std::vec::Vec;

use super::*;
use crate::failure::CertificateFault;

const OK: &str = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n";

fn exchange() -> Exchange {
    let mut exchange = Exchange::new(&"example.org".parse().unwrap(), UserAgent::NotSent);
    if let ExchangeAction::Send(request) = exchange.action() {
        let count = request.len();
        exchange.handle(ExchangeInput::Sent(count));
    }
    assert_eq!(exchange.action(), ExchangeAction::Receive);
    exchange
}

/// The result of a response in pieces of this size, or nothing if there is none before its end.
fn in_pieces(response: &[u8], size: usize, end: StreamEnd) -> Result<Vec<u8>, FetchError> {
    let mut exchange = exchange();
    for piece in response.chunks(size) {
        exchange.handle(ExchangeInput::Received(piece));
    }
    exchange.handle(ExchangeInput::Ended(end));
    exchange.into_result().unwrap().map(|body| body.0)
}

fn ended(response: impl AsRef<[u8]>, end: StreamEnd) -> Result<Vec<u8>, FetchError> {
    let response = response.as_ref();
    let whole = in_pieces(response, usize::MAX, end);
    for size in [1, 2, 3, 7, 64, 1_000] {
        assert_eq!(in_pieces(response, size, end), whole, "in pieces of {size}");
    }
    whole
}

fn read(response: impl AsRef<[u8]>) -> Result<Vec<u8>, FetchError> {
    ended(response, StreamEnd::Clean)
}

fn text(body: &str) -> Result<Vec<u8>, FetchError> {
    Ok(body.into())
}

fn chunked(body: &str) -> String {
    format!("{OK}Transfer-Encoding: chunked\r\n\r\n{body}")
}

#[test]
fn s5_3_no_bytes_change_nothing_while_the_request_is_sent() {
    let mut exchange = Exchange::new(&"example.org".parse().unwrap(), UserAgent::NotSent);
    let ExchangeAction::Send(request) = exchange.action() else { panic!() };
    let request = request.to_vec();
    exchange.handle(ExchangeInput::Sent(10));
    exchange.handle(ExchangeInput::Received(b""));
    assert_eq!(exchange.action(), ExchangeAction::Send(&request[10..]));
    exchange.handle(ExchangeInput::Sent(request.len() - 10));
    assert_eq!(exchange.action(), ExchangeAction::Receive);
    exchange.handle(ExchangeInput::Received(b""));
    assert_eq!(exchange.action(), ExchangeAction::Receive);
}

#[test]
fn f01_the_request_has_these_fields_and_no_other() {
    let request = |agent| {
        let exchange = Exchange::new(&"Example.org".parse().unwrap(), agent);
        let ExchangeAction::Send(request) = exchange.action() else { panic!() };
        String::from_utf8(request.into()).unwrap()
    };
    let expected = "GET /.well-known/mta-sts.txt HTTP/1.1\r\nHost: mta-sts.example.org\r\n\
                    Accept: text/plain\r\nAccept-Encoding: identity\r\nConnection: close\r\n";
    assert_eq!(request(UserAgent::NotSent), format!("{expected}\r\n"));
    let agent = UserAgent::Is("a/1\r\nX: y é");
    assert_eq!(request(agent), format!("{expected}User-Agent: a/1X: y \r\n\r\n"));
}

#[test]
fn f01_the_request_may_go_out_in_pieces() {
    let mut exchange = Exchange::new(&"example.org".parse().unwrap(), UserAgent::NotSent);
    let mut sent = Vec::new();
    while let ExchangeAction::Send(rest) = exchange.action() {
        sent.extend_from_slice(&rest[..1]);
        exchange.handle(ExchangeInput::Sent(1));
    }
    assert!(sent.starts_with(b"GET ") && sent.ends_with(b"close\r\n\r\n"));
    assert_eq!(exchange.action(), ExchangeAction::Receive);
}

#[test]
fn f01_a_policy_host_without_a_name_is_a_failure() {
    let label = "a".repeat(60);
    let domain = format!("{label}.{label}.{label}.{label}.abcdef").parse().unwrap();
    let exchange = Exchange::new(&domain, UserAgent::NotSent);
    assert_eq!(exchange.action(), ExchangeAction::Done(Err(FetchError::ConnectionFailed)));
}

#[test]
fn f02_only_status_200_gives_a_policy() {
    let with =
        |status: &str| read(format!("HTTP/1.1 {status}\r\nContent-Type: text/plain\r\n\r\nx"));
    assert_eq!(with("200 OK"), text("x"));
    assert_eq!(with("200"), text("x"));
    for status in [201, 202, 203, 204, 206, 226, 299, 400, 401, 404, 410, 429, 500, 503, 600, 999] {
        assert_eq!(with(&status.to_string()), Err(FetchError::Status(status)));
    }
    for status in [300, 301, 302, 303, 304, 307, 308, 399] {
        assert_eq!(with(&status.to_string()), Err(FetchError::Redirect(status)));
    }
}

#[test]
fn f02_interim_responses_are_skipped_up_to_four() {
    let with = |count: usize| {
        let interim = "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n".repeat(count);
        read(format!("{interim}{OK}\r\nx"))
    };
    assert_eq!(with(1), text("x"));
    assert_eq!(with(4), text("x"));
    assert_eq!(with(5), Err(FetchError::MalformedResponse));
    let switching = format!("HTTP/1.1 101 Switching Protocols\r\n\r\n{OK}\r\nx");
    assert_eq!(read(switching), Err(FetchError::Status(101)));
}

#[test]
fn f03_caching_fields_change_nothing() {
    let head = "Cache-Control: max-age=60, no-store\r\nAge: 100\r\nETag: \"a\"\r\n\
                Expires: Thu, 01 Jan 1970 00:00:00 GMT\r\nContent-Length: 1\r\n\r\nx";
    assert_eq!(read(format!("{OK}{head}")), text("x"));
}

#[test]
fn f04_the_media_type_is_text_plain() {
    let with = |fields: &str| read(format!("HTTP/1.1 200 OK\r\n{fields}\r\nx"));
    for field in [
        "Content-Type: text/plain",
        "content-type:TEXT/Plain",
        "Content-Type: text/plain; charset=utf-8",
        "Content-Type: text/plain;charset=iso-8859-1;x",
        "Content-Type: text/plain ; ;;",
    ] {
        assert_eq!(with(&format!("{field}\r\n")), text("x"), "{field}");
    }
    for field in [
        "",
        "Content-Type:\r\n",
        "Content-Type: text/html\r\n",
        "Content-Type: text/plain-x\r\n",
        "Content-Type: text/plain, text/plain\r\n",
        "Content-Type: application/octet-stream\r\n",
        "Content-Type: text/plain\r\nContent-Type: text/plain\r\n",
        "Content-Type: \"text/plain\"\r\n",
    ] {
        assert_eq!(with(field), Err(FetchError::MediaType), "{field}");
    }
}

#[test]
fn s5_3_content_codings_are_refused() {
    let with = |coding: &str| read(format!("{OK}Content-Encoding: {coding}\r\n\r\nx"));
    assert_eq!(with("identity"), text("x"));
    assert_eq!(with("IDENTITY"), text("x"));
    for coding in ["gzip", "br", "", "identity, gzip", "x-gzip"] {
        assert_eq!(with(coding), Err(FetchError::ContentEncoding), "{coding}");
    }
}

#[test]
fn s5_3_the_head_is_http_1() {
    let with = |head: &str| read(format!("{head}\r\nContent-Type: text/plain\r\n\r\nx"));
    assert_eq!(with("HTTP/1.0 200 OK"), text("x"));
    for line in
        ["HTTP/2 200 OK", "HTTP/1.2 200 OK", "HTTP/1.1 20 OK", "ICY 200 OK", "HTTP/1.1  200 OK"]
    {
        assert_eq!(with(line), Err(FetchError::MalformedResponse), "{line}");
    }
    let folded = format!("{OK}X: a\r\n b\r\n\r\nx");
    assert_eq!(read(folded), Err(FetchError::MalformedResponse));
    assert_eq!(read(format!("{OK}X : a\r\n\r\nx")), Err(FetchError::MalformedResponse));
    assert_eq!(read(format!("\r\n{OK}\r\nx")), Err(FetchError::MalformedResponse));
    assert_eq!(read("220 mail.example ESMTP\r\n"), Err(FetchError::MalformedResponse));
}

#[test]
fn s5_3_a_body_ends_with_its_length() {
    let with =
        |length: &str, body: &str| read(format!("{OK}Content-Length: {length}\r\n\r\n{body}"));
    assert_eq!(with("5", "hello"), text("hello"));
    assert_eq!(with("5", "hello and more"), text("hello"));
    assert_eq!(with("0", ""), text(""));
    assert_eq!(with("0", "x"), text(""));
    assert_eq!(with("005", "hello"), text("hello"));
    assert_eq!(with("6", "hello"), Err(FetchError::Truncated));
    assert_eq!(with("65537", ""), Err(FetchError::BodyTooLarge));
    assert_eq!(with(&"9".repeat(40), ""), Err(FetchError::BodyTooLarge));
    for length in ["", "+5", "-5", "0x5", "5, 5", "5 5", "five", "5."] {
        assert_eq!(with(length, "hello"), Err(FetchError::MalformedResponse), "{length:?}");
    }
    let largest = "y".repeat(65_536);
    assert_eq!(with("65536", &largest), text(&largest));
}

#[test]
fn s5_3_a_length_needs_no_close_notify() {
    let response = format!("{OK}Content-Length: 5\r\n\r\nhello");
    assert_eq!(ended(response, StreamEnd::Cut), text("hello"));
    assert_eq!(ended(chunked("5\r\nhello\r\n0\r\n\r\n"), StreamEnd::Cut), text("hello"));
}

#[test]
fn s5_3_a_body_without_length_ends_with_close_notify() {
    assert_eq!(ended(format!("{OK}\r\nhello"), StreamEnd::Clean), text("hello"));
    assert_eq!(ended(format!("{OK}\r\nhello"), StreamEnd::Cut), Err(FetchError::Truncated));
    assert_eq!(ended(format!("{OK}\r\n"), StreamEnd::Clean), text(""));
    let largest = "y".repeat(65_536);
    assert_eq!(read(format!("{OK}\r\n{largest}")), text(&largest));
    assert_eq!(read(format!("{OK}\r\n{largest}y")), Err(FetchError::BodyTooLarge));
}

#[test]
fn s5_3_chunks_are_put_together() {
    assert_eq!(read(chunked("5\r\nhello\r\n0\r\n\r\n")), text("hello"));
    assert_eq!(read(chunked("3\r\nhel\r\n02\r\nlo\r\n000\r\n\r\nmore")), text("hello"));
    assert_eq!(read(chunked("A;x=\"y\"\r\n0123456789\r\n0\r\n\r\n")), text("0123456789"));
    assert_eq!(read(chunked("a ;x\r\n0123456789\r\n0;z\r\nX: y\r\n\r\n")), text("0123456789"));
    assert_eq!(read(chunked("0\r\n\r\n")), text(""));
    assert_eq!(read(chunked("5\r\nhello\r\n0\r\n")), Err(FetchError::Truncated));
    assert_eq!(read(chunked("5\r\nhello\r\n")), Err(FetchError::Truncated));
    assert_eq!(read(chunked("5\r\nhel")), Err(FetchError::Truncated));
    assert_eq!(read(chunked("")), Err(FetchError::Truncated));
    assert_eq!(read(chunked("10001\r\n")), Err(FetchError::BodyTooLarge));
    assert_eq!(read(chunked(&format!("{}\r\n", "F".repeat(30)))), Err(FetchError::BodyTooLarge));
    let largest = "y".repeat(65_536);
    assert_eq!(read(chunked(&format!("10000\r\n{largest}\r\n0\r\n\r\n"))), text(&largest));
    let over = format!("10000\r\n{largest}\r\n1\r\ny\r\n0\r\n\r\n");
    assert_eq!(read(chunked(&over)), Err(FetchError::BodyTooLarge));
}

#[test]
fn s5_3_malformed_chunks_are_refused() {
    for body in [
        "\r\n",
        "x\r\n",
        "-1\r\n",
        "0x5\r\nhello\r\n0\r\n\r\n",
        " 5\r\nhello\r\n0\r\n\r\n",
        "5 5\r\nhello\r\n0\r\n\r\n",
        "5\nhello\r\n0\r\n\r\n",
        "5\r\nhelloX\r\n0\r\n\r\n",
        "5\r\nhello\n0\r\n\r\n",
        "5\r\nhello\rX0\r\n\r\n",
        "5;\u{1}\r\nhello\r\n0\r\n\r\n",
        "5\r\r\nhello\r\n0\r\n\r\n",
        "0\r\nno field\r\n\r\n",
        "0\r\nX: a\r\n folded\r\n\r\n",
    ] {
        assert_eq!(read(chunked(body)), Err(FetchError::MalformedResponse), "{body:?}");
    }
}

#[test]
fn s5_3_contradictory_framing_is_refused() {
    for fields in [
        "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n",
        "Content-Length: 5\r\nContent-Length: 5\r\n",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
        "Transfer-Encoding: gzip, chunked\r\n",
        "Transfer-Encoding: identity\r\n",
        "Transfer-Encoding: chunked, chunked\r\n",
        "Transfer-Encoding:\r\n",
        "Transfer-Encoding: xchunked\r\n",
    ] {
        let response = format!("{OK}{fields}\r\n5\r\nhello\r\n0\r\n\r\n");
        assert_eq!(read(response), Err(FetchError::MalformedResponse), "{fields}");
    }
    let old = chunked("0\r\n\r\n").replacen("1.1", "1.0", 1);
    assert_eq!(read(old), Err(FetchError::MalformedResponse));
    let upper = chunked("5\r\nhello\r\n0\r\n\r\n").replace(": chunked", ":CHUNKED ");
    assert_eq!(read(upper), text("hello"));
}

#[test]
fn s5_3_the_head_has_16384_bytes_and_64_fields() {
    let padded = |len: usize| {
        let rest = len - OK.len() - "X: \r\n\r\n".len();
        format!("{OK}X: {}\r\n\r\n", "y".repeat(rest))
    };
    assert_eq!(read(padded(16_384)), text(""));
    assert_eq!(read(padded(16_385)), Err(FetchError::HeadTooLarge));
    let interim = "HTTP/1.1 100 Continue\r\nX: y\r\n\r\n";
    assert_eq!(read(format!("{interim}{}", padded(16_384 - interim.len()))), text(""));
    let over = format!("{interim}{}", padded(16_385 - interim.len()));
    assert_eq!(read(over), Err(FetchError::HeadTooLarge));
    let fields = |count: usize| format!("{OK}{}\r\nx", "X: y\r\n".repeat(count - 1));
    assert_eq!(read(fields(64)), text("x"));
    assert_eq!(read(fields(65)), Err(FetchError::HeadTooLarge));
    assert_eq!(read(format!("{interim}{}", fields(63))), text("x"));
    assert_eq!(read(format!("{interim}{}", fields(64))), Err(FetchError::HeadTooLarge));
    assert_eq!(read("x".repeat(16_385)), Err(FetchError::HeadTooLarge));
}

#[test]
fn s5_3_chunk_lines_have_256_bytes_and_trailers_4096() {
    let line = |len: usize| chunked(&format!("1;{}\r\nx\r\n0\r\n\r\n", "e".repeat(len - 2)));
    assert_eq!(read(line(256)), text("x"));
    assert_eq!(read(line(257)), Err(FetchError::MalformedResponse));
    assert_eq!(read(chunked(&"1".repeat(1_000))), Err(FetchError::MalformedResponse));
    let trailers = |len: usize| chunked(&format!("0\r\nX: {}\r\n\r\n", "t".repeat(len - 7)));
    assert_eq!(read(trailers(4_096)), text(""));
    assert_eq!(read(trailers(4_097)), Err(FetchError::HeadTooLarge));
    assert_eq!(read(chunked(&format!("0\r\n{}\r\n", "X: y\r\n".repeat(64)))), text(""));
    let many = chunked(&format!("0\r\n{}\r\n", "X: y\r\n".repeat(65)));
    assert_eq!(read(many), Err(FetchError::HeadTooLarge));
}

#[test]
fn s5_3_the_stream_has_524288_bytes() {
    // Chunks of one byte, each as long as its extension makes it.
    let chunk = |len: usize| format!("1;{}\r\nx\r\n", "e".repeat(len - 7));
    let response = |len: usize| {
        let rest = len - chunked("").len() - "0\r\n\r\n".len();
        let (count, last) = (rest / 200 - 1, rest % 200 + 200);
        let chunks = [chunk(200).repeat(count), chunk(100), chunk(50), chunk(last - 150)];
        chunked(&format!("{}0\r\n\r\n", chunks.concat()))
    };
    let longest = response(524_288);
    assert_eq!(longest.len(), 524_288);
    let over = response(524_289);
    for size in [usize::MAX, 4_096, 1_000, 1] {
        assert!(in_pieces(longest.as_bytes(), size, StreamEnd::Clean).is_ok());
        let result = in_pieces(over.as_bytes(), size, StreamEnd::Clean);
        assert_eq!(result, Err(FetchError::BodyTooLarge));
    }
}

#[test]
fn s5_3_an_early_end_is_truncated() {
    for response in ["", "H", "HTTP/1.1 200 OK\r\n", OK, "HTTP/1.1 100 Continue\r\n\r\n"] {
        for end in [StreamEnd::Clean, StreamEnd::Cut] {
            assert_eq!(ended(response, end), Err(FetchError::Truncated), "{response:?}");
        }
    }
}

#[test]
fn what_the_adapter_tells_is_the_result() {
    assert_eq!(exchange().wait_limit(), Duration::from_secs(60));
    let told = [
        (ExchangeInput::TimedOut, FetchError::TimedOut),
        (ExchangeInput::Failed(FetchError::ConnectionFailed), FetchError::ConnectionFailed),
        (
            ExchangeInput::Failed(FetchError::Certificate(CertificateFault::Expired)),
            FetchError::Certificate(CertificateFault::Expired),
        ),
    ];
    for (input, error) in told {
        let mut exchange = exchange();
        exchange.handle(ExchangeInput::Received(OK.as_bytes()));
        exchange.handle(input);
        assert_eq!(exchange.action(), ExchangeAction::Done(Err(error)));
        // What comes later changes nothing.
        exchange.handle(ExchangeInput::Received(b"\r\n"));
        exchange.handle(ExchangeInput::Ended(StreamEnd::Clean));
        exchange.handle(ExchangeInput::Sent(9));
        assert_eq!(exchange.action(), ExchangeAction::Done(Err(error)));
    }
    let unsent = Exchange::new(&"example.org".parse().unwrap(), UserAgent::NotSent);
    assert_eq!(unsent.clone().into_result(), None);
    let mut closed = unsent;
    closed.handle(ExchangeInput::Ended(StreamEnd::Clean));
    assert_eq!(closed.into_result(), Some(Err(FetchError::Truncated)));
}

#[test]
fn a_response_of_another_client_obeys_the_same_rules() {
    let plain = [&b"text/plain"[..]];
    let take = |status, types: &[&'static [u8]], codings: &[&'static [u8]], len| {
        let (types, codings) = (types.iter().copied(), codings.iter().copied());
        PolicyBody::from_response(status, types, codings, vec![b'x'; len]).map(|body| body.0.len())
    };
    assert_eq!(take(200, &plain, &[], 65_536), Ok(65_536));
    assert_eq!(take(200, &plain, &[], 65_537), Err(FetchError::BodyTooLarge));
    assert_eq!(take(206, &plain, &[], 1), Err(FetchError::Status(206)));
    assert_eq!(take(301, &plain, &[], 1), Err(FetchError::Redirect(301)));
    assert_eq!(take(200, &[], &[], 1), Err(FetchError::MediaType));
    assert_eq!(take(200, &plain, &[b"gzip"], 1), Err(FetchError::ContentEncoding));
}
