//! The pages, served on loopback.

mod actions;
pub(crate) mod feeds;
mod guard;
pub(crate) mod pages;
mod session;

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware;
use axum::routing::{get, post};
use charter_host::Secret;
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinHandle;

use crate::Source;
use guard::Refusals;
use session::Sessions;

/// How the pages are served.
#[derive(Debug, Clone)]
pub struct Options {
    /// Where to listen; port 0 takes a free one.
    pub address: SocketAddr,
    /// Whether an address that others can reach is meant. There is no encryption: put a proxy with TLS before it.
    pub beyond_loopback: bool,
    /// Names, beside `localhost` and the address itself, by which browsers may ask for the pages, such as a proxy's.
    pub hosts: Vec<String>,
    /// What people sign in with before they may do anything but look: at least 16 bytes.
    pub token: Secret,
}

/// Why the pages are not served.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ServeError {
    /// Others could reach the address, and nobody said that they may.
    #[error("{address} can be reached from other machines")]
    BeyondLoopback {
        /// The address.
        address: SocketAddr,
    },
    /// The token could be guessed.
    #[error("the token of the dashboard has fewer than 16 bytes")]
    WeakToken,
    /// The address cannot be listened on.
    #[error("{address} cannot be listened on")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// What the system said.
        source: io::Error,
    },
}

impl ServeError {
    /// Returns what to do next.
    #[must_use]
    pub const fn help(&self) -> &'static str {
        match self {
            Self::BeyondLoopback { .. } => "listen on 127.0.0.1, or say in the configuration that others may look",
            Self::WeakToken => "make one with `openssl rand -hex 32`",
            Self::Listen { .. } => "choose another port, or 0 for any that is free",
        }
    }
}

/// Pages that are being served until this is dropped.
#[derive(Debug)]
pub struct Running {
    address: SocketAddr,
    // Dropping it tells the server and every stream of events to end.
    _stop: watch::Sender<()>,
    task: JoinHandle<()>,
}

impl Running {
    /// Returns where they are, such as `http://127.0.0.1:40123/`.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}/", self.address)
    }

    /// Stops, and waits until whatever was asked for has been answered.
    pub async fn stop(self) {
        let Self { _stop: stop, task, .. } = self;
        drop(stop);
        // It can only fail by panicking, and that was reported where it happened.
        let _ = task.await;
    }
}

/// The longest form that is read, in bytes.
const FORM_LIMIT: usize = 16 * 1024;
/// The longest body of another service that is read, in bytes.
const HOOK_LIMIT: usize = 256 * 1024;
/// How many browsers can be kept up to date at once.
const STREAMS: usize = 64;

/// What all requests share.
#[derive(Clone)]
struct Shared {
    source: Arc<dyn Source>,
    sessions: Arc<Sessions>,
    refusals: Arc<Refusals>,
    hosts: Arc<[String]>,
    streams: Arc<Semaphore>,
    stopped: watch::Receiver<()>,
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shared").field("source", &self.source).field("hosts", &self.hosts).finish_non_exhaustive()
    }
}

/// Serves the pages of what `source` watches.
///
/// Whoever reaches the address can look; `/healthz`, `/metrics`, `/api/v1/view.json` and `/events` are there for
/// programs. Whoever wants to change anything signs in with the token first. A request whose `Host` is none of the
/// allowed names is refused, so that a page elsewhere cannot reach in by a name that it made point here.
///
/// # Errors
/// When the address is not on loopback and nobody said that it may be, when the token is too short, or when nothing can
/// listen there.
pub async fn serve(source: Arc<dyn Source>, options: Options) -> Result<Running, ServeError> {
    let asked = options.address;
    if !asked.ip().is_loopback() && !options.beyond_loopback {
        return Err(ServeError::BeyondLoopback { address: asked });
    }
    let sessions = Sessions::new(&options.token).ok_or(ServeError::WeakToken)?;
    let listen = |source| ServeError::Listen { address: asked, source };
    let listener = TcpListener::bind(asked).await.map_err(listen)?;
    let address = listener.local_addr().map_err(listen)?;
    let (stop, stopped) = watch::channel(());
    let shared = Shared {
        source,
        sessions: Arc::new(sessions),
        refusals: Arc::default(),
        hosts: guard::hosts(address, &options.hosts),
        streams: Arc::new(Semaphore::new(STREAMS)),
        stopped: stopped.clone(),
    };
    let server = axum::serve(listener, router(shared)).with_graceful_shutdown(ended(stopped));
    let task = tokio::spawn(async move {
        // Accepting never fails for good, and every connection's error is its own.
        let _ = server.await;
    });
    Ok(Running { address, _stop: stop, task })
}

/// Waits until the sender is gone.
async fn ended(mut stopped: watch::Receiver<()>) {
    while stopped.changed().await.is_ok() {}
}

fn router(shared: Shared) -> Router {
    let forms = Router::new()
        .route("/login", get(pages::login).post(actions::login))
        .route("/logout", post(actions::logout))
        .route("/alert/{id}/acknowledge", post(actions::acknowledge))
        .route("/silence", post(actions::silence))
        .layer(DefaultBodyLimit::max(FORM_LIMIT));
    let hooks = Router::new().route("/hooks/{source}", post(actions::hook)).layer(DefaultBodyLimit::max(HOOK_LIMIT));
    Router::new()
        .route("/", get(pages::overview))
        .route("/endpoint/{name}", get(pages::endpoint))
        .route("/incidents", get(pages::incidents))
        .route("/incident/{id}", get(pages::incident))
        .route("/deployments", get(pages::deployments))
        .route("/alerts", get(pages::alerts))
        .route("/metrics", get(feeds::metrics))
        .route("/api/v1/view.json", get(feeds::view))
        .route("/healthz", get(feeds::healthz))
        .route("/events", get(feeds::events))
        .route("/style.css", get(feeds::style))
        .route("/live.js", get(feeds::script))
        .route("/favicon.svg", get(feeds::icon))
        .merge(forms)
        .merge(hooks)
        .fallback(pages::nowhere)
        .layer(middleware::from_fn_with_state(shared.clone(), guard::guard))
        .with_state(shared)
}
