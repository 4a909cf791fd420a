//! What can be wrong with a Dockerfile.

use std::collections::HashMap;

use super::DockerfileConfig;
use super::parse::{Dockerfile, Instruction, Keyword};
use super::shell::{self, Command, Script};
use super::stages::{self, Stage};

mod commands;
mod image;
mod instructions;
mod packages;
mod secret;

/// Something that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Fault {
    /// The code without the gate's name.
    pub(super) code: &'static str,
    /// The line of the instruction.
    pub(super) line: u32,
    /// The line within the instruction.
    pub(super) within: u32,
    pub(super) key: String,
    /// What the file does, as it follows the file's name.
    pub(super) what: String,
    pub(super) help: String,
}

/// What the rules look at.
pub(super) struct View<'f> {
    file: &'f Dockerfile,
    stages: Vec<Stage<'f>>,
    runs: Vec<Run<'f>>,
    config: &'f DockerfileConfig,
}

/// A `RUN` and what it runs.
struct Run<'f> {
    instruction: &'f Instruction,
    script: Script,
    /// The script as it is written.
    text: &'f str,
    /// Its place among the instructions.
    index: usize,
    /// The line the script begins in, where that is not the instruction's text.
    heredoc: Option<u32>,
}

impl Run<'_> {
    /// Returns the line in which a command begins.
    fn line_of(&self, command: &Command) -> u32 {
        match self.heredoc {
            Some(first) => {
                let before = self.text[..command.at].bytes().filter(|byte| *byte == b'\n').count();
                first.saturating_add(u32::try_from(before).unwrap_or(u32::MAX))
            }
            None => self.instruction.line_at(command.at),
        }
    }

    fn fault(&self, code: &'static str, command: &Command, key: &str, what: String, help: &str) -> Fault {
        let within = self.line_of(command);
        Fault { code, line: self.instruction.line, within, key: key.to_owned(), what, help: help.to_owned() }
    }
}

fn fault(code: &'static str, instruction: &Instruction, key: &str, what: String, help: &str) -> Fault {
    let line = instruction.line;
    Fault { code, line, within: line, key: key.to_owned(), what, help: help.to_owned() }
}

/// Returns everything that is wrong, in the order of lines, and the lines whose shell could not be read.
pub(super) fn judge(file: &Dockerfile, config: &DockerfileConfig) -> (Vec<Fault>, Vec<u32>) {
    let mut unread = Vec::new();
    let view = View { file, stages: stages::of(file), runs: runs(file, &mut unread), config };
    let mut faults = Vec::new();
    image::look(&view, &mut faults);
    instructions::look(&view, &mut faults);
    secret::look(&view, &mut faults);
    packages::look(&view, &mut faults);
    commands::look(&view, &mut faults);
    faults.sort_by(|a, b| (a.line, a.code, &a.key).cmp(&(b.line, b.code, &b.key)));
    number_the_same(&mut faults);
    (faults, unread)
}

/// Tells apart what is wrong in the same way in several places.
fn number_the_same(faults: &mut [Fault]) {
    let mut seen: HashMap<(&'static str, String), usize> = HashMap::new();
    for fault in faults {
        let count = seen.entry((fault.code, fault.key.clone())).or_default();
        *count += 1;
        if *count > 1 {
            fault.key = format!("{}#{count}", fault.key);
        }
    }
}

/// Reads the scripts; what a shell other than those of POSIX reads is left alone.
fn runs<'f>(file: &'f Dockerfile, unread: &mut Vec<u32>) -> Vec<Run<'f>> {
    let (mut runs, mut is_posix) = (Vec::new(), true);
    for (index, instruction) in file.instructions.iter().enumerate() {
        match instruction.keyword {
            Keyword::From => is_posix = true,
            Keyword::Shell => is_posix = !is_windows_shell(instruction),
            Keyword::Run if is_posix => {
                let (text, heredoc) = script_of(instruction);
                let script = match &instruction.json {
                    // The words are commands' own, whatever a shell would make of them.
                    Some(words) => shell::read(&words.join(" ")),
                    None => shell::read(text),
                };
                // What PowerShell runs is not judged, so it need not be read.
                match script.or_else(|| is_windows_shell(instruction).then(Script::default)) {
                    Some(script) => runs.push(Run { instruction, script, text, index, heredoc }),
                    None => unread.push(instruction.line),
                }
            }
            _ => {}
        }
    }
    runs
}

/// Returns what the shell is handed: the text, or a heredoc that stands in its place.
fn script_of(instruction: &Instruction) -> (&str, Option<u32>) {
    let stands_alone = instruction.text.starts_with("<<") && instruction.text.split_ascii_whitespace().count() == 1;
    match instruction.heredocs.first() {
        Some(heredoc) if stands_alone => {
            let is_other = heredoc.content.strip_prefix("#!").is_some_and(|line| {
                let line = line.lines().next().unwrap_or_default();
                !line.split(['/', ' ']).any(|word| matches!(word, "sh" | "bash" | "ash" | "dash" | "ksh" | "zsh"))
            });
            (if is_other { "" } else { &heredoc.content }, Some(heredoc.line))
        }
        _ => (&instruction.text, None),
    }
}

pub(super) fn is_windows_shell(instruction: &Instruction) -> bool {
    let first = match &instruction.json {
        Some(words) => words.first().map_or("", String::as_str),
        None => instruction.text.split_ascii_whitespace().next().unwrap_or_default(),
    };
    let program = first.rsplit(['/', '\\']).next().unwrap_or(first).to_ascii_lowercase();
    ["pwsh", "powershell", "cmd"].iter().any(|known| program.starts_with(known))
}

impl<'f> View<'f> {
    /// Returns the instructions that run when this image is built.
    fn own(&self) -> impl Iterator<Item = &'f Instruction> {
        self.file.instructions.iter().filter(|instruction| !instruction.is_trigger)
    }
}

/// Returns words as a list that a sentence can hold.
fn listed<'a>(words: impl IntoIterator<Item = &'a str>) -> String {
    let words: Vec<&str> = words.into_iter().collect();
    let shown = words.iter().take(4).map(|word| format!("`{word:.60}`")).collect::<Vec<_>>().join(", ");
    match words.len().saturating_sub(4) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}
