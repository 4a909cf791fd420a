//! Deployments, one a line.

use charter_deploy_model::ProductionDeployment;

use crate::layout::{cut, table};
use crate::style::{BOLD, DIM, paint};
use crate::{visible, words};

/// One deployment with what became of it later, which its own record cannot know.
#[derive(Debug, Clone, PartialEq)]
pub struct DeploymentLine {
    /// The record.
    pub record: ProductionDeployment,
    /// How it stands today, such as `live` or `rolled back by 20261121-020711-deployment`; absent when its status
    /// says all.
    pub standing: Option<String>,
}

/// Returns a table of deployments, in the order given, that fits 100 columns.
///
/// When all are of one environment, it is said once above the table.
#[must_use]
pub fn history(deployments: &[DeploymentLine]) -> String {
    let Some(first) = deployments.first().map(|line| line.record.environment) else {
        return format!("{}\n", paint(DIM, "no deployments yet"));
    };
    let mixed = deployments.iter().any(|line| line.record.environment != first);
    let mut head = vec!["  DEPLOYMENT", "TYPE", "COMMIT", "BY", "OUTCOME"];
    // Where it went matters more than who did it, and there is room for one of the two.
    if mixed {
        head[3] = "WHERE";
    }
    let rows: Vec<Vec<String>> = deployments.iter().map(|line| row(line, mixed)).collect();
    let title = if mixed { String::new() } else { format!("{}\n\n", paint(BOLD, &first.to_string())) };
    format!("{title}{}", table(&head, &rows))
}

fn row(line: &DeploymentLine, with_environment: bool) -> Vec<String> {
    let record = &line.record;
    let (mark, outcome) = words::status(record.status);
    let outcome = match &line.standing {
        Some(standing) if standing == "live" => paint(BOLD, standing),
        Some(standing) => visible(standing),
        None => outcome.to_owned(),
    };
    let who = || cut(&visible(&record.deployed_by), 16);
    vec![
        format!("{} {}", mark.painted(), record.deployment_id),
        words::deployment_type(record.deployment_type).to_owned(),
        record.commit_hash.short().to_owned(),
        if with_environment { record.environment.to_string() } else { who() },
        outcome,
    ]
}
