//! `init`: a configuration from what is in the folder.

use charter_deploy_model::exit;

use super::{Ended, Invocation, setup};
use crate::{init as proposal, open, usage};

pub(super) fn init(invocation: &Invocation<'_>, dry_run: bool) -> Ended {
    let root = open::root(invocation.surroundings, &invocation.common)?;
    let failed = |error: &proposal::InitError| {
        let mut failure = usage(error.to_string(), charter_pipeline::chain_of(error).split_off(1), &[]);
        failure.next.extend(error.help());
        failure
    };
    let found = proposal::detect(&root).map_err(|error| failed(&error))?;
    if dry_run {
        invocation.output.print(&proposal::render(&found));
        return Ok(exit::DONE);
    }
    let written = proposal::write(&root, &found).map_err(|error| failed(&error))?;
    let names: Vec<String> =
        written.iter().map(|path| path.strip_prefix(&root).unwrap_or(path).display().to_string()).collect();
    let tools = if setup::is_done(&invocation.surroundings.environment) {
        ""
    } else {
        "\nfirst: install what gates need besides this program, once on this machine, with  cargo xtask setup"
    };
    invocation.output.result(
        || format!("wrote {}{tools}\nnext: look at it, commit it, then  cargo xtask deploy", names.join(" and ")),
        || serde_json::json!({ "v": 1, "written": names }),
    );
    Ok(exit::DONE)
}
