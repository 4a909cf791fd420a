//! How packages are installed: which versions, and what is left behind.

use std::collections::{HashMap, HashSet};

use super::super::parse::Keyword;
use super::super::shell::Command;
use super::super::words;
use super::{Fault, Run, View, listed};

pub(super) fn look(view: &View<'_>, faults: &mut Vec<Fault>) {
    for run in &view.runs {
        apt(run, faults);
        apk(run, faults);
        versions(run, faults);
    }
    apt_lists(view, faults);
    pip_cache(view, faults);
}

fn is_apt_install(command: &Command) -> bool {
    command.is("apt-get", &["install"])
}

fn apt(run: &Run<'_>, faults: &mut Vec<Fault>) {
    let commands = &run.script.commands;
    let is_open = |package: &&str| *package != "install" && !package.contains(['=', '/']) && !package.ends_with(".deb");
    let unpinned = |command: &Command| {
        let packages = command.operands(&["t", "target-release"]).into_iter().filter(is_open);
        if is_apt_install(command) { packages.map(str::to_owned).collect() } else { Default::default() }
    };
    faults.extend(without_version(run, "apt-version", unpinned, "write `package=version`"));
    let says_yes = |command: &Command| {
        command.has_flag(&["y", "yes", "qq", "assume-yes"])
            || command.count("q") == 2
            || command.count("quiet") == 2
            || command.has("-q=2")
    };
    if let Some(command) = commands.iter().find(|command| is_apt_install(command) && !says_yes(command)) {
        let what = "installs with `apt-get` and waits for somebody to say yes".to_owned();
        faults.push(run.fault("apt-yes", command, "apt-get", what, "write `apt-get install -y`"));
    }
    let is_lean = |command: &Command| {
        command.has_flag(&["no-install-recommends"]) || command.has("APT::Install-Recommends=false")
    };
    if let Some(command) = commands.iter().find(|command| is_apt_install(command) && !is_lean(command)) {
        let what = "installs with `apt-get` what is merely recommended as well".to_owned();
        faults.push(run.fault("apt-recommends", command, "apt-get", what, "write `--no-install-recommends`"));
    }
}

fn apk(run: &Run<'_>, faults: &mut Vec<Fault>) {
    let is_open =
        |package: &&str| *package != "add" && !package.contains(['=', '~', '>', '<']) && !package.ends_with(".apk");
    let unpinned = |command: &Command| {
        let packages = command.operands(&["t", "virtual", "repository", "X"]).into_iter().filter(is_open);
        if command.is("apk", &["add"]) { packages.map(str::to_owned).collect() } else { Default::default() }
    };
    faults.extend(without_version(run, "apk-version", unpinned, "write `package=version`"));
    let keeps = |command: &&Command| command.is("apk", &["add"]) && !command.has_flag(&["no-cache"]);
    if let Some(command) = run.script.commands.iter().find(keeps).filter(|_| !run.instruction.mounts("/var/cache/apk"))
    {
        let what = "installs with `apk` and keeps its index".to_owned();
        faults.push(run.fault("apk-cache", command, "apk", what, "write `apk add --no-cache`"));
    }
}

/// Makes one finding of a `RUN` in which packages are installed without a version.
fn without_version(
    run: &Run<'_>,
    code: &'static str,
    unpinned: impl Fn(&Command) -> Vec<String>,
    help: &str,
) -> Option<Fault> {
    let mut first = None;
    let mut packages: Vec<String> = Vec::new();
    for command in &run.script.commands {
        let of_this = unpinned(command);
        if !of_this.is_empty() {
            first.get_or_insert(command);
            packages.extend(of_this.iter().map(|package| without_login(package)));
        }
    }
    let what = format!("installs {} in whichever version there is", listed(packages.iter().map(String::as_str)));
    Some(run.fault(code, first?, &packages.join(" "), what, help))
}

/// Returns an address without the user and password that may stand in it.
fn without_login(package: &str) -> String {
    match package.split_once("://") {
        Some((scheme, rest)) if rest.split('/').next().is_some_and(|host| host.contains('@')) => {
            format!("{scheme}://…@{}", rest.split_once('@').map_or(rest, |(_, host)| host))
        }
        _ => package.to_owned(),
    }
}

