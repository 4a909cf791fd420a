//! Single instructions: where they copy from and to, what is said twice, what is out of date.

use std::collections::{HashMap, HashSet};

use super::super::parse::{Instruction, Keyword, name};
use super::super::stages::Image;
use super::super::words::{self, trimmed};
use super::{Fault, View, fault};

const ARCHIVES: [&str; 15] = [
    ".tar", ".Z", ".bz2", ".gz", ".lz", ".lzma", ".tZ", ".tb2", ".tbz", ".tbz2", ".tgz", ".tlz", ".tpz", ".txz", ".xz",
];

pub(super) fn look(view: &View<'_>, faults: &mut Vec<Fault>) {
    for instruction in &view.file.instructions {
        if instruction.is_trigger {
            faults.extend(trigger(instruction));
        } else {
            alone(instruction, faults);
        }
    }
    order(view, faults);
    repeated(view, faults);
    copies(view, faults);
    environment(view, faults);
}

fn trigger(instruction: &Instruction) -> Option<Fault> {
    let word = name(instruction.keyword);
    let is_wrong = matches!(instruction.keyword, Keyword::Onbuild | Keyword::From | Keyword::Maintainer);
    let what = format!("has `{word}` behind `ONBUILD`, where it may not stand");
    is_wrong.then(|| fault("trigger", instruction, word, what, "take it out"))
}

fn alone(instruction: &Instruction, faults: &mut Vec<Fault>) {
    let text = instruction.text.as_str();
    match instruction.keyword {
        Keyword::Workdir => {
            let path = trimmed(text);
            if !path.starts_with(['$', '/']) && !is_windows_path(path) {
                let what = format!("works in `{path:.60}`, which depends on where it was before");
                faults.push(fault("relative-workdir", instruction, path, what, "begin the path with `/`"));
            }
        }
        Keyword::Add => {
            let Some((sources, _)) = instruction.paths() else { return };
            let is_file = |source: &&str| {
                let source = trimmed(source);
                !ARCHIVES.iter().any(|ending| source.ends_with(ending))
                    && !["https://", "http://", "<<"].iter().any(|begin| source.starts_with(begin))
            };
            if let Some(source) = sources.into_iter().find(is_file) {
                let what = format!("brings `{source:.60}` in with `ADD`, which also fetches and unpacks");
                faults.push(fault("add-file", instruction, source, what, "write `COPY`"));
            }
        }
        Keyword::Copy => {
            let Some((sources, target)) = instruction.paths() else { return };
            if sources.len() > 1 && !trimmed(target).ends_with('/') {
                let what = format!("copies {} things to `{target:.60}`, which is no folder by its name", sources.len());
                faults.push(fault("copy-target", instruction, target, what, "end the target with `/`"));
            }
            if let Some(from) = instruction.flag("from")
                && trimmed(target) == "/"
                && sources.iter().any(|it| trimmed(it) == "/")
            {
                let what = format!("copies the whole file system of `{from:.60}`");
                faults.push(fault("whole-system", instruction, "/", what, "copy what runs, and nothing else"));
            }
        }
        Keyword::Cmd | Keyword::Entrypoint if instruction.json.is_none() => {
            let word = name(instruction.keyword);
            let what = format!("gives `{word}` to a shell, which does not pass signals on");
            faults.push(fault(
                "shell-form",
                instruction,
                word,
                what,
                "write it as a list: `[\"program\", \"argument\"]`",
            ));
        }
        Keyword::Healthcheck if instruction.json.is_none() && !text.eq_ignore_ascii_case("none") => {
            let what = "gives `HEALTHCHECK` to a shell, which the image may not have".to_owned();
            faults.push(fault("healthcheck-form", instruction, "HEALTHCHECK", what, "write it as a list"));
        }
        Keyword::Maintainer => {
            let what = "uses `MAINTAINER`, which is out of date".to_owned();
            let help = "write `LABEL org.opencontainers.image.authors=\"…\"`";
            faults.push(fault("maintainer", instruction, "MAINTAINER", what, help));
        }
        Keyword::Label => {
            let pairs = words::pairs(text);
            let wrong: Vec<&str> = pairs.iter().map(|(key, _)| key.as_str()).filter(|key| !is_label_key(key)).collect();
            if let Some(first) = wrong.first() {
                let what = format!("has a label that is called {}", super::listed(wrong.iter().copied()));
                let help = "use lower-case letters, digits, dots and hyphens, and begin with a domain of yours";
                faults.push(fault("label-key", instruction, first, what, help));
            }
        }
        _ => {}
    }
}

fn is_windows_path(path: &str) -> bool {
    matches!(path.as_bytes(), [drive, b':', ..] if drive.is_ascii_alphabetic())
}

fn is_label_key(key: &str) -> bool {
    let is_lower = |letter: char| letter.is_ascii_lowercase();
    key.starts_with(is_lower)
        && key.ends_with(|letter: char| is_lower(letter) || letter.is_ascii_digit())
        && key.chars().all(|letter| is_lower(letter) || letter.is_ascii_digit() || ".-_/".contains(letter))
        && !["com.docker.", "io.docker.", "org.dockerproject."].iter().any(|reserved| key.starts_with(reserved))
        && !key.contains("..")
        && !key.contains("--")
}

