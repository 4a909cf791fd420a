//! `emergency`: what is to be done at once when users do not get what they come for.
//!
//! The procedure is the deployment policy's: assess, stop deployments, show the release before again, look whether it is
//! live, and tell what comes next. Each step becomes an update of the incident. That an update cannot be written holds
//! nothing up: users come first.

use std::sync::Arc;

use charter_deploy_model::{
    Failure, IncidentId, IncidentSeverity, IncidentStatus, LiveVerification, ProductionDeployment, TriggerSource, exit,
};
use charter_host::Scope;
use charter_pipeline::freeze::{self as freezing, Freeze};
use charter_pipeline::{Project, RollbackRequest, going_back_to, verify_live};
use charter_report::json::v1;
use charter_report::{Emergency, EmergencyStep, StepOutcome};

use super::deploy::carry_out;
use super::{Ended, Invocation};
use crate::incidents::{self, Beginning};

/// What is done, and the incident that it is written into.
struct Procedure<'a> {
    invocation: &'a Invocation<'a>,
    project: Arc<Project>,
    done: Emergency,
}

pub(super) async fn emergency(invocation: &Invocation<'_>, reason: String, no_rollback: bool, dry_run: bool) -> Ended {
    let project = invocation.project_to_show().await?;
    let scope = invocation.output.scope();
    let before = incidents::shown(&project, &scope).await;
    let environment = project.settings.environment;
    let done = Emergency { environment, reason, dry_run, incident: None, steps: Vec::new(), next: Vec::new() };
    let mut procedure = Procedure { invocation, project, done };
    if dry_run {
        procedure.say_steps(before.as_ref(), no_rollback, &scope).await;
        return Ok(exit::DONE);
    }
    procedure.open(before.as_ref()).await;
    procedure.assess(before.as_ref()).await;
    procedure.freeze().await;
    let failure = match no_rollback {
        true => {
            procedure.step("roll-back", StepOutcome::LeftOut, "what is live stays, as you asked", None).await;
            None
        }
        false => procedure.roll_back().await,
    };
    let is_live = procedure.verify(&scope).await;
    procedure.finish(no_rollback || failure.is_some());
    match failure {
        Some(failure) => Err(failure),
        None if is_live => Ok(exit::DONE),
        None => Ok(exit::INCONCLUSIVE),
    }
}