fn versions(run: &Run<'_>, faults: &mut Vec<Fault>) {
    let owned = |packages: Vec<&str>| packages.into_iter().map(str::to_owned).collect::<Vec<_>>();
    faults.extend(without_version(
        run,
        "pip-version",
        |command| owned(pip(command)),
        "write `package==version`, or `-r` a file that does",
    ));
    faults.extend(without_version(
        run,
        "npm-version",
        |command| owned(npm(command)),
        "write `package@version`, or use `npm ci`",
    ));
    faults.extend(without_version(run, "gem-version", |command| owned(gem(command)), "write `gem:version`"));
    // A module that is mounted names the versions of its tools.
    let has_module = run.instruction.flags.iter().any(|(name, value)| name == "mount" && value.contains("go.mod"));
    if !has_module {
        faults.extend(without_version(run, "go-version", |command| owned(go(command)), "write `package@version`"));
    }
}

fn is_pip_install(command: &Command) -> bool {
    let is_pip = command.name.starts_with("pip") && !command.name.starts_with("pipenv") && command.has("install");
    is_pip || command.name.starts_with("python") && command.has_row(&["-m", "pip", "install"])
}

/// Flags of `pip install` that take a value.
const PIP_VALUES: [&str; 25] = [
    "abi",
    "b",
    "build",
    "e",
    "editable",
    "extra-index-url",
    "f",
    "find-links",
    "i",
    "index-url",
    "implementation",
    "no-binary",
    "only-binary",
    "platform",
    "prefix",
    "progress-bar",
    "proxy",
    "python",
    "python-version",
    "root",
    "root-user-action",
    "src",
    "t",
    "target",
    "trusted-host",
];

fn pip(command: &Command) -> Vec<&str> {
    let takes_list = command.has_any(&["--requirement", "-r", "."]) || command.has_flag(&["constraint", "c"]);
    if !is_pip_install(command) || takes_list {
        return Vec::new();
    }
    let mut flags = PIP_VALUES.to_vec();
    flags.push("upgrade-strategy");
    let operands = command.operands(&flags);
    let packages = operands.into_iter().skip_while(|word| *word != "install").skip_while(|word| *word == "install");
    packages.filter(|package| !is_fixed_for_pip(package)).collect()
}

fn is_fixed_for_pip(package: &str) -> bool {
    let is_vcs = ["git", "hg+", "svn", "bzr+"].iter().any(|scheme| package.starts_with(scheme));
    ["==", ">", "<", "!=", "~="].iter().any(|sign| package.contains(sign))
        || is_vcs && package.contains('@')
        || [".whl", ".tar.gz"].iter().any(|ending| package.ends_with(ending))
        || !is_vcs && package.contains('/')
}

fn npm(command: &Command) -> Vec<&str> {
    let operands = command.operands(&["loglevel", "registry"]);
    if command.name != "npm" || operands.first() != Some(&"install") {
        return Vec::new();
    }
    operands.into_iter().skip_while(|word| *word == "install").filter(|package| !is_fixed_for_npm(package)).collect()
}

fn is_fixed_for_npm(package: &str) -> bool {
    let is_git =
        ["git://", "git+ssh://", "git+http://", "git+https://"].iter().any(|scheme| package.starts_with(scheme));
    if is_git {
        return package.contains('#');
    }
    [".tar", ".tar.gz", ".tgz"].iter().any(|ending| package.ends_with(ending))
        || ["/", "./", "../", "~/"].iter().any(|begin| package.starts_with(begin))
        || package.strip_prefix('@').unwrap_or(package).contains('@')
}

fn gem(command: &Command) -> Vec<&str> {
    let says_version = command.has_any(&["-v", "--version"])
        || command.arguments.iter().any(|argument| argument.starts_with("--version="));
    if !command.is("gem", &["install", "i"]) || says_version {
        return Vec::new();
    }
    let (mut gems, mut words) = (Vec::new(), command.arguments.iter().take_while(|word| *word != "--"));
    while let Some(word) = words.next() {
        if word.starts_with('-') {
            words.next();
        } else if word != "install" && word != "i" && !word.contains(':') {
            gems.push(word.as_str());
        }
    }
    gems
}

fn go(command: &Command) -> Vec<&str> {
    let is_open = |package: &&str| {
        let is_local = package.starts_with(['.', '/']);
        let is_fixed = package.contains('@') && !package.ends_with("@latest") && !package.ends_with("@none");
        !is_local && !is_fixed
    };
    let operands = command.operands(&[]);
    if command.is("go", &["run"]) {
        return operands.into_iter().take(2).filter(|word| *word != "run").filter(is_open).collect();
    }
    if command.is("go", &["install", "get"]) {
        let packages = operands.into_iter().filter(|word| !["install", "get", "tool"].contains(word));
        return packages.filter(is_open).collect();
    }
    Vec::new()
}