fn order(view: &View<'_>, faults: &mut Vec<Fault>) {
    let before = view.file.instructions.iter().take_while(|it| it.is_trigger || it.keyword != Keyword::From);
    for instruction in before.filter(|it| it.is_trigger || it.keyword != Keyword::Arg) {
        let word = if instruction.is_trigger { "ONBUILD" } else { name(instruction.keyword) };
        let what = format!("has `{word}` before any `FROM`");
        faults.push(fault("order", instruction, word, what, "begin with `FROM`; only `ARG` may stand before it"));
    }
}

/// Finds instructions of which only the last of a stage counts.
fn repeated(view: &View<'_>, faults: &mut Vec<Fault>) {
    let mut seen = HashSet::new();
    for instruction in view.own() {
        let word = name(instruction.keyword);
        let code = match instruction.keyword {
            Keyword::From => {
                seen.clear();
                continue;
            }
            Keyword::Cmd => "several-commands",
            Keyword::Entrypoint => "several-entrypoints",
            Keyword::Healthcheck => "several-healthchecks",
            _ => continue,
        };
        if !seen.insert(code) {
            let what = format!("says `{word}` once more in a stage, where only the last counts");
            faults.push(fault(code, instruction, word, what, "leave the others out"));
        }
    }
}

/// Follows the stages: where `COPY --from` reaches, and whether a relative target has a folder to be in.
fn copies(view: &View<'_>, faults: &mut Vec<Fault>) {
    let (mut names, mut count, mut own) = (HashSet::new(), 0_usize, None);
    // By alias, or by image where there is none; before any stage by nothing.
    let (mut has_workdir, mut current): (HashMap<String, bool>, String) = (HashMap::new(), String::new());
    let mut stages = view.stages.iter();
    for instruction in view.own() {
        match instruction.keyword {
            Keyword::From => {
                let Some(stage) = stages.next() else { continue };
                count += 1;
                own = stage.alias;
                names.extend(stage.alias);
                let Image { name, .. } = &stage.written;
                current = stage.alias.unwrap_or(name).to_owned();
                if count > 1 {
                    let inherited = has_workdir.get(name).copied().unwrap_or(false);
                    has_workdir.insert(current.clone(), inherited);
                }
            }
            Keyword::Workdir => _ = has_workdir.insert(current.clone(), true),
            Keyword::Copy => {
                if let Some(from) = instruction.flag("from") {
                    faults.extend(source(instruction, from, &names, count, own));
                }
                let Some((_, target)) = instruction.paths() else { continue };
                let path = trimmed(target);
                let is_placed = path.starts_with(['/', '$']) || is_windows_path(path);
                if !is_placed && !has_workdir.get(&current).copied().unwrap_or(false) {
                    let what = format!("copies to `{target:.60}`, and no `WORKDIR` says where that is");
                    faults.push(fault("relative-copy", instruction, target, what, "set `WORKDIR` before it"));
                }
            }
            _ => {}
        }
    }
}

fn source(
    instruction: &Instruction,
    from: &str,
    names: &HashSet<&str>,
    count: usize,
    own: Option<&str>,
) -> Option<Fault> {
    if own == Some(from) {
        let what = format!("copies from `{from}` into `{from}` itself");
        return Some(fault("own-stage", instruction, from, what, "copy within a stage by `RUN cp`"));
    }
    let digits = from.len() - from.trim_start_matches(|letter: char| letter.is_ascii_digit()).len();
    let is_numbered = from[..digits].parse::<usize>().is_ok_and(|number| number < count);
    if from.contains(':') || names.contains(from) || is_numbered {
        return None;
    }
    let what = format!("copies from `{from:.60}`, which is no stage before");
    let help = "name a stage, or an image with its version";
    Some(fault("unknown-stage", instruction, from, what, help))
}

/// Finds variables that one `ENV` sets and uses at once, which takes their earlier value.
fn environment(view: &View<'_>, faults: &mut Vec<Fault>) {
    let mut known: HashSet<String> = HashSet::new();
    for instruction in view.own() {
        match instruction.keyword {
            Keyword::Arg => known.extend(words::arguments(&instruction.text).into_iter().next().map(|(name, _)| name)),
            Keyword::Env => {
                let pairs = words::pairs(&instruction.text);
                let is_used = |index: usize, name: &str| {
                    let others = pairs.iter().enumerate().filter(|(other, _)| *other != index);
                    others.into_iter().any(|(_, (_, value))| value.as_deref().is_some_and(|value| uses(value, name)))
                };
                let used =
                    pairs.iter().enumerate().find(|(index, (name, _))| !known.contains(name) && is_used(*index, name));
                if let Some((_, (name, _))) = used {
                    let what = format!("uses `${name:.60}` in the `ENV` that sets it, before it is set");
                    faults.push(fault("own-variable", instruction, name, what, "set it in an `ENV` before"));
                }
                known.extend(pairs.into_iter().map(|(name, _)| name));
            }
            _ => {}
        }
    }
}

fn uses(value: &str, name: &str) -> bool {
    let is_bare = |(at, _): (usize, &str)| {
        let behind = value[at + 1 + name.len()..].chars().next();
        behind.is_none_or(|letter| !letter.is_ascii_alphanumeric() && letter != '_')
    };
    !name.is_empty()
        && (value.contains(&format!("${{{name}}}")) || value.match_indices(&format!("${name}")).any(is_bare))
}
