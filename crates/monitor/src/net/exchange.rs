//! One request over a connection of its own.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::{Arc, Mutex};

use http_body_util::{BodyExt as _, Full};
use hyper::body::{Bytes, Incoming};
use hyper::client::conn::{http1, http2};
use hyper::header::{HOST, HeaderMap, HeaderValue};
use hyper::rt::Executor;
use hyper::{Method, Request, Response};
use hyper_util::rt::TokioIo;
use jiff::Timestamp;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::task::JoinSet;
use tokio::time::Instant;
use url::Url;

use super::connect::{Family, Names, connect};
use super::tls::{Shown, Trust, shake_hands};
use crate::probe::{Cause, Hop, ProbeError};

/// An answer with more headers is not read.
const MAX_HEADERS: usize = 256;

/// What is asked.
#[derive(Debug, Clone)]
pub struct Ask<'a> {
    /// The method.
    pub method: Method,
    /// Where.
    pub url: &'a Url,
    /// What goes along.
    pub headers: &'a HeaderMap,
    /// The body.
    pub body: Bytes,
    /// Which address of the host is taken.
    pub family: Family,
    /// So much of the answer's body is kept, and no more is read, in bytes.
    pub max_body: usize,
    /// Whether a server is asked whose certificate is not to be trusted.
    pub distrusted_too: bool,
    /// The moment as of which certificates are judged.
    pub now: Timestamp,
}

/// What was answered.
#[derive(Debug)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// The headers.
    pub headers: HeaderMap,
    /// The body, or as much of it as was wanted.
    pub body: Bytes,
    /// Whether there was more of it.
    pub is_cut: bool,
    /// What the server showed of itself, where it spoke TLS.
    pub shown: Option<Shown>,
}

/// Asks, and notes in `hop` how long each phase took, also of what failed or is dropped in the middle.
///
/// # Errors
/// When this machine cannot ask at all. That nothing usable was answered is the inner error.
pub async fn ask(
    it: &Ask<'_>,
    names: &Names,
    trust: &Trust,
    hop: &mut Hop,
) -> Result<Result<Answer, Cause>, ProbeError> {
    let host = it.url.host_str().unwrap_or_default();
    let port = it.url.port_or_known_default().unwrap_or(80);
    let address = match names.resolve(host, it.family).await? {
        Ok((address, took)) => {
            hop.dns = took;
            address
        }
        Err(cause) => return Ok(Err(cause)),
    };
    hop.peer = Some(address);
    Ok(over(it, SocketAddr::new(address, port), host, trust, hop).await)
}

async fn over(it: &Ask<'_>, address: SocketAddr, host: &str, trust: &Trust, hop: &mut Hop) -> Result<Answer, Cause> {
    let (stream, took) = connect(address).await?;
    hop.connect = Some(took);
    if it.url.scheme() != "https" {
        return speak_http1(it, stream, None, hop).await;
    }
    let (stream, shown, took) = shake_hands(stream, host, trust, it.now).await?;
    hop.tls = Some(took);
    // Nothing is said to somebody who may not be who was meant.
    if let Some(distrust) = shown.distrust.clone().filter(|_| !it.distrusted_too) {
        return Err(distrust);
    }
    if shown.protocol.as_deref() == Some("h2") {
        speak_http2(it, stream, shown, hop).await
    } else {
        speak_http1(it, stream, Some(shown), hop).await
    }
}

async fn speak_http1<S>(it: &Ask<'_>, stream: S, shown: Option<Shown>, hop: &mut Hop) -> Result<Answer, Cause>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let handshake = http1::Builder::new()
        .max_headers(MAX_HEADERS)
        // Servers send them yet, and browsers take them.
        .allow_obsolete_multiline_headers_in_responses(true)
        .handshake::<_, Full<Bytes>>(TokioIo::new(stream))
        .await;
    let (mut sender, connection) = handshake.map_err(|error| unanswered(&error))?;
    let started = Instant::now();
    let answered = async {
        let answer = sender.send_request(request(it, false)?).await.map_err(|error| unanswered(&error))?;
        hop.first_byte = Some(started.elapsed());
        read(it, answer, shown, hop).await
    };
    beside(connection, answered).await
}

