//! A GitHub on loopback that gives prepared answers, and repositories made by the git program.

use std::collections::HashMap;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, Uri};
use charter_deploy_model::{Finding, Inspection, LookedAt, Measure};
use charter_gates::{Gate, Source, Subject};
use charter_github::{GitHub, Place};
use charter_host::{Command, Environment, Host, Processes, Scope, Secret, Secrets, Setup, SystemProcesses};
use charter_repository::Repository;
use serde_json::Value;
use tempfile::TempDir;

/// Answers by path: a status and a body. What is not prepared is not found.
pub(crate) type Answers = Vec<(&'static str, u16, Value)>;

/// Begins to answer for the repository `ann/site`; `token` says whether the client has one.
pub(crate) async fn serve(answers: Answers, token: bool) -> (Arc<GitHub>, Arc<Mutex<Vec<String>>>) {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let api = format!("http://{}/", listener.local_addr().unwrap()).parse().unwrap();
    let asked = Arc::new(Mutex::new(Vec::new()));
    let answers: HashMap<String, (u16, String)> =
        answers.into_iter().map(|(path, status, body)| (path.to_owned(), (status, body.to_string()))).collect();
    let router = Router::new().fallback(answer).with_state((Arc::new(answers), Arc::clone(&asked)));
    tokio::spawn(async move { axum::serve(listener, router).await });
    let place = Place { host: "github.com".into(), api, owner: "ann".into(), name: "site".into() };
    let host = Host::system(Environment::default());
    let token = token.then(|| Secret::new("token".to_owned()));
    (Arc::new(GitHub::new(host.http().unwrap(), place, token)), asked)
}

type Prepared = (Arc<HashMap<String, (u16, String)>>, Arc<Mutex<Vec<String>>>);

async fn answer(State((answers, asked)): State<Prepared>, uri: Uri) -> (StatusCode, String) {
    asked.lock().unwrap().push(uri.to_string());
    let (status, body) = answers.get(uri.path()).cloned().unwrap_or((404, r#"{"message":"Not Found"}"#.to_owned()));
    (StatusCode::from_u16(status).unwrap(), body)
}

/// A repository in a folder of its own.
pub(crate) struct Project {
    pub(crate) folder: TempDir,
}

impl Project {
    pub(crate) async fn new() -> Self {
        let project = Self { folder: tempfile::tempdir().unwrap() };
        project.git(&["init", "--quiet", "--initial-branch=main"]).await;
        project
    }

    pub(crate) async fn git(&self, arguments: &[&str]) {
        let identity = ["-c", "user.name=Ann", "-c", "user.email=ann@example.org", "-c", "commit.gpgsign=false"];
        let arguments = identity.into_iter().chain(arguments.iter().copied());
        let environment = Environment::default()
            .with("PATH", "/usr/local/bin:/usr/bin:/bin")
            .with("GIT_CONFIG_GLOBAL", "/dev/null")
            .with("GIT_CONFIG_NOSYSTEM", "1");
        let command = Command::new("git", arguments, self.folder.path(), environment, Duration::from_secs(60));
        let output = SystemProcesses.run(&command, &Scope::default()).await.unwrap();
        assert!(output.succeeded(), "{command}: {:?}", output.last_lines(5));
    }

    /// Writes files and commits all there is.
    pub(crate) async fn commit(&self, files: &[(&str, &str)], message: &str) {
        for (path, content) in files {
            let path = self.folder.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, content).unwrap();
        }
        self.git(&["add", "--all"]).await;
        self.git(&["commit", "--quiet", "--allow-empty", "--message", message]).await;
    }

    pub(crate) fn subject(&self) -> Subject {
        let repository = Repository::discover(self.folder.path()).unwrap();
        let commit = repository.head().unwrap().hash;
        Subject { source: Some(Source { repository, commit }), ..Subject::new(self.folder.path()) }
    }
}

/// What a gate saw.
#[derive(Debug)]
pub(crate) struct Seen {
    pub(crate) findings: Vec<Finding>,
    pub(crate) measures: Vec<Measure>,
    pub(crate) looked_at: LookedAt,
}

impl Seen {
    pub(crate) fn codes(&self) -> Vec<&str> {
        self.findings.iter().map(|finding| finding.code.as_str()).collect()
    }

    pub(crate) fn measure(&self, name: &str) -> Option<f64> {
        self.measures.iter().find(|measure| measure.name == name).map(|measure| measure.value)
    }
}

pub(crate) fn build(gate: &str, section: Value) -> Result<Box<dyn Gate>, charter_host::CatalogError> {
    let host = Host::system(Environment::default());
    let setup = Setup { host: &host, root: Path::new("/"), secrets: &Secrets::default() };
    charter_gates::standard().build(gate, section, &setup)
}

pub(crate) async fn inspect(gate: &str, section: Value, subject: &Subject) -> Inspection {
    build(gate, section).unwrap().inspect(subject, &Scope::default()).await.unwrap()
}

pub(crate) async fn look(gate: &str, section: Value, subject: &Subject) -> Seen {
    match inspect(gate, section, subject).await {
        Inspection::Looked { findings, measures, looked_at } => Seen { findings, measures, looked_at },
        other => panic!("it did not look: {other:?}"),
    }
}
