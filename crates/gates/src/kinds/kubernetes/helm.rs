//! Charts, rendered by the program `helm` as they are in the work tree, which must be as it was committed.

use std::fs;
use std::path::Path;
use std::time::Duration;

use charter_host::{Command, Host, ProcessError, Scope};
use charter_repository::CommittedFile;

use super::files::{Manifests, failed};
use super::manifest;
use crate::gate::blocking;
use crate::{GateError, Source};

/// A chart that takes longer is given up.
const LIMIT: Duration = Duration::from_secs(60);
/// The host keeps no more of what a program writes, in bytes.
const OUTPUT_LIMIT: usize = 4 << 20;

/// What became of a chart.
pub(super) enum Rendered {
    /// The manifests, by the template each came from.
    Manifests(Vec<Manifests>),
    /// It only helps other charts.
    Library,
    /// Why nothing is known about it, a sentence.
    Unknown(String),
}

/// Renders the chart in a folder of the project with the values it brings along.
pub(super) async fn render(
    host: &Host,
    source: &Source,
    chart: &str,
    files: &[CommittedFile],
    minor: u32,
    scope: &Scope,
) -> Result<Rendered, GateError> {
    let shown = if chart.is_empty() { "." } else { chart };
    let (inner, listed, folder) = (source.clone(), files.to_vec(), chart.to_owned());
    let state = blocking(move || state(&inner, &folder, &listed)).await?;
    match state {
        State::Library => return Ok(Rendered::Library),
        State::Differs(path) => {
            let what = format!("the chart `{shown}` was not rendered: `{path}` is not as it was committed");
            return Ok(Rendered::Unknown(what));
        }
        State::AsCommitted => {}
    }
    let version = format!("1.{minor}.0");
    let program = Command::new(
        "helm",
        ["template", "release", shown, "--namespace", "default", "--kube-version", &version],
        source.repository.root(),
        host.environment.allow(&["PATH", "HOME", "USER", "LANG", "LC_*", "TMPDIR"]),
        LIMIT,
    );
    let output = match host.processes.run(&program, scope).await {
        Ok(output) => output,
        Err(ProcessError::Cancelled { .. }) => return Err(GateError::Cancelled),
        Err(ProcessError::NotFound { .. }) => {
            let what = format!(
                "the chart `{shown}` was not rendered: `helm` is not installed; install it (https://helm.sh/docs/intro/install/) and \
                 try `{program}`"
            );
            return Ok(Rendered::Unknown(what));
        }
        Err(error) => return Ok(Rendered::Unknown(format!("the chart `{shown}` was not rendered: {error}"))),
    };
    if !output.succeeded() {
        let words = output.last_lines(2).join("; ");
        return Ok(Rendered::Unknown(format!("the chart `{shown}` was not rendered: `{program}` said: {words}")));
    }
    if output.stdout.len() >= OUTPUT_LIMIT {
        return Ok(Rendered::Unknown(format!("the chart `{shown}` renders to more than can be judged")));
    }
    let stdout = output.stdout;
    let chart = chart.to_owned();
    blocking(move || Ok(Rendered::Manifests(by_template(&chart, &stdout)))).await
}

/// How a chart's folder is.
enum State {
    AsCommitted,
    Differs(String),
    Library,
}

fn state(source: &Source, chart: &str, files: &[CommittedFile]) -> Result<State, GateError> {
    let blobs = source.repository.blobs().map_err(failed)?;
    let root = source.repository.root();
    let own = if chart.is_empty() { "Chart.yaml".to_owned() } else { format!("{chart}/Chart.yaml") };
    for file in files {
        let now = fs::read(root.join(&file.path));
        let is_same = blobs.read(file.blob, |then| now.is_ok_and(|now| now == then)).map_err(failed)?;
        if !is_same {
            return Ok(State::Differs(file.path.clone()));
        }
        let is_library =
            |content: &[u8]| String::from_utf8_lossy(content).lines().any(|line| line.trim_end() == "type: library");
        if file.path == own && blobs.read(file.blob, is_library).map_err(failed)? {
            return Ok(State::Library);
        }
    }
    Ok(State::AsCommitted)
}

/// Puts what was rendered under the templates that it came from.
fn by_template(chart: &str, rendered: &[u8]) -> Vec<Manifests> {
    let mut file = manifest::read(rendered);
    let mut files: Vec<Manifests> = Vec::new();
    for part in std::mem::take(&mut file.parts) {
        // Helm names the chart and not its folder.
        let within = part.rendered_from.as_deref().and_then(|from| from.split_once('/')).map(|(_, within)| within);
        let path = Path::new(chart).join(within.unwrap_or("Chart.yaml")).to_string_lossy().into_owned();
        match files.iter_mut().find(|known| known.path == path) {
            Some(known) => known.file.parts.push(part),
            None => {
                let file = manifest::File { parts: vec![part], ..manifest::File::default() };
                files.push(Manifests { path, blob: None, file });
            }
        }
    }
    if !file.problems.is_empty() {
        let path = Path::new(chart).join("Chart.yaml").to_string_lossy().into_owned();
        files.push(Manifests { path, blob: None, file });
    }
    for part in files.iter_mut().flat_map(|file| &mut file.file.parts) {
        part.rendered_from.get_or_insert_default();
    }
    files
}
