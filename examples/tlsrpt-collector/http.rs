//! The metrics over HTTP: one request a connection.

use core::time::Duration;
use std::sync::Arc;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use crate::args::Args;
use crate::count::Counting;
use crate::metrics::Metrics;
use crate::say::{say, warn};
use crate::stopped::Stopped;

/// Serves in a task of its own, where that is wanted.
pub(crate) async fn start(
    args: &Args,
    counting: &Arc<Counting>,
    metrics: &Arc<Metrics>,
) -> Result<Option<JoinHandle<()>>, Stopped> {
    let Some(address) = args.metrics.0 else { return Ok(None) };
    let failed = |error| Stopped::new(69, format!("metrics on {address}: {error}"));
    let listener = TcpListener::bind(address).await.map_err(failed)?;
    let address = listener.local_addr().map_err(failed)?;
    if !address.ip().is_loopback() {
        warn(format_args!(
            "tlsrpt-collector: WARNING: metrics are served on {address}, which is not loopback: whoever \
             reaches it may read them, without authentication and without encryption"
        ));
    }
    say(format_args!("metrics on http://{address}/metrics"));
    let (counting, metrics) = (Arc::clone(counting), Arc::clone(metrics));
    Ok(Some(tokio::spawn(serve(listener, counting, metrics))))
}

async fn serve(listener: TcpListener, counting: Arc<Counting>, metrics: Arc<Metrics>) {
    let room = Arc::new(Semaphore::new(CONNECTIONS));
    while let Ok(place) = Arc::clone(&room).acquire_owned().await {
        let Ok((stream, _)) = listener.accept().await else {
            // No file descriptor is left, or the peer is gone again.
            tokio::time::sleep(AFTER_FAILURE).await;
            continue;
        };
        let (counting, metrics) = (Arc::clone(&counting), Arc::clone(&metrics));
        tokio::spawn(async move {
            // Who is slow or breaks off is not told of anywhere.
            let _ = timeout(LIMIT, answer(stream, &counting, &metrics)).await;
            drop(place);
        });
    }
}

async fn answer(
    mut stream: TcpStream,
    counting: &Counting,
    metrics: &Metrics,
) -> std::io::Result<()> {
    let mut head = Vec::with_capacity(1_024);
    let status = loop {
        let room = (HEAD - head.len().min(HEAD)) as u64;
        if (&mut stream).take(room).read_buf(&mut head).await? == 0 {
            break "400 Bad Request";
        }
        let mut headers = [httparse::EMPTY_HEADER; HEADERS];
        let mut request = httparse::Request::new(&mut headers);
        match request.parse(&head) {
            Ok(httparse::Status::Partial) => {}
            Err(_) => break "400 Bad Request",
            Ok(httparse::Status::Complete(_)) => match (request.method, request.path) {
                (Some("GET" | "HEAD"), Some("/metrics")) => break "200 OK",
                (Some("GET" | "HEAD"), _) => break "404 Not Found",
                _ => break "405 Method Not Allowed",
            },
        }
    };
    let body = match status {
        "200 OK" => metrics.page(&counting.figures()),
        _ => format!("{status}\n"),
    };
    let head_only = head.starts_with(b"HEAD ");
    let length = body.len();
    let response = format!(
        "HTTP/1.1 {status}\r\nContent-Type: text/plain; version=0.0.4; charset=utf-8\r\n\
         Content-Length: {length}\r\nConnection: close\r\n\r\n{}",
        if head_only { "" } else { &body }
    );
    stream.write_all(response.as_bytes()).await?;
    stream.shutdown().await
}

/// Bytes of a request. Ours.
const HEAD: usize = 8_192;

/// Header fields of a request. Ours.
const HEADERS: usize = 64;

/// Connections at a time. Ours.
const CONNECTIONS: usize = 16;

/// For one request. Ours.
const LIMIT: Duration = Duration::from_secs(10);

/// After a connection could not be taken. Ours.
const AFTER_FAILURE: Duration = Duration::from_millis(50);