impl Procedure<'_> {
    async fn open(&mut self, before: Option<&ProductionDeployment>) {
        let beginning = Beginning {
            title: self.done.reason.clone(),
            severity: IncidentSeverity::Critical,
            services: self.impacted(),
            public_title: None,
        };
        match incidents::open(&self.project, beginning, before).await {
            Ok(open) => {
                self.done.incident = Some(open.incident.incident_id);
                self.invocation.output.note(&format!("opened {}", open.incident.incident_id));
            }
            Err(error) => self.warn(&error),
        }
    }

    /// What the monitor calls people for, or else the environment.
    fn impacted(&self) -> Vec<String> {
        let mut names: Vec<String> = self.alerts().into_iter().map(|(endpoint, _)| endpoint).collect();
        names.dedup();
        if names.is_empty() { vec![self.project.settings.environment.to_string()] } else { names }
    }

    /// The monitor's open alerts: endpoint and title.
    fn alerts(&self) -> Vec<(String, String)> {
        let standing = incidents::standing(&self.project).ok().flatten().unwrap_or_default();
        standing.alerts.into_values().map(|alert| (alert.endpoint, alert.alert.title)).collect()
    }

    fn users_see(&self, before: Option<&ProductionDeployment>) -> String {
        let live = match before {
            Some(it) => {
                let since = it.shown_at.unwrap_or(it.finished_at);
                let release = it.release_id.as_ref().map(ToString::to_string).unwrap_or_default();
                format!(
                    "users see {release} of {}, commit {}, since {since:.0}",
                    it.deployment_id,
                    it.commit_hash.short()
                )
            }
            None => "no deployment is known that users see".to_owned(),
        };
        let alerts: Vec<String> = self.alerts().into_iter().map(|(_, title)| title).collect();
        match alerts.is_empty() {
            true => format!("{live}; no alert of a monitor is open"),
            false => format!("{live}; open alerts: {}", alerts.join(", ")),
        }
    }

    async fn assess(&mut self, before: Option<&ProductionDeployment>) {
        let text = self.users_see(before);
        self.step("assess", StepOutcome::Done, &text, None).await;
    }

    async fn freeze(&mut self) {
        let records = self.project.records.clone();
        if let Ok(Some(freeze)) = freezing::current(&records) {
            let text = format!("deployments were frozen already: {}", freeze.reason);
            return self.step("freeze", StepOutcome::Done, &text, None).await;
        }
        let reason = match self.done.incident {
            Some(id) => format!("{id}: {}", self.done.reason),
            None => self.done.reason.clone(),
        };
        let freeze = Freeze { reason, by: incidents::who(&self.project), since: Some(self.project.host.clock.now()) };
        match freezing::set(&records, &freeze) {
            Ok(()) => self.step("freeze", StepOutcome::Done, "deployments are frozen; going back is not", None).await,
            Err(error) => {
                let text = format!("deployments could not be frozen: {}", words(&error));
                self.step("freeze", StepOutcome::Failed, &text, None).await;
            }
        }
    }

    async fn roll_back(&mut self) -> Option<Failure> {
        let request = RollbackRequest { trigger: TriggerSource::Emergency, to: None };
        let work = |project: Arc<Project>, scope: Scope| async move {
            charter_pipeline::rollback(&project, &request, &scope).await
        };
        match carry_out(self.invocation, &self.project, work).await {
            Ok(finished) => {
                let record = finished.record;
                let back = record.rollback_deployment_id.map(|id| format!(" of {id}")).unwrap_or_default();
                let took = record.switch_ms.map(|took| format!(", switched in {took} ms")).unwrap_or_default();
                let release = record.release_id.as_ref().map(ToString::to_string).unwrap_or_default();
                let text = format!("{} shows {release}{back} again{took}", record.deployment_id);
                self.step("roll-back", StepOutcome::Done, &text, Some(IncidentStatus::Monitoring)).await;
                None
            }
            Err(failure) => {
                let why: Vec<&str> = std::iter::once(&failure.what).chain(&failure.why).map(String::as_str).collect();
                self.step("roll-back", StepOutcome::Failed, &why.join(": "), None).await;
                Some(failure)
            }
        }
    }

    async fn verify(&mut self, scope: &Scope) -> bool {
        let (outcome, text) = match verify_live(&self.project, scope).await {
            Ok(Some(live)) => answered(&live),
            Ok(None) => (StepOutcome::Failed, "users see no release".to_owned()),
            Err(stop) => (StepOutcome::Failed, words(&stop)),
        };
        self.step("verify", outcome, &text, None).await;
        outcome == StepOutcome::Done
    }

    /// Keeps a step, in the incident too.
    async fn step(&mut self, name: &'static str, outcome: StepOutcome, text: &str, status: Option<IncidentStatus>) {
        let at = self.project.host.clock.now();
        self.done.steps.push(EmergencyStep { at: Some(at), name, outcome, text: text.to_owned() });
        let Some(id) = self.done.incident else { return };
        let by = incidents::who(&self.project);
        let said = format!("{name}: {text}");
        let written = incidents::change(&self.project, id, |open| open.update(at, &by, &said, status, false)).await;
        if let Err(error) = written {
            self.warn(&error);
        }
    }

    fn warn(&self, error: &dyn std::error::Error) {
        self.invocation.output.note(&format!("! {}", words(error)));
    }

    fn finish(&mut self, is_still_shown: bool) {
        self.done.next = next(self.done.incident, is_still_shown);
        let done = &self.done;
        self.invocation.output.result(|| charter_report::emergency(done), || v1::emergency(done));
    }

    async fn say_steps(&mut self, before: Option<&ProductionDeployment>, no_rollback: bool, scope: &Scope) {
        let request = RollbackRequest { trigger: TriggerSource::Emergency, to: None };
        let (outcome, back) = match (no_rollback, going_back_to(&self.project, &request, scope).await) {
            (true, _) => (StepOutcome::LeftOut, "what is live stays, as you asked".to_owned()),
            (false, Ok(to)) => {
                let release = to.release_id.as_ref().map(ToString::to_string).unwrap_or_default();
                (StepOutcome::Planned, format!("would show {release} of {} again", to.deployment_id))
            }
            (false, Err(stop)) => (StepOutcome::Failed, words(&stop)),
        };
        let steps = [
            ("open", StepOutcome::Planned, "would open a critical incident of this reason".to_owned()),
            ("assess", StepOutcome::Done, self.users_see(before)),
            ("freeze", StepOutcome::Planned, "would freeze deployments; going back stays possible".to_owned()),
            ("roll-back", outcome, back),
            ("verify", StepOutcome::Planned, "would look whether what is live answers as it should".to_owned()),
        ];
        self.done.steps =
            steps.map(|(name, outcome, text)| EmergencyStep { at: None, name, outcome, text }).into_iter().collect();
        self.done.next = vec!["the same without --dry-run; nothing was opened, frozen or shown".to_owned()];
        let done = &self.done;
        self.invocation.output.result(|| charter_report::emergency(done), || v1::emergency(done));
    }
}

fn answered(live: &LiveVerification) -> (StepOutcome, String) {
    let wrong: Vec<String> = live
        .checks
        .iter()
        .filter(|check| !check.passed)
        .map(|check| format!("`{}` {}", check.path, check.problem.as_deref().unwrap_or("failed")))
        .collect();
    let asked = live.checks.len();
    match wrong.is_empty() {
        true => (StepOutcome::Done, format!("{} answers as it should, in {asked} of {asked} checks", live.url)),
        false => (StepOutcome::Failed, format!("{} does not answer as it should: {}", live.url, wrong.join("; "))),
    }
}

fn next(incident: Option<IncidentId>, is_still_shown: bool) -> Vec<String> {
    let mut next = Vec::new();
    if is_still_shown {
        next.push("`cargo xtask rollback --to DEPLOYMENT` shows an earlier release; `history` lists them".to_owned());
    }
    next.extend(incident.map(|id| format!("`cargo xtask incident update {id} TEXT` says what is known")));
    next.push("`cargo xtask unfreeze`, then `deploy --emergency REASON`, shows a fix that cannot wait".to_owned());
    next.extend(incident.map(|id| format!("`cargo xtask incident resolve {id} --resolution TEXT` ends it")));
    next.extend(incident.map(|id| format!("`cargo xtask incident report {id}`: a post-mortem, within 24 hours")));
    next
}

fn words(error: &dyn std::error::Error) -> String {
    charter_pipeline::chain_of(error).join(": ")
}
