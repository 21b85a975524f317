//! `tlsa check` against servers of the test's own, and without any.

use core::net::Ipv4Addr;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::Arc;
use std::thread;

use pki_types::pem::PemObject;
use pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};

use super::{HOST, Own, expect, json};

/// A server of its own, for one connection at a time, until the test ends.
fn serve(serve: impl Fn(std::net::TcpStream) + Send + 'static) -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || listener.incoming().flatten().for_each(serve));
    port
}

#[test]
fn a_server_with_implicit_tls() {
    let own = Own::new();
    let key = PrivateKeyDer::from_pem_slice(own.key.serialize_pem().as_bytes()).unwrap();
    let chain = vec![CertificateDer::from(own.certificate.der().to_vec())];
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .unwrap();
    let config = Arc::new(config);
    let port = serve(move |stream| {
        let tls = ServerConnection::new(Arc::clone(&config)).unwrap();
        let _ = StreamOwned::new(tls, stream).read(&mut [0; 1]);
    });
    let (port, record) = (port.to_string(), own.record());
    let base = ["check", HOST, "--address", "127.0.0.1", "--port", &port];
    let implicit = [&base[..], &["--record", &record, "--tls", "implicit"]].concat();
    let object = json(&implicit, 0);
    let row = &object["hosts"][0]["addresses"][0];
    assert_eq!(row["tls"], "TLSv1_3");
    assert_eq!(row["chain"][0]["records"][0], record);
    // It does not greet, so nobody comes to STARTTLS.
    let clear = [&base[..], &["--record", &record, "--time-limit", "1"]].concat();
    expect(&clear, 69, "127.0.0.1");
}

#[test]
fn servers_that_do_not_get_as_far_as_tls() {
    let record = format!("3 1 1 {}", "00".repeat(32));
    let scripts: [(&str, &[u8], &str); 5] = [
        ("no service", b"554 no\r\n", "greeting"),
        ("not smtp", b"\x00\x01\x02\r\n", "malformed"),
        ("gone", b"", "closed"),
        ("clear after 220", b"220 a\r\n250-a\r\n250 STARTTLS\r\n220 go\r\n250 clear\r\n", ""),
        ("no tls", b"220 a\r\n250-a\r\n250 STARTTLS\r\n220 go\r\n", "tls handshake failed"),
    ];
    for (what, script, word) in scripts {
        let port = serve(move |mut stream| {
            // Each line answers one of the client; the first two lines of EHLO go together.
            let mut buffer = [0; 1024];
            for reply in script.split_inclusive(|octet| *octet == b'\n') {
                let _ = stream.write_all(reply);
                let goes_on = reply.get(3) == Some(&b'-');
                if !goes_on && !matches!(stream.read(&mut buffer), Ok(1..)) {
                    return;
                }
            }
        });
        let port = port.to_string();
        let options =
            ["check", HOST, "--address", "127.0.0.1", "--port", &port, "--record", &record];
        println!("{what}");
        expect(&[&options[..], &["--time-limit", "10"]].concat(), 69, word);
    }
    // It says nothing at all.
    let port = serve(|mut stream| drop(stream.read_to_end(&mut Vec::new())));
    let port = port.to_string();
    let options = ["check", HOST, "--address", "127.0.0.1", "--port", &port, "--record", &record];
    expect(&[&options[..], &["--time-limit", "1"]].concat(), 69, "timed-out");
}

#[test]
fn wrong_usage_of_check_connects_to_nobody() {
    let record = format!("3 1 1 {}", "00".repeat(32));
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let (nobody, port) = (free.to_string(), free.port().to_string());
    for (options, status, word) in [
        (&["--record", &record][..], 64, "--address"),
        (&["--record", "3 1 1 0", "--address", "127.0.0.1"], 64, "3 1 1 0"),
        (&["--record", "300 1 1 00", "--address", "127.0.0.1"], 64, "300 1 1"),
        (&["--record", &record, "--dns", "127.0.0.1:53"], 64, "--dns"),
        (&["--dns", "192.0.2.1:53"], 64, "--danger-trust-remote-dns"),
        (&["--dns", "localhost"], 64, "localhost"),
        (&["--dns", &nobody, "--time-limit", "1"], 75, "mx.example.org A"),
        (&["--trust-anchor", "/no-such-file"], 66, "/no-such-file"),
        (&["--record", &record, "--address", "127.0.0.1", "--ehlo", "a b"], 64, "EHLO"),
        (
            &["--record", &record, "--address", "127.0.0.1"],
            69,
            "127.0.0.1: not judged: cannot be reached",
        ),
        (
            &["--record", &record, "--address", "127.0.0.1", "--next", "/no-such-file"],
            66,
            "no-such",
        ),
        (&["--time-limit", "0"], 64, "0"),
        (&["--tls", "maybe"], 64, "maybe"),
    ] {
        expect(&[&["check", HOST, "--port", &port], options].concat(), status, word);
    }
    expect(&["check", "a b"], 64, "a-label");
    expect(&["check", "[192.0.2.1]"], 64, "a-label");
}
