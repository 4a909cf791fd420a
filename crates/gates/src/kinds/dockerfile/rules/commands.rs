//! What else the commands of `RUN` do.

use std::collections::HashSet;

use super::super::parse::{Instruction, Keyword};
use super::super::shell::{self, Command};
use super::{Fault, Run, View, fault, is_windows_shell};

/// Programs that do nothing in a layer that is being built.
const POINTLESS: [&str; 9] = ["free", "kill", "mount", "ps", "service", "shutdown", "ssh", "top", "vim"];
const SHELLS: [&str; 5] = ["sh", "bash", "ash", "dash", "zsh"];
const INTERPRETERS: [&str; 5] = ["python", "python3", "perl", "ruby", "node"];

pub(super) fn look(view: &View<'_>, faults: &mut Vec<Fault>) {
    for run in &view.runs {
        single(run, faults);
    }
    pipes(view, faults);
    consecutive(view, faults);
    wget_and_curl(view, faults);
    ignores(view, faults);
}

fn single(run: &Run<'_>, faults: &mut Vec<Fault>) {
    let mut first =
        |code: &'static str, wanted: &dyn Fn(&Command) -> bool, what: &dyn Fn(&Command) -> String, help: &str| {
            if let Some(command) = run.script.commands.iter().find(|command| wanted(command)) {
                faults.push(run.fault(code, command, &command.name, what(command), help));
            }
        };
    if !run.instruction.is_trigger {
        let help = "set `WORKDIR` before it";
        first(
            "cd",
            &|it| it.name == "cd",
            &|it| format!("changes to `{:.60}` for one `RUN`", it.arguments.join(" ")),
            help,
        );
    }
    let what = |_: &Command| "runs `sudo`, and a build needs none".to_owned();
    first("sudo", &|it| it.name == "sudo", &what, "leave it out, or set `USER` before it");
    let what = |_: &Command| "installs with `apt`, which is made for people".to_owned();
    first("apt", &|it| it.name == "apt", &what, "write `apt-get`");
    let what = |it: &Command| format!("runs `{}`, which does nothing in an image", it.name);
    first("pointless-command", &|it| POINTLESS.contains(&it.name.as_str()), &what, "leave it out");
    let what = |_: &Command| "links another shell to `/bin/sh`".to_owned();
    first("shell-link", &|it| it.is("ln", &["/bin/sh"]), &what, "say it with `SHELL`");
    let what = |_: &Command| "adds a user with a high number, and a log of gigabytes for it".to_owned();
    first("high-uid", &has_high_uid, &what, "write `useradd --no-log-init`, or choose a lower number");
    let what = |_: &Command| "fills the log of the build with the progress of `wget`".to_owned();
    first("wget-progress", &shows_progress, &what, "write `wget -q` or `wget --progress=dot:giga`");
    piped_script(run, faults);
}

fn has_high_uid(command: &Command) -> bool {
    let values = command
        .arguments
        .windows(2)
        .filter(|pair| pair[0].starts_with('-') && !pair[0].starts_with("--") && pair[0].contains('u'));
    command.name == "useradd"
        && !command.has_flag(&["l", "no-log-init"])
        && values.into_iter().any(|pair| pair[1].len() > 5 && pair[1].bytes().all(|byte| byte.is_ascii_digit()))
}

fn shows_progress(command: &Command) -> bool {
    let quiet = ["progress", "q", "quiet", "o", "output-file", "a", "append-output", "no-verbose"];
    command.name == "wget" && !command.has_flag(&quiet) && !command.has("-nv")
}

/// Finds programs of others that are run as they come over the net.
fn piped_script(run: &Run<'_>, faults: &mut Vec<Fault>) {
    let commands = &run.script.commands;
    let comes_from_net = |mut index: Option<usize>| {
        let mut comes = false;
        while let Some(from) = index {
            let Command { name, arguments, reads, .. } = &commands[from];
            // What checks it in between is believed.
            if name.ends_with("sum") || name == "gpg" || arguments.iter().any(|word| word.ends_with("sum")) {
                return false;
            }
            comes |= ["curl", "wget"].contains(&name.as_str());
            index = *reads;
        }
        comes
    };
    let runs_input = |command: &Command| {
        let words = std::iter::once(command.name.as_str()).chain(command.arguments.iter().map(String::as_str));
        let mut words = words
            .skip_while(|word| ["sudo", "env", "exec"].contains(word) || word.starts_with('-') || word.contains('='));
        let program = words.next().unwrap_or_default();
        let program = program.rsplit('/').next().unwrap_or(program);
        // With a script of its own it only reads data.
        SHELLS.contains(&program) || INTERPRETERS.contains(&program) && words.all(|word| word == "-")
    };
    let found =
        commands.iter().find(|command| command.reads.is_some() && runs_input(command) && comes_from_net(command.reads));
    if let Some(command) = found {
        let what = format!("runs with `{}` whatever the net sends", command.name);
        let help = "download it, compare its checksum, and run it then";
        faults.push(run.fault("piped-script", command, &command.name, what, help));
    }
}

