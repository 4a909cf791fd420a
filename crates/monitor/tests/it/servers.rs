//! Servers on loopback that do what they are told, byte by byte.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use rustls::ServerConfig;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio_rustls::TlsAcceptor;

/// What a server does next on a connection.
#[derive(Debug, Clone)]
pub(crate) enum Step {
    /// Reads until the end of a request's head.
    Read,
    /// Reads a request, and sends what the beginning of its path calls for.
    Route(Vec<(&'static str, String)>),
    /// Sends this.
    Send(Vec<u8>),
    /// Sends this a byte at a time, five a second.
    Trickle(Vec<u8>),
    /// Sends this again and again, for ever.
    Endless(Vec<u8>),
    /// Does nothing any more, and keeps the connection.
    Hang,
    /// Resets the connection.
    Reset,
    /// Closes the connection; over TLS without saying so.
    Close,
}

/// Reads a request and answers with this.
pub(crate) fn answer(text: impl Into<Vec<u8>>) -> Vec<Step> {
    vec![Step::Read, Step::Send(text.into())]
}

/// Serves every connection by these steps, and returns where.
pub(crate) async fn serve(steps: Vec<Step>) -> SocketAddr {
    serve_at("127.0.0.1:0", steps).await
}

/// Does the same at an address.
pub(crate) async fn serve_at(address: &str, steps: Vec<Step>) -> SocketAddr {
    let listener = TcpListener::bind(address).await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(plain(stream, steps.clone()));
        }
    });
    address
}

/// Serves over TLS.
pub(crate) async fn serve_tls(config: Arc<ServerConfig>, steps: Vec<Step>) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let (acceptor, steps) = (TlsAcceptor::from(Arc::clone(&config)), steps.clone());
            tokio::spawn(async move {
                let Ok(mut stream) = acceptor.accept(stream).await else { return };
                match run(&mut stream, &steps).await {
                    After::Finish => finish(&mut stream).await,
                    After::Reset => stream.get_ref().0.set_zero_linger().unwrap(),
                    After::Close => {
                        // The end is sent below TLS, which would say goodbye otherwise.
                        let (below, _) = stream.get_mut();
                        finish(below).await;
                    }
                }
            });
        }
    });
    address
}

async fn plain(mut stream: TcpStream, steps: Vec<Step>) {
    match run(&mut stream, &steps).await {
        After::Finish | After::Close => finish(&mut stream).await,
        After::Reset => stream.set_zero_linger().unwrap(),
    }
}

/// Closes as a decent server does, and waits for the other side: what it still sends would turn into a reset.
async fn finish(stream: &mut (impl AsyncRead + AsyncWrite + Unpin)) {
    let _ = stream.shutdown().await;
    let mut rest = vec![0; 4096];
    while matches!(stream.read(&mut rest).await, Ok(1..)) {}
}

/// What becomes of the connection at the end.
#[derive(Debug, PartialEq, Eq)]
enum After {
    Finish,
    Reset,
    Close,
}

async fn run(stream: &mut (impl AsyncRead + AsyncWrite + Unpin), steps: &[Step]) -> After {
    for step in steps {
        let done = match step {
            Step::Read => read_head(stream).await.is_some(),
            Step::Route(routes) => {
                let Some(head) = read_head(stream).await else { return After::Finish };
                let path = head.split(' ').nth(1).unwrap_or_default();
                let route = routes.iter().find(|(beginning, _)| path.starts_with(beginning));
                send(stream, route.map_or(&b""[..], |(_, text)| text.as_bytes())).await
            }
            Step::Send(bytes) => send(stream, bytes).await,
            Step::Trickle(bytes) => trickle(stream, bytes).await,
            Step::Endless(bytes) => loop {
                if !send(stream, bytes).await {
                    break false;
                }
            },
            Step::Hang => std::future::pending().await,
            Step::Reset => return After::Reset,
            Step::Close => return After::Close,
        };
        if !done {
            return After::Finish;
        }
    }
    After::Finish
}

async fn send(stream: &mut (impl AsyncWrite + Unpin), bytes: &[u8]) -> bool {
    stream.write_all(bytes).await.is_ok() && stream.flush().await.is_ok()
}

async fn trickle(stream: &mut (impl AsyncWrite + Unpin), bytes: &[u8]) -> bool {
    for byte in bytes {
        if !send(stream, &[*byte]).await {
            return false;
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    true
}

async fn read_head(stream: &mut (impl AsyncRead + Unpin)) -> Option<String> {
    let (mut seen, mut byte) = (Vec::new(), [0; 1]);
    while !seen.ends_with(b"\r\n\r\n") {
        match stream.read(&mut byte).await {
            Ok(1) => seen.push(byte[0]),
            _ => return None,
        }
    }
    Some(String::from_utf8_lossy(&seen).into_owned())
}

/// Returns an address at which nobody listens.
pub(crate) async fn nobody() -> SocketAddr {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let address = socket.local_addr().unwrap();
    // Bound and never listening: nobody else gets the port, and whoever connects is refused.
    std::mem::forget(socket);
    address
}

/// Returns an address at which connecting never ends: the queue of those who wait to be accepted is full.
pub(crate) async fn black_hole() -> SocketAddr {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let listener = socket.listen(1).unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        let mut waiting = Vec::new();
        for _ in 0..8 {
            if let Ok(Ok(stream)) = tokio::time::timeout(Duration::from_millis(50), TcpStream::connect(address)).await {
                waiting.push(stream);
            }
        }
        std::future::pending::<()>().await;
        drop((listener, waiting));
    });
    tokio::time::sleep(Duration::from_millis(500)).await;
    address
}