/// Finds lists of packages that stay in an image: that of the last stage, or of one that another builds on.
fn apt_lists(view: &View<'_>, faults: &mut Vec<Fault>) {
    let images: HashSet<&str> = view.stages.iter().map(|stage| stage.written.name.as_str()).collect();
    let forgets = |run: &&Run<'_>| {
        let commands = &run.script.commands;
        let updates = |command: &Command| {
            ["apt", "apt-get", "aptitude"].contains(&command.name.as_str()) && command.has("update")
        };
        let cleans = |command: &Command| {
            command.is("rm", &["-rf", "/var/lib/apt/lists/*"])
                || ["apt", "apt-get"].contains(&command.name.as_str())
                    && ["dist-clean", "distclean"].iter().any(|word| command.has(word))
        };
        let is_mounted = run.instruction.mounts("/var/lib/apt/lists")
            || run.instruction.mounts("/var/lib/apt") && run.instruction.mounts("/var/cache/apt");
        commands.iter().any(updates) && !commands.iter().any(cleans) && !is_mounted
    };
    for run in view.runs.iter().filter(forgets) {
        let holds = |stage: &&super::Stage<'_>| stage.body.iter().any(|own| std::ptr::eq(own, run.instruction));
        let stage = view.stages.iter().position(|stage| holds(&stage));
        let is_kept = stage.is_none_or(|index| {
            index + 1 == view.stages.len() || view.stages[index].alias.is_some_and(|alias| images.contains(alias))
        });
        let updates = run.script.commands.iter().find(|command| command.has("update"));
        if let Some(command) = updates.filter(|_| is_kept || run.instruction.is_trigger) {
            let what = "leaves the lists of `apt-get update` in the image".to_owned();
            let help = "add `&& rm -rf /var/lib/apt/lists/*` to the same `RUN`";
            faults.push(run.fault("apt-lists", command, "apt-get update", what, help));
        }
    }
}

const TRUTHS: [&str; 10] = ["1", "true", "True", "TRUE", "on", "On", "ON", "yes", "Yes", "YES"];

/// Finds what pip downloaded and keeps; a variable set in a stage holds in those that build on it.
fn pip_cache(view: &View<'_>, faults: &mut Vec<Fault>) {
    let (mut is_off, mut current): (HashMap<String, bool>, String) = (HashMap::new(), String::new());
    let (mut stages, mut runs) = (view.stages.iter(), view.runs.iter().peekable());
    for (index, instruction) in view.file.instructions.iter().enumerate() {
        match instruction.keyword {
            Keyword::From if !instruction.is_trigger => {
                let Some(stage) = stages.next() else { continue };
                let inherited = is_off.get(&stage.written.name).copied().unwrap_or(false);
                current = stage.alias.unwrap_or(&stage.written.name).to_owned();
                is_off.insert(current.clone(), inherited);
            }
            Keyword::Env => {
                let pairs = words::pairs(&instruction.text);
                let value =
                    pairs.iter().find(|(name, _)| name == "PIP_NO_CACHE_DIR").and_then(|(_, value)| value.as_deref());
                if value.is_some_and(|value| TRUTHS.contains(&value)) {
                    is_off.insert(current.clone(), true);
                }
            }
            Keyword::Run => {
                let Some(run) = runs.next_if(|run| run.index == index) else { continue };
                let is_set = || {
                    let value = run.text.split_once("PIP_NO_CACHE_DIR=").map(|(_, value)| value);
                    value.is_some_and(|value| TRUTHS.iter().any(|truth| value.starts_with(truth)))
                };
                let keeps = |command: &&Command| {
                    let is_wrapper = command.name.contains("pipx") || command.has_row(&["-m", "pipx"]);
                    is_pip_install(command) && !command.has("--no-cache-dir") && !is_wrapper
                };
                let is_fine = is_off.get(&current).copied().unwrap_or(false) && !instruction.is_trigger
                    || instruction.mounts(".cache/pip")
                    || is_set();
                if let Some(command) = run.script.commands.iter().find(keeps).filter(|_| !is_fine) {
                    let what = "installs with `pip` and keeps what it downloaded".to_owned();
                    faults.push(run.fault(
                        "pip-cache",
                        command,
                        "pip install",
                        what,
                        "write `pip install --no-cache-dir`",
                    ));
                }
            }
            _ => {}
        }
    }
}
