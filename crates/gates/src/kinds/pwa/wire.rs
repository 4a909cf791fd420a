//! A way to the preview that can be cut.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{oneshot, watch};
use tokio::task::{JoinHandle, JoinSet};

/// After so long nobody asks for anything more.
const PAUSE: Duration = Duration::from_millis(500);

/// A port of loopback behind which a server is, until it is cut.
///
/// Nothing that a browser is told about its network is as certain as a server that is not there: it holds for pages and
/// workers alike, and no cache can be mistaken for it.
#[derive(Debug)]
pub(super) struct Wire {
    address: SocketAddr,
    /// How often something was carried.
    carried: watch::Receiver<u64>,
    stop: oneshot::Sender<()>,
    task: JoinHandle<()>,
}

impl Wire {
    /// Lays one to a host and its port.
    pub(super) async fn lay(host: String, port: u16) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let (stop, stopped) = oneshot::channel();
        let (tell, carried) = watch::channel(0);
        Ok(Self { address, carried, stop, task: tokio::spawn(carry(listener, host, port, tell, stopped)) })
    }

    /// Waits until nothing was carried for half a second, but no longer than `limit`.
    pub(super) async fn quiet(&mut self, limit: Duration) {
        let quiet = async {
            let mut pause = async || tokio::time::timeout(PAUSE, self.carried.changed()).await;
            while matches!(pause().await, Ok(Ok(()))) {}
        };
        // Whoever never stops asking is not waited for.
        let _ = tokio::time::timeout(limit, quiet).await;
    }

    /// Returns where it begins.
    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Cuts it. When this returns, nobody listens and every connection is closed.
    pub(super) async fn cut(self) {
        let Self { stop, task, .. } = self;
        // It only fails when it is cut already.
        let _ = stop.send(());
        let _ = task.await;
    }
}

async fn carry(
    listener: TcpListener,
    host: String,
    port: u16,
    tell: watch::Sender<u64>,
    mut stopped: oneshot::Receiver<()>,
) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            _ = &mut stopped => break,
            accepted = listener.accept() => {
                let Ok((mut near, _)) = accepted else { continue };
                let (host, tell) = (host.clone(), tell.clone());
                connections.spawn(async move {
                    let Ok(mut far) = TcpStream::connect((host.as_str(), port)).await else { return };
                    let ((from_near, to_near), (from_far, to_far)) = (near.split(), far.split());
                    // Either end may close it at any time.
                    let _ = tokio::join!(copy(from_near, to_far, &tell), copy(from_far, to_near, &tell));
                });
            }
            Some(_) = connections.join_next() => {}
        }
    }
    drop(listener);
    connections.shutdown().await;
}

async fn copy(
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
    tell: &watch::Sender<u64>,
) -> io::Result<()> {
    let mut part = vec![0; 16 << 10];
    loop {
        let count = from.read(&mut part).await?;
        if count == 0 {
            return to.shutdown().await;
        }
        tell.send_modify(|carried| *carried = carried.wrapping_add(1));
        to.write_all(&part[..count]).await?;
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::*;

    #[tokio::test]
    async fn what_is_cut_carries_nothing_any_more() {
        let server = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let port = server.local_addr().unwrap().port();
        let echo = tokio::spawn(async move {
            let (mut stream, _) = server.accept().await.unwrap();
            let mut word = [0; 5];
            stream.read_exact(&mut word).await.unwrap();
            stream.write_all(&word).await.unwrap();
            (stream.read(&mut word).await, server)
        });
        let mut wire = Wire::lay("127.0.0.1".to_owned(), port).await.unwrap();
        let address = wire.address();
        let mut client = TcpStream::connect(address).await.unwrap();
        client.write_all(b"tides").await.unwrap();
        let mut word = [0; 5];
        client.read_exact(&mut word).await.unwrap();
        assert_eq!(&word, b"tides");
        wire.quiet(Duration::from_secs(60)).await;
        assert!(*wire.carried.borrow() >= 2, "a word there, and a word back");
        wire.cut().await;
        assert!(matches!(client.read(&mut word).await, Ok(0) | Err(_)));
        assert!(TcpStream::connect(address).await.is_err());
        assert!(matches!(echo.await.unwrap().0, Ok(0) | Err(_)), "the server sees it too");
    }
}
