//! `setup`: what gates need besides this program.

use std::path::Path;
use std::time::Duration;

use charter_deploy_model::{Failure, UsersSee, exit};
use charter_gates::tools;
use charter_host::{Command, Environment, Host, Scope, durable};
use serde_json::json;

use super::{Ended, Invocation};
use crate::{open, usage};

/// npm and apt fetch hundreds of megabytes.
const LIMIT: Duration = Duration::from_secs(900);

/// What setup saw to, and what it did for it.
struct Step {
    what: &'static str,
    done: String,
}

/// Says whether there is nothing left to set up.
pub(super) fn is_done(environment: &Environment) -> bool {
    tools::folder(environment).is_some_and(|folder| tools::is_complete(&folder))
        && charter_browser::find(environment).is_some()
}

/// Installs the packages from npm and Chromium, where they are not there yet, and says what it did.
pub(super) async fn setup(invocation: &Invocation<'_>) -> Ended {
    let host = Host::system(invocation.surroundings.environment.clone());
    let steps = [install_tools(&host).await?, install_squawk(&host).await?, install_chromium(&host).await?];
    invocation.output.result(
        || steps.iter().map(|step| format!("{}: {}", step.what, step.done)).collect::<Vec<_>>().join("\n"),
        || {
            let steps: Vec<_> = steps.iter().map(|step| json!({ "what": step.what, "done": step.done })).collect();
            json!({ "v": 1, "steps": steps })
        },
    );
    Ok(exit::DONE)
}

async fn install_tools(host: &Host) -> Result<Step, Failure> {
    let what = "axe-core, lighthouse, typescript";
    let Some(folder) = tools::folder(&host.environment) else {
        return Err(usage("there is no home folder for them", Vec::new(), &["set HOME or XDG_DATA_HOME"]));
    };
    if tools::is_complete(&folder) {
        return Ok(Step { what, done: format!("there already, in {}", folder.display()) });
    }
    let broken = |error: durable::DurableError| open::broken("the folder for tools cannot be written", &error);
    durable::make_folder(&folder).map_err(broken)?;
    durable::replace_derived(&folder.join("package.json"), tools::PACKAGE.as_bytes()).map_err(broken)?;
    durable::replace_derived(&folder.join("package-lock.json"), tools::LOCK.as_bytes()).map_err(broken)?;
    // No script of a package is run: none of them needs it, and Lighthouse would fetch a browser of its own.
    let arguments = ["ci", "--ignore-scripts", "--no-audit", "--no-fund"];
    run(
        host,
        "npm",
        &arguments,
        &folder,
        "install Node.js 18.20 or newer with npm, then run `cargo xtask setup` again",
    )
    .await?;
    tools::note_complete(&folder).map_err(broken)?;
    Ok(Step { what, done: format!("installed in {}", folder.display()) })
}

/// Installs the linter of migrations.
async fn install_squawk(host: &Host) -> Result<Step, Failure> {
    let what = "squawk";
    let Some(folder) = tools::squawk_folder(&host.environment) else {
        return Err(usage("there is no home folder for it", Vec::new(), &["set HOME or XDG_DATA_HOME"]));
    };
    if tools::is_complete(&folder) {
        return Ok(Step { what, done: format!("there already, in {}", folder.display()) });
    }
    let broken = |error: durable::DurableError| open::broken("the folder for tools cannot be written", &error);
    durable::make_folder(&folder).map_err(broken)?;
    let target = folder.display().to_string();
    let arguments = ["-m", "pip", "install", "--quiet", "--upgrade", "--no-deps", "--target", &target, tools::SQUAWK];
    let next = "install Python with pip (`python3-pip` on Debian and Ubuntu), then run `cargo xtask setup` again";
    if let Err(failure) = run(host, "python3", &arguments, Path::new("/"), next).await {
        // Migrations are judged without it too.
        return Ok(Step { what, done: format!("left out, for {}; {next}", failure.what) });
    }
    tools::note_complete(&folder).map_err(broken)?;
    Ok(Step { what, done: format!("installed in {target}") })
}

async fn install_chromium(host: &Host) -> Result<Step, Failure> {
    let what = "Chromium";
    if let Some(program) = charter_browser::find(&host.environment) {
        return Ok(Step { what, done: format!("there already, {}", program.display()) });
    }
    let by_hand = "install Chromium: `sudo apt-get install chromium` on Debian and Ubuntu";
    if !rustix::process::geteuid().is_root() || !Path::new("/usr/bin/apt-get").exists() {
        return Err(Failure {
            exit_code: exit::USAGE,
            what: "Chromium is missing, and only root can install it".to_owned(),
            why: Vec::new(),
            users_see: UsersSee::NotConcerned,
            next: vec![by_hand.to_owned(), "cargo xtask setup".to_owned()],
        });
    }
    let folder = Path::new("/");
    run(host, "apt-get", &["update", "--quiet", "--quiet"], folder, by_hand).await?;
    let install = ["install", "--yes", "--quiet", "--quiet", "--no-install-recommends", "chromium"];
    run(host, "apt-get", &install, folder, by_hand).await?;
    match charter_browser::find(&host.environment) {
        Some(program) => Ok(Step { what, done: format!("installed, {}", program.display()) }),
        None => Err(usage("apt-get installed no Chromium that can be found", Vec::new(), &[by_hand])),
    }
}

async fn run(host: &Host, program: &str, arguments: &[&str], folder: &Path, next: &str) -> Result<(), Failure> {
    let environment = host
        .environment
        .allow(&[
            "PATH",
            "HOME",
            "LANG",
            "LC_*",
            "*_proxy",
            "*_PROXY",
            "npm_config_*",
            "PIP_*",
            "NODE_EXTRA_CA_CERTS",
            "SSL_CERT_*",
        ])
        .with("DEBIAN_FRONTEND", "noninteractive")
        .with("PUPPETEER_SKIP_DOWNLOAD", "1");
    let command = Command::new(program, arguments.iter().copied(), folder, environment, LIMIT);
    let failure = |why: Vec<String>| Failure {
        exit_code: exit::USAGE,
        what: format!("`{command}` did not succeed"),
        why,
        users_see: UsersSee::NotConcerned,
        next: vec![next.to_owned()],
    };
    match host.processes.run(&command, &Scope::default()).await {
        Ok(output) if output.succeeded() => Ok(()),
        Ok(output) => Err(failure(output.last_lines(10))),
        Err(error) => Err(failure(vec![error.to_string()])),
    }
}
