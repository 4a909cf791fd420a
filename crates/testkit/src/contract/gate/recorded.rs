//! A GitHub on loopback that knows one repository and gives the answers of a sample.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, Uri};
use charter_github::{GitHub, Place};
use charter_host::{Host, Secret};

use super::programs;

type Answers = Arc<BTreeMap<PathBuf, Vec<u8>>>;

/// Begins to answer, for as long as the runtime is there, and returns a client of the repository `ann/site` with a token.
pub(super) async fn serve(answers: BTreeMap<PathBuf, Vec<u8>>) -> GitHub {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("loopback has a port");
    let address = listener.local_addr().expect("it is bound");
    let router = Router::new().fallback(answer).with_state(Arc::new(answers));
    tokio::spawn(async move { axum::serve(listener, router).await });
    let place = Place {
        host: "github.com".to_owned(),
        api: format!("http://{address}/").parse().expect("an address makes a URL"),
        owner: "ann".to_owned(),
        name: "site".to_owned(),
    };
    let host = Host::system(programs());
    GitHub::new(
        host.http().expect("a client for HTTP needs nothing of the machine"),
        place,
        Some(Secret::new("token".to_owned())),
    )
}

/// Answers by the path alone: what is asked depends on the day.
async fn answer(State(answers): State<Answers>, uri: Uri) -> (StatusCode, Vec<u8>) {
    let path = format!("{}.json", uri.path().trim_start_matches('/'));
    match answers.get(&PathBuf::from(path)) {
        Some(answer) => (StatusCode::OK, answer.clone()),
        None => (StatusCode::NOT_FOUND, br#"{"message":"Not Found"}"#.to_vec()),
    }
}
