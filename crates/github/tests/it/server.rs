//! A server that gives prepared answers and keeps what it was asked.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{Request, Response};
use charter_github::{GitHub, Place};
use charter_host::Secret;

pub(crate) const TOKEN: &str = "ghp_ThisIsTheToken";

/// An answer: the status, headers and the body.
#[derive(Clone)]
pub(crate) struct Answer {
    status: u16,
    headers: Vec<(&'static str, String)>,
    body: Vec<u8>,
}

impl Answer {
    pub(crate) fn new(status: u16, body: impl Into<Vec<u8>>) -> Self {
        Self { status, headers: Vec::new(), body: body.into() }
    }

    pub(crate) fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }
}

/// One request, as it came.
#[derive(Clone)]
pub(crate) struct Asked {
    pub(crate) line: String,
    pub(crate) headers: HashMap<String, String>,
    pub(crate) body: Vec<u8>,
}

#[derive(Clone, Default)]
pub(crate) struct Server {
    answers: Arc<Mutex<HashMap<String, Answer>>>,
    asked: Arc<Mutex<Vec<Asked>>>,
}

impl Server {
    /// Prepares the answer to a request line such as `GET /repos/o/r/pages`; what is not prepared is not found.
    pub(crate) fn on(self, line: &str, answer: Answer) -> Self {
        self.answers.lock().unwrap().insert(line.to_owned(), answer);
        self
    }

    pub(crate) fn json(self, line: &str, body: &str) -> Self {
        self.on(line, Answer::new(200, body))
    }

    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }

    /// Begins to answer, and returns a client for the repository `o/r` there.
    pub(crate) async fn start(&self) -> GitHub {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let api = format!("http://{}/", listener.local_addr().unwrap()).parse().unwrap();
        let router = Router::new().fallback(answer).with_state(self.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        let place = Place { host: "github.com".into(), api, owner: "o".into(), name: "r".into() };
        let http = reqwest::Client::builder().no_proxy().user_agent("test").build().unwrap();
        GitHub::new(http, place, Some(Secret::new(TOKEN.to_owned())))
    }
}

async fn answer(State(server): State<Server>, request: Request<Body>) -> Response<Body> {
    let line = format!("{} {}", request.method(), request.uri().path_and_query().unwrap());
    let headers: HashMap<String, String> = request
        .headers()
        .iter()
        .map(|(name, value)| (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into_owned()))
        .collect();
    let body: Bytes = axum::body::to_bytes(request.into_body(), 1 << 20).await.unwrap();
    let etag_given = headers.get("if-none-match").cloned();
    server.asked.lock().unwrap().push(Asked { line: line.clone(), headers, body: body.to_vec() });
    let answer = server.answers.lock().unwrap().get(&line).cloned();
    let answer = answer.unwrap_or_else(|| Answer::new(404, r#"{"message":"Not Found","status":"404"}"#));
    let etag = answer.headers.iter().find(|(name, _)| *name == "etag").map(|(_, value)| value.clone());
    let is_known = etag.is_some() && etag == etag_given;
    let mut response = Response::builder().status(if is_known { 304 } else { answer.status });
    for (name, value) in answer.headers {
        response = response.header(name, value);
    }
    response.body(if is_known { Body::empty() } else { Body::from(answer.body) }).unwrap()
}
