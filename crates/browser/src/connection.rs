//! The wire: requests and their answers, and what the browser tells unasked.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde::Deserialize;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::unix::pipe::{Receiver, Sender};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinSet;

use crate::BrowserError;

/// A browser that says more at once is not believed, in bytes.
const LARGEST_MESSAGE: usize = 256 << 20;

/// What nobody has looked at yet; beyond it the newest is dropped.
const EVENTS_KEPT: usize = 4096;

/// Something that happened in a page.
#[derive(Debug)]
pub(crate) struct Event {
    pub(crate) method: String,
    pub(crate) params: Value,
}

/// The way to one browser. Everything that waits for it hears when it is gone.
#[derive(Debug)]
pub(crate) struct Connection {
    out: mpsc::UnboundedSender<Vec<u8>>,
    shared: Arc<Shared>,
    next: AtomicU64,
    _tasks: JoinSet<()>,
}

#[derive(Debug, Default)]
struct Shared {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    is_gone: bool,
    waiting: HashMap<u64, Waiting>,
    listeners: HashMap<String, mpsc::Sender<Event>>,
}

#[derive(Debug)]
struct Waiting {
    session: Option<String>,
    answer: oneshot::Sender<Result<Value, String>>,
}

#[derive(Deserialize)]
struct Message {
    id: Option<u64>,
    result: Option<Value>,
    error: Option<Refusal>,
    method: Option<String>,
    #[serde(default)]
    params: Value,
    #[serde(rename = "sessionId")]
    session: Option<String>,
}

#[derive(Deserialize)]
struct Refusal {
    message: String,
}

impl Connection {
    pub(crate) fn new(to: Sender, from: Receiver) -> Self {
        let shared = Arc::new(Shared::default());
        let (out, queue) = mpsc::unbounded_channel();
        let mut tasks = JoinSet::new();
        tasks.spawn(write(to, queue));
        tasks.spawn(read(from, Arc::clone(&shared), out.clone()));
        Self { out, shared, next: AtomicU64::new(1), _tasks: tasks }
    }

    /// Asks the browser, or the page of a session, and waits for the answer.
    pub(crate) async fn call(
        &self,
        session: Option<&str>,
        method: &str,
        params: Value,
        limit: Duration,
    ) -> Result<Value, BrowserError> {
        let (answer, answered) = oneshot::channel();
        let id = self.next.fetch_add(1, Ordering::Relaxed);
        {
            let mut state = self.shared.lock();
            if state.is_gone {
                return Err(BrowserError::Died);
            }
            state.waiting.insert(id, Waiting { session: session.map(str::to_owned), answer });
        }
        self.send(id, session, method, params);
        let result = tokio::time::timeout(limit, answered).await;
        match result {
            Ok(Ok(Ok(value))) => Ok(value),
            Ok(Ok(Err(message))) => Err(BrowserError::Refused { doing: method.to_owned(), message }),
            Ok(Err(_)) => Err(BrowserError::Died),
            Err(_) => {
                self.shared.lock().waiting.remove(&id);
                Err(BrowserError::Hung { doing: format!("answer `{method}`"), limit })
            }
        }
    }

    /// Tells the browser something whose answer does not matter.
    pub(crate) fn post(&self, session: Option<&str>, method: &str, params: Value) {
        self.send(self.next.fetch_add(1, Ordering::Relaxed), session, method, params);
    }

    fn send(&self, id: u64, session: Option<&str>, method: &str, params: Value) {
        // When nobody takes it any more, the reader has ended everything that waits, or is about to.
        let _ = self.out.send(message(id, session, method, params));
    }

    /// Returns what the page of a session tells from now on.
    pub(crate) fn listen(&self, session: &str) -> mpsc::Receiver<Event> {
        let (listener, events) = mpsc::channel(EVENTS_KEPT);
        self.shared.lock().listeners.insert(session.to_owned(), listener);
        events
    }

    pub(crate) fn forget(&self, session: &str) {
        self.shared.lock().listeners.remove(session);
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets everybody know that there is nobody at the other end.
    fn end(&self) {
        let mut state = self.lock();
        state.is_gone = true;
        state.waiting.clear();
        state.listeners.clear();
    }
}

fn message(id: u64, session: Option<&str>, method: &str, params: Value) -> Vec<u8> {
    let mut message = json!({ "id": id, "method": method, "params": params });
    if let Some(session) = session {
        message["sessionId"] = session.into();
    }
    let mut bytes = message.to_string().into_bytes();
    bytes.push(0);
    bytes
}

async fn write(mut to: Sender, mut queue: mpsc::UnboundedReceiver<Vec<u8>>) {
    while let Some(bytes) = queue.recv().await {
        if to.write_all(&bytes).await.is_err() {
            return;
        }
    }
}

async fn read(mut from: Receiver, shared: Arc<Shared>, out: mpsc::UnboundedSender<Vec<u8>>) {
    let mut text = Vec::new();
    let mut part = vec![0; 64 << 10];
    while let Ok(count) = from.read(&mut part).await {
        if count == 0 || text.len() + count > LARGEST_MESSAGE {
            break;
        }
        let mut rest = &part[..count];
        while let Some(end) = rest.iter().position(|byte| *byte == 0) {
            text.extend_from_slice(&rest[..end]);
            take(&text, &shared, &out);
            text.clear();
            rest = &rest[end + 1..];
        }
        text.extend_from_slice(rest);
    }
    shared.end();
}

fn take(text: &[u8], shared: &Shared, out: &mpsc::UnboundedSender<Vec<u8>>) {
    let Ok(Message { id, result, error, method, params, session }) = serde_json::from_slice(text) else { return };
    if let Some(id) = id {
        let waiting = shared.lock().waiting.remove(&id);
        if let Some(waiting) = waiting {
            let answer = error.map_or_else(|| Ok(result.unwrap_or_default()), |error| Err(error.message));
            let _ = waiting.answer.send(answer);
        }
        return;
    }
    let (Some(method), Some(session)) = (method, session) else { return };
    match method.as_str() {
        // A page that waits for somebody to press a button would wait for ever.
        "Page.javascriptDialogOpening" => {
            let refuse = json!({ "accept": false });
            let _ = out.send(message(0, Some(&session), "Page.handleJavaScriptDialog", refuse));
        }
        "Inspector.targetCrashed" => {
            let mut state = shared.lock();
            let is_its = |waiting: &Waiting| waiting.session.as_deref() == Some(session.as_str());
            let lost: Vec<u64> =
                state.waiting.iter().filter(|(_, waiting)| is_its(waiting)).map(|(id, _)| *id).collect();
            for waiting in lost.iter().filter_map(|id| state.waiting.remove(id)) {
                let _ = waiting.answer.send(Err("the page crashed".to_owned()));
            }
        }
        _ => {}
    }
    let listener = shared.lock().listeners.get(&session).cloned();
    if let Some(listener) = listener {
        let _ = listener.try_send(Event { method, params });
    }
}