fn pipes(view: &View<'_>, faults: &mut Vec<Fault>) {
    let (mut is_safe, mut runs) = (false, view.runs.iter().peekable());
    for (index, instruction) in view.file.instructions.iter().enumerate() {
        let run = runs.next_if(|run| run.index == index);
        match instruction.keyword {
            _ if instruction.is_trigger => {}
            Keyword::From => is_safe = false,
            Keyword::Shell => is_safe = stops_on_failure(instruction),
            Keyword::Run if !is_safe => {
                let Some(run) = run.filter(|run| run.script.pipes > 0) else { continue };
                // The script may ask for it itself.
                let asks = |command: &Command| command.is("set", &["pipefail"]) || command.has("-eo pipefail");
                if !run.script.commands.iter().any(asks) {
                    let what = "has a pipe of which only the last command may fail the build".to_owned();
                    let help =
                        "set `SHELL [\"/bin/bash\", \"-o\", \"pipefail\", \"-c\"]` before it (`/bin/ash` on Alpine)";
                    faults.push(fault("pipefail", instruction, "pipe", what, help));
                }
            }
            _ => {}
        }
    }
}

fn stops_on_failure(shell: &Instruction) -> bool {
    if is_windows_shell(shell) {
        return true;
    }
    let words = shell.json.as_ref().map_or_else(|| shell.text.clone(), |words| words.join(" "));
    let Some(script) = shell::read(&words) else { return false };
    script.commands.iter().any(|command| {
        let name = command.name.rsplit('/').next().unwrap_or_default();
        ["bash", "zsh", "ash"].contains(&name) && command.has_flag(&["o"]) && command.has("pipefail")
    })
}

/// Finds a `RUN` behind a `RUN` where both do a single thing.
fn consecutive(view: &View<'_>, faults: &mut Vec<Fault>) {
    let mut before: Option<(Vec<&(String, String)>, usize)> = None;
    let mut runs = view.runs.iter().peekable();
    for (index, instruction) in view.file.instructions.iter().enumerate() {
        let Some(run) = runs.next_if(|run| run.index == index).filter(|_| !instruction.is_trigger) else {
            before = None;
            continue;
        };
        let mut flags: Vec<&(String, String)> = instruction.flags.iter().collect();
        flags.sort();
        let count = run.script.commands.len();
        match &before {
            Some((earlier, earlier_count)) if *earlier == flags && count < 2 && *earlier_count < 2 => {
                let what = "runs one thing more in a layer of its own".to_owned();
                let key = run.script.commands.first().map_or("RUN", |command| command.name.as_str());
                faults.push(fault("consecutive-run", instruction, key, what, "join it with the `RUN` before by `&&`"));
            }
            _ => before = Some((flags, count)),
        }
    }
}

fn wget_and_curl(view: &View<'_>, faults: &mut Vec<Fault>) {
    let (mut own, mut of_triggers) = (HashSet::new(), HashSet::new());
    let mut runs = view.runs.iter().peekable();
    for (index, instruction) in view.file.instructions.iter().enumerate() {
        if instruction.keyword == Keyword::From && !instruction.is_trigger {
            own.clear();
        }
        let Some(run) = runs.next_if(|run| run.index == index) else { continue };
        let used = if instruction.is_trigger { &mut of_triggers } else { &mut own };
        let loaders = || run.script.commands.iter().filter(|command| ["curl", "wget"].contains(&command.name.as_str()));
        used.extend(loaders().map(|command| command.name.as_str()));
        if let Some(command) = loaders().next().filter(|_| used.len() > 1) {
            let what = "downloads with `curl` and with `wget`, so that the image needs both".to_owned();
            faults.push(run.fault("wget-and-curl", command, &command.name, what, "choose one of them"));
        }
    }
}

fn ignores(view: &View<'_>, faults: &mut Vec<Fault>) {
    for (line, codes) in &view.file.ignores {
        let what = format!("tells hadolint to ignore `{codes:.60}`, which counts for nothing here");
        let help = "waive the finding in `charter.toml`, with a reason and a date";
        let (line, key) = (*line, codes.clone());
        faults.push(Fault { code: "inline-ignore", line, within: line, key, what, help: help.to_owned() });
    }
}
