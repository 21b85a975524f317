//! The policy hosts answer as they are told.

use std::io::{self, Read, Write};

use conformance::lab::Lab;
use conformance::lab::https::{Page, Request};
use rustls::{AlertDescription, CertificateError, ClientConfig, Error};

use crate::client::{connect, lab, lenient, seal, strict, tls_error};

const PATH: &str = "/.well-known/mta-sts.txt";

fn exchange(lab: &Lab, config: ClientConfig, sni: &str, request: &str) -> io::Result<String> {
    let stream = connect([127, 0, 44, 3], lab.https_port())?;
    let mut tls = seal(stream, config, sni)?;
    tls.write_all(request.as_bytes())?;
    let mut response = String::new();
    tls.read_to_string(&mut response)?;
    Ok(response)
}

fn get(lab: &Lab, domain: &str) -> io::Result<String> {
    let host = format!("mta-sts.{domain}");
    let request = format!("GET {PATH} HTTP/1.1\r\nHost: {host}\r\n\r\n");
    exchange(lab, strict(lab), &host, &request)
}

#[test]
fn a_policy_is_served_with_its_length_and_a_clean_end() {
    let lab = lab();
    let response = get(&lab, "sts.test").unwrap();
    let (head, body) = response.split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("HTTP/1.1 200 OK\r\nContent-Type: text/plain; charset=utf-8\r\n"));
    assert!(head.contains(&format!("Content-Length: {}\r\n", body.len())));
    assert_eq!(body, "version: STSv1\r\nmode: enforce\r\nmx: mx.sts.test\r\nmax_age: 604800\r\n");
    let sni = "mta-sts.sts.test".to_owned();
    let line = format!("GET {PATH} HTTP/1.1");
    assert_eq!(lab.policy_host().requests(), [Request { sni, line }]);
}

#[test]
fn other_pages_are_what_they_are() {
    let lab = lab();
    assert!(get(&lab, "sts-missing.test").unwrap().starts_with("HTTP/1.1 404 "));
    let redirect = get(&lab, "sts-redirect.test").unwrap();
    assert!(redirect.starts_with("HTTP/1.1 301 "));
    assert!(redirect.contains("Location: https://mta-sts.sts.test/.well-known/mta-sts.txt\r\n"));
    assert!(!get(&lab, "sts-invalid.test").unwrap().contains("max_age"));
}

#[test]
fn only_the_one_path_the_one_method_and_the_right_host_are_served() {
    let lab = lab();
    let host = "mta-sts.sts.test";
    for (request, status) in [
        (format!("GET / HTTP/1.1\r\nHost: {host}\r\n\r\n"), "404"),
        (format!("HEAD {PATH} HTTP/1.1\r\nHost: {host}\r\n\r\n"), "405"),
        (format!("GET {PATH} HTTP/1.1\r\nHost: mta-sts.reports.test\r\n\r\n"), "421"),
        (format!("GET {PATH} HTTP/1.1\r\nAccept: */*\r\n\r\n"), "400"),
        (format!("GET {PATH} HTTP/1.1\r\nhost: MTA-STS.sts.test:443\r\n\r\n"), "200"),
    ] {
        let response = exchange(&lab, strict(&lab), host, &request).unwrap();
        assert!(response.starts_with(&format!("HTTP/1.1 {status} ")), "{request}{response}");
    }
}

#[test]
fn the_server_name_chooses_the_certificate_and_an_unknown_one_gets_none() {
    let lab = lab();
    let error = get(&lab, "sts-webpki.test").unwrap_err();
    assert!(matches!(
        tls_error(&error),
        Error::InvalidCertificate(
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. }
        )
    ));
    for name in ["mta-sts.plain.test", "127.0.44.3"] {
        let error = exchange(&lab, lenient(), name, "").unwrap_err();
        assert!(
            matches!(tls_error(&error), Error::AlertReceived(alert)
                if matches!(alert, AlertDescription::AccessDenied | AlertDescription::HandshakeFailure)),
            "{error}"
        );
    }
}

#[test]
fn a_host_that_is_down_refuses_connections() {
    let lab = lab();
    let error = connect([127, 0, 44, 4], lab.https_port()).err().unwrap();
    assert_eq!(error.kind(), io::ErrorKind::ConnectionRefused);
}

#[test]
fn pages_can_be_changed_while_the_lab_runs() {
    let lab = lab();
    let page = Page::Response { status: 200, media_type: "text/html".into(), body: b"<p>".into() };
    lab.policy_host().set_page("MTA-STS.sts.test", page);
    assert!(get(&lab, "sts.test").unwrap().contains("Content-Type: text/html\r\n"));
    lab.policy_host().set_page("mta-sts.sts.test", Page::Closed);
    let error = get(&lab, "sts.test").unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof, "no close_notify");
    lab.policy_host().set_page("mta-sts.nobody.test", Page::policy(""));
    assert!(get(&lab, "nobody.test").is_err(), "set_page adds no host");
}
