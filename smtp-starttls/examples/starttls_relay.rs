//! A server in clear that hands TLS on: it speaks SMTP up to STARTTLS by our machine, and then
//! relays to a program that does TLS. For trying real clients against the machine.
//!
//! ```text
//! openssl s_server -accept 127.0.0.1:2526 -cert cert.pem -key key.pem -quiet
//! starttls_relay 127.0.0.1:2525 127.0.0.1:2526
//! openssl s_client -starttls smtp -connect 127.0.0.1:2525
//! ```

use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::process::ExitCode;
use std::thread;

use smtp_starttls::{Input, Server, ServerAction, ServerConfig, ServerUpgrade, TlsOffer};

/// Speaks in clear until TLS is wanted. `None` is a client that left, or was left.
fn speak(client: &mut TcpStream, config: &ServerConfig) -> io::Result<Option<ServerUpgrade>> {
    let mut server = Server::new(config);
    let mut buffer = [0; 4096];
    let (mut start, mut end) = (0, 0);
    loop {
        match server.action() {
            ServerAction::Send(octets) => {
                client.write_all(octets)?;
                server.handle(Input::Sent);
            }
            ServerAction::Read => {
                if start == end {
                    (start, end) = (0, client.read(&mut buffer)?);
                }
                match buffer.get(start..end) {
                    Some(octets) if !octets.is_empty() => {
                        start += server.handle(Input::Bytes(octets));
                    }
                    _ => _ = server.handle(Input::EndOfStream),
                }
            }
            ServerAction::StartTls if start == end => return Ok(server.into_upgrade().ok()),
            // No mail is taken here.
            _ => return Ok(None),
        }
    }
}

/// Relays one way until the stream ends.
fn pour(mut from: TcpStream, mut to: TcpStream) {
    // Either end closing is how a relay ends.
    let _ = io::copy(&mut from, &mut to);
    let _ = to.shutdown(Shutdown::Write);
}

fn serve(mut client: TcpStream, backend: &str, config: &ServerConfig) -> io::Result<()> {
    let Some(upgrade) = speak(&mut client, config)? else { return Ok(()) };
    let mut first = [0; 4096];
    let len = client.read(&mut first)?;
    let first = first.get(..len).unwrap_or_default();
    if let Err(error) = upgrade.first_octets(first) {
        return Err(io::Error::new(io::ErrorKind::InvalidData, error.to_string()));
    }
    let mut tls = TcpStream::connect(backend)?;
    tls.write_all(first)?;
    let (back, forth) = (tls.try_clone()?, client.try_clone()?);
    let other_way = thread::spawn(move || pour(back, forth));
    pour(client, tls);
    other_way.join().map_err(|_| io::Error::other("the relay has failed"))
}

fn run() -> Result<(), Box<dyn core::error::Error>> {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    let [listen, backend] = arguments.as_slice() else {
        return Err("usage: starttls_relay LISTEN BACKEND".into());
    };
    let config = ServerConfig::new("localhost".parse()?, TlsOffer::Offered);
    for client in TcpListener::bind(listen)?.incoming() {
        if let Err(error) = serve(client?, backend, &config) {
            eprintln!("{error}");
        }
    }
    Ok(())
}

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}
