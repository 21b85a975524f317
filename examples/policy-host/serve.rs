//! Connections: how many, for how long, and one request on each.

use core::time::Duration;
use std::io;
use std::sync::Arc;

use mta_sts::UnixTime;
use rustls::ServerConfig;
use rustls::crypto::ring;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use crate::args::Args;
use crate::http::{Answer, HEAD_BYTES, answer, response};
use crate::site::Sites;

/// Serves until the process ends.
pub(crate) async fn serve(
    args: &Args,
    sites: Arc<Sites>,
) -> Result<(), Box<dyn core::error::Error + Send + Sync>> {
    // TLS 1.2 and 1.3 (RFC 8461 section 7.2).
    let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_cert_resolver(Arc::<Sites>::clone(&sites));
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind(args.listen).await?;
    println!("listening on {}", listener.local_addr()?);
    let limit = Duration::from_secs(args.time_limit);
    let room = Arc::new(Semaphore::new(args.connections as usize));
    loop {
        let place = Arc::clone(&room).acquire_owned().await?;
        let stream = match listener.accept().await {
            Ok((stream, _)) => stream,
            // No file descriptor is left, or the peer is gone again.
            Err(_) => {
                tokio::time::sleep(AFTER_FAILURE).await;
                continue;
            }
        };
        let (acceptor, sites) = (acceptor.clone(), Arc::clone(&sites));
        tokio::spawn(async move {
            // Who is cut off by the limit or breaks off is not told of anywhere.
            let _ = timeout(limit, connection(stream, &acceptor, &sites, limit)).await;
            drop(place);
        });
    }
}

async fn connection(
    stream: TcpStream,
    acceptor: &TlsAcceptor,
    sites: &Sites,
    limit: Duration,
) -> io::Result<()> {
    let mut stream = acceptor.accept(stream).await?;
    let name = stream.get_ref().1.server_name().unwrap_or_default().to_owned();
    // A head may take half of the time, so that some is left for a 408.
    let answer = match timeout(limit / 2, request(&mut stream, &name)).await {
        Ok(answer) => answer?,
        Err(_) => Answer::Error(408),
    };
    let policy = sites.site(&name).and_then(|site| site.policy);
    stream.write_all(&response(answer, policy.as_deref(), UnixTime::now())).await?;
    stream.shutdown().await?;
    // What the peer still sends would reset the connection before it has read the response.
    let mut rest = [0; 1_024];
    let linger = async { while stream.read(&mut rest).await.is_ok_and(|count| count > 0) {} };
    let _ = timeout(LINGER, linger).await;
    Ok(())
}

/// Reads until the request can be answered.
async fn request(stream: &mut TlsStream<TcpStream>, name: &str) -> io::Result<Answer> {
    let mut head = Vec::with_capacity(1_024);
    loop {
        let room = (HEAD_BYTES - head.len().min(HEAD_BYTES)) as u64;
        if (&mut *stream).take(room).read_buf(&mut head).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        if let Some(answer) = answer(&head, name) {
            return Ok(answer);
        }
    }
}

/// After a connection could not be taken. Ours.
const AFTER_FAILURE: Duration = Duration::from_millis(50);

/// For the peer to close. Ours.
const LINGER: Duration = Duration::from_secs(1);
