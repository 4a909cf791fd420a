//! Where the reports of a run go.

use charter_deploy_model::{Failure, GateReport};
use charter_pipeline::Project;

use crate::args::ReportTo;
use crate::commands::{Invocation, deploy};

/// Says the reports, and writes them in the forms that were asked for.
pub(super) fn reports(
    invocation: &Invocation<'_>,
    _project: &Project,
    reports: &[GateReport],
    _to: &[ReportTo],
) -> Result<(), Failure> {
    deploy::say_reports(invocation, reports);
    Ok(())
}
