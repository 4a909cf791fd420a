//! What GitHub is asked and told around a deployment, where the project is there.

use charter_deploy_model::{DeploymentStatus, Environment, ProductionDeployment};
use charter_github::{
    DeploymentState, GitHub, GitHubError, NewDeployment, NewDeploymentStatus, PagesBuild, PagesStatus, Unsticking,
};
use serde_json::json;
use tokio::time::Instant;

use crate::Project;
use crate::stop::chain;

/// Sees to it that GitHub Pages show what was pushed, once for each wait.
#[derive(Debug)]
pub(crate) struct Unstick<'a> {
    project: &'a Project,
    /// When it is time to ask; absent when there is nobody to ask or nothing more to do.
    due: Option<Instant>,
}

impl<'a> Unstick<'a> {
    /// Waits for a part of the time that the host may take, which is longer than it usually takes.
    pub(crate) fn new(project: &'a Project) -> Self {
        let patience = project.target.visible_within() / 4;
        let can_ask = project.github.as_ref().is_some_and(|github| github.has_token());
        Self { project, due: (can_ask && !patience.is_zero()).then(|| Instant::now() + patience) }
    }

    /// Asks for another build when it is time and the last one came to nothing.
    pub(crate) async fn tick(&mut self) {
        let (Some(github), Some(due)) = (&self.project.github, self.due) else { return };
        if Instant::now() < due {
            return;
        }
        let events = &self.project.events;
        match github.unstick_pages(self.project.host.clock.now()).await {
            Ok(Unsticking::Underway) => return,
            Ok(Unsticking::NotPages) => {}
            Ok(Unsticking::Requested(build)) => {
                events.warn(format!("GitHub was asked to build the Pages site again: its last build {}", fate(&build)));
            }
            Err(error) => events.warn(format!("the Pages site may hang: {}", with_help(&error))),
        }
        self.due = None;
    }
}

fn fate(build: &PagesBuild) -> String {
    match (&build.status, &build.error.message) {
        (_, Some(message)) => format!("failed: {message}"),
        (Some(PagesStatus::Errored), None) => "failed without a word why".to_owned(),
        (Some(PagesStatus::Built), None) => "ended well, but the site does not show it".to_owned(),
        _ => format!("says nothing since {}", build.updated_at),
    }
}

fn with_help(error: &GitHubError) -> String {
    match error.help() {
        Some(help) => format!("{}; {help}", chain(error)),
        None => chain(error),
    }
}

/// Puts a deployment that is over on GitHub's list, for those who look there.
///
/// # Errors
/// Says what GitHub did not do.
pub(crate) async fn list_deployment(github: &GitHub, record: &ProductionDeployment) -> Result<(), String> {
    let (deployment, status) = as_listed(record);
    let listed = async {
        let listed = github.create_deployment(&deployment).await?;
        github.set_deployment_status(listed.id, &status).await
    };
    listed.await.map_err(|error: GitHubError| with_help(&error))
}

/// Returns what GitHub's list says of a deployment.
fn as_listed(record: &ProductionDeployment) -> (NewDeployment, NewDeploymentStatus) {
    let environment = record.environment.to_string();
    let (state, words) = match record.status {
        DeploymentStatus::Success => (DeploymentState::Success, "shown and verified"),
        DeploymentStatus::RolledBack => (DeploymentState::Failure, "shown, found wanting and taken back"),
        _ => (DeploymentState::Error, "never shown"),
    };
    let deployment = NewDeployment {
        reference: record.commit_hash.to_string(),
        environment,
        description: format!("{} by {}", record.deployment_id, record.deployed_by),
        payload: json!({ "deploymentId": record.deployment_id, "releaseId": record.release_id }),
        production_environment: record.environment == Environment::Production,
        transient_environment: false,
    };
    let address = Some(&record.deployment_url).filter(|url| url.starts_with("http"));
    let status = NewDeploymentStatus {
        state,
        description: format!("{}: {words}", record.deployment_id),
        environment_url: address.cloned(),
    };
    (deployment, status)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fate_of_a_build_is_told_in_its_own_words() {
        let build = |status: &str, message: &str| -> PagesBuild {
            serde_json::from_str(&format!(
                r#"{{"status":{status},"error":{{"message":{message}}},"created_at":"2026-11-20T10:00:00Z",
                "updated_at":"2026-11-20T10:01:00Z"}}"#
            ))
            .unwrap()
        };
        assert_eq!(fate(&build("\"errored\"", "\"Page build failed.\"")), "failed: Page build failed.");
        assert_eq!(fate(&build("\"errored\"", "null")), "failed without a word why");
        assert_eq!(fate(&build("\"building\"", "null")), "says nothing since 2026-11-20T10:01:00Z");
        assert!(fate(&build("\"built\"", "null")).contains("does not show it"));
    }

    #[test]
    fn a_deployment_is_listed_as_what_became_of_it() {
        let golden = include_str!("../../deploy-model/test-data/golden/deployment-1/full.json");
        let record: ProductionDeployment = serde_json::from_str(golden).unwrap();
        for (status, state) in [
            (DeploymentStatus::Success, DeploymentState::Success),
            (DeploymentStatus::RolledBack, DeploymentState::Failure),
            (DeploymentStatus::Failed, DeploymentState::Error),
        ] {
            let record = ProductionDeployment { status, ..record.clone() };
            let (listed, said) = as_listed(&record);
            assert_eq!(listed.reference, record.commit_hash.to_string(), "GitHub shows the commit that was deployed");
            assert_eq!(listed.production_environment, record.environment == Environment::Production);
            assert_eq!(said.state, state, "{status:?}");
            assert!(said.description.starts_with(&record.deployment_id.to_string()));
            assert_eq!(said.environment_url.is_some(), record.deployment_url.starts_with("http"));
        }
    }
}
