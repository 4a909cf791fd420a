//! `dashboard` and `status-page`: how things stand, in the browser and for everyone.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use charter_dashboard::{Options, PublicSite, Publicity, export, serve};
use charter_deploy_model::exit;
use charter_host::{Scope, Secret, SigningKey, durable};
use charter_pipeline::Project;
use serde_json::json;

use super::{Ended, Invocation, monitor};
use crate::showing::Showing;
use crate::{open, usage};

/// Serves how things stand until Ctrl-C.
pub(super) async fn dashboard(invocation: &Invocation<'_>, address: SocketAddr) -> Ended {
    let project = invocation.project().await?;
    let showing = Arc::new(showing(invocation, &project, Publicity::Address).await?);
    let token = token(&project)?;
    let options = Options { address, beyond_loopback: false, hosts: Vec::new(), token: Secret::new(token.clone()) };
    let running = serve(Arc::clone(&showing) as Arc<dyn charter_dashboard::Source>, options)
        .await
        .map_err(|error| open::broken("the dashboard cannot be served", &error))?;
    let scope = Scope::default();
    let following = tokio::spawn(showing.follow(scope.clone()));
    let url = running.url();
    invocation.output.result(
        || format!("how things stand: {url}    Ctrl-C ends it\nto sign in there:  {token}\n"),
        || json!({ "v": 1, "url": url, "token": token }),
    );
    let _ = tokio::signal::ctrl_c().await;
    scope.cancel.cancel();
    let _ = following.await;
    running.stop().await;
    Ok(exit::DONE)
}

/// Writes the public status page into a folder.
pub(super) async fn export_status_page(invocation: &Invocation<'_>, folder: &Path, url: String) -> Ended {
    let project = invocation.project().await?;
    let showing = showing(invocation, &project, Publicity::Address).await?;
    let folder: PathBuf = open::root(invocation.surroundings, &invocation.common)?.join(folder);
    let files = export(&showing.now(), &PublicSite { url })
        .map_err(|error| usage("there is no status page", charter_pipeline::chain_of(&error), &[]))?;
    for (path, bytes) in &files {
        let path = folder.join(path);
        let written = durable::make_folder(path.parent().unwrap_or(&folder))
            .and_then(|()| durable::replace_derived(&path, bytes));
        written.map_err(|error| open::broken("the status page cannot be written", &error))?;
    }
    let count = files.len();
    invocation.output.result(
        || format!("{count} files in {}", folder.display()),
        || json!({ "v": 1, "folder": folder, "files": count }),
    );
    Ok(exit::DONE)
}

async fn showing(
    invocation: &Invocation<'_>,
    project: &Arc<Project>,
    publicity: Publicity,
) -> Result<Showing, charter_deploy_model::Failure> {
    let root = open::root(invocation.surroundings, &invocation.common)?;
    let config = open::configuration(invocation.charter, &root)?;
    let plan = monitor::plan_or_nothing(invocation, project)?;
    let windows = monitor::windows(&config)?;
    Ok(Showing::open(Arc::clone(project), plan, windows, &config.application.name, publicity).await)
}

/// Returns what people sign in with: the same as long as the user's key is, and nobody else's.
fn token(project: &Project) -> Result<String, charter_deploy_model::Failure> {
    let key = SigningKey::open(&project.signing_key).map_err(|error| open::broken("nobody could sign in", &error))?;
    let about = format!("dashboard of {}", project.repository.root().display());
    Ok(key.sign(about.as_bytes()).iter().take(16).map(|byte| format!("{byte:02x}")).collect())
}
