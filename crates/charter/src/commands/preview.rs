//! `preview`: the site on loopback, as the gates see it.

use std::sync::Arc;

use charter_deploy_model::exit;
use charter_host::Scope;
use charter_pipeline::Project;
use charter_targets::preview as server;
use serde_json::json;

use super::{Ended, Invocation, deploy};
use crate::{open, usage};

pub(super) async fn preview(invocation: &Invocation<'_>, live: bool) -> Ended {
    let project = if live { invocation.project().await? } else { invocation.project_to_build().await? };
    let folder = if live {
        project
            .target
            .live_folder()
            .filter(|folder| folder.exists())
            .ok_or_else(|| usage("nothing is live on this machine", Vec::new(), &["cargo xtask deploy"]))?
    } else {
        let work =
            |project: Arc<Project>, scope: Scope| async move { charter_pipeline::build_site(&project, &scope).await };
        deploy::carry_out(invocation, &project, work).await?
    };
    let serving = server::serve(&folder, &project.settings.base_path)
        .await
        .map_err(|error| open::broken("the site cannot be served on loopback", &error))?;
    invocation.output.result(
        || format!("serving {} at {}    Ctrl-C ends it", folder.display(), serving.url()),
        || json!({ "v": 1, "url": serving.url() }),
    );
    let _ = tokio::signal::ctrl_c().await;
    Ok(exit::DONE)
}