async fn speak_http2<S>(it: &Ask<'_>, stream: S, shown: Shown, hop: &mut Hop) -> Result<Answer, Cause>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let tasks = Tasks::default();
    let _until_the_end = Ending(tasks.clone());
    let handshake = http2::handshake::<_, _, Full<Bytes>>(tasks, TokioIo::new(stream)).await;
    let (mut sender, connection) = handshake.map_err(|error| unanswered(&error))?;
    let started = Instant::now();
    let answered = async {
        let answer = sender.send_request(request(it, true)?).await.map_err(|error| unanswered(&error))?;
        hop.first_byte = Some(started.elapsed());
        read(it, answer, Some(shown), hop).await
    };
    beside(connection, answered).await
}

/// Runs what HTTP/2 does on the side.
#[derive(Debug, Clone, Default)]
struct Tasks(Arc<Mutex<JoinSet<()>>>);

/// Ends it with the look. Not by dropping the tasks: they may hold on to each other.
struct Ending(Tasks);

impl Drop for Ending {
    fn drop(&mut self) {
        if let Ok(mut tasks) = self.0.0.lock() {
            tasks.abort_all();
        }
    }
}

impl<F: Future<Output: Send> + Send + 'static> Executor<F> for Tasks {
    fn execute(&self, future: F) {
        if let Ok(mut tasks) = self.0.lock() {
            tasks.spawn(async { drop(future.await) });
        }
    }
}

/// Does the work while the connection is driven, in one task, so that dropping it leaves nothing behind.
async fn beside<T>(connection: impl Future, work: impl Future<Output = T>) -> T {
    let (mut connection, mut work) = (pin!(connection), pin!(work));
    let mut is_open = true;
    loop {
        tokio::select! {
            biased;
            done = &mut work => return done,
            _ = &mut connection, if is_open => is_open = false,
        }
    }
}

fn request(it: &Ask<'_>, is_http2: bool) -> Result<Request<Full<Bytes>>, Cause> {
    let target = if is_http2 { it.url.as_str() } else { &it.url[url::Position::BeforePath..url::Position::AfterQuery] };
    let mut request = Request::builder().method(it.method.clone()).uri(target);
    if let Some(headers) = request.headers_mut() {
        headers.clone_from(it.headers);
        if !is_http2 && !headers.contains_key(HOST) {
            let authority = &it.url[url::Position::BeforeHost..url::Position::AfterPort];
            if let Ok(host) = HeaderValue::from_str(authority) {
                headers.insert(HOST, host);
            }
        }
    }
    request
        .body(Full::new(it.body.clone()))
        .map_err(|error| Cause::new("request", format!("the request cannot be made: {error}")))
}

async fn read(it: &Ask<'_>, answer: Response<Incoming>, shown: Option<Shown>, hop: &mut Hop) -> Result<Answer, Cause> {
    let started = Instant::now();
    let (head, mut body) = answer.into_parts();
    hop.status = Some(head.status.as_u16());
    let (mut kept, mut is_cut) = (Vec::new(), false);
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| unanswered(&error))?;
        let Ok(data) = frame.into_data() else { continue };
        let room = it.max_body - kept.len();
        kept.extend_from_slice(&data[..data.len().min(room)]);
        if data.len() > room {
            is_cut = true;
            break;
        }
    }
    hop.transfer = Some(started.elapsed());
    hop.body_bytes = (!is_cut).then_some(kept.len() as u64);
    Ok(Answer { status: head.status.as_u16(), headers: head.headers, body: kept.into(), is_cut, shown })
}

fn unanswered(error: &hyper::Error) -> Cause {
    let mut source = std::error::Error::source(error);
    let mut words = error.to_string();
    let (mut kind, mut http2) = (None, None);
    while let Some(cause) = source {
        words = format!("{words}: {cause}");
        kind = kind.or_else(|| cause.downcast_ref::<io::Error>().map(io::Error::kind));
        http2 = http2.or_else(|| cause.downcast_ref::<h2::Error>());
        source = cause.source();
    }
    let code = match (http2, kind) {
        (Some(error), _) if error.is_remote() && error.is_go_away() => "goaway",
        (Some(error), _) if error.is_remote() && error.is_reset() => "reset",
        (Some(error), _) if !error.is_io() => "malformed",
        // There is no other way to tell.
        _ if error.is_parse() && words.contains("too large") => "too-large",
        _ if error.is_parse() => "malformed",
        (_, Some(io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput)) => "malformed",
        (_, Some(io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe)) => "reset",
        (_, Some(io::ErrorKind::UnexpectedEof)) => "incomplete",
        _ if error.is_incomplete_message() || error.is_canceled() || error.is_closed() => "incomplete",
        _ => "http",
    };
    Cause::new(code, format!("no whole answer: {words}"))
}
