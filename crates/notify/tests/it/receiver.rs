//! A real HTTP server on loopback, in the mood it is told to be in.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use tokio::net::TcpListener;
use tokio::sync::Notify;
use tokio::task::JoinSet;

/// What a receiver does with a request.
#[derive(Debug, Clone)]
pub(crate) enum Mood {
    /// Takes it.
    Takes,
    /// Answers this, echoing all that it was sent.
    Answers(u16, Vec<(&'static str, String)>),
    /// Never answers.
    Hangs,
    /// Closes the connection.
    Resets,
}

#[derive(Debug, Clone)]
pub(crate) struct Request {
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

#[derive(Debug)]
struct Inner {
    /// The last one stays.
    moods: Mutex<Vec<Mood>>,
    requests: Mutex<Vec<Request>>,
    came: Notify,
}

/// The server; it ends when dropped.
#[derive(Debug)]
pub(crate) struct Receiver {
    pub(crate) address: SocketAddr,
    inner: Arc<Inner>,
    _server: JoinSet<()>,
}

impl Receiver {
    /// Begins with these moods, one a request; the last one stays.
    pub(crate) async fn begin(moods: impl IntoIterator<Item = Mood>) -> Self {
        let mut moods: Vec<Mood> = moods.into_iter().collect();
        moods.reverse();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let inner = Arc::new(Inner { moods: Mutex::new(moods), requests: Mutex::default(), came: Notify::new() });
        let mut server = JoinSet::new();
        let app = Router::new().fallback(answer).with_state(Arc::clone(&inner));
        server.spawn(async move { axum::serve(listener, app).await.unwrap() });
        Self { address, inner, _server: server }
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    pub(crate) fn requests(&self) -> Vec<Request> {
        self.inner.requests.lock().unwrap().clone()
    }

    /// Waits until there were so many requests.
    pub(crate) async fn until(&self, count: usize) {
        loop {
            let came = self.inner.came.notified();
            if self.inner.requests.lock().unwrap().len() >= count {
                return;
            }
            came.await;
        }
    }
}

async fn answer(State(inner): State<Arc<Inner>>, uri: Uri, headers: HeaderMap, body: Bytes) -> Response {
    let body = String::from_utf8_lossy(&body).into_owned();
    let echo = format!("Cannot POST {uri} {headers:?} {body}");
    inner.requests.lock().unwrap().push(Request { headers, body });
    let mood = {
        let mut moods = inner.moods.lock().unwrap();
        if moods.len() > 1 { moods.pop().unwrap() } else { moods[0].clone() }
    };
    inner.came.notify_waiters();
    match mood {
        Mood::Takes => (StatusCode::OK, "ok").into_response(),
        Mood::Answers(status, headers) => {
            let mut response = (StatusCode::from_u16(status).unwrap(), echo).into_response();
            for (name, value) in headers {
                response.headers_mut().insert(name, value.parse().unwrap());
            }
            response
        }
        Mood::Hangs => std::future::pending().await,
        Mood::Resets => panic!("the connection ends here"),
    }
}
