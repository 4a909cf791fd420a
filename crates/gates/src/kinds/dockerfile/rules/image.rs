//! The images it begins with, and what the image it makes is like.

use std::collections::HashSet;

use super::super::parse::{Instruction, Keyword};
use super::super::stages::{Image, Stage, line_of_last};
use super::super::words;
use super::{Fault, View, fault};

/// Official images that carry a whole system or a compiler unless the tag says otherwise.
const HEAVY: [&str; 44] = [
    "almalinux",
    "amazoncorretto",
    "amazonlinux",
    "buildpack-deps",
    "bun",
    "centos",
    "clojure",
    "composer",
    "dart",
    "debian",
    "denoland/deno",
    "eclipse-temurin",
    "elixir",
    "erlang",
    "fedora",
    "gcc",
    "golang",
    "gradle",
    "haskell",
    "httpd",
    "jruby",
    "julia",
    "kalilinux/kali-rolling",
    "maven",
    "mono",
    "node",
    "openjdk",
    "opensuse/leap",
    "oraclelinux",
    "oven/bun",
    "perl",
    "php",
    "pypy",
    "python",
    "r-base",
    "rails",
    "rockylinux",
    "ruby",
    "rust",
    "swift",
    "ubuntu",
    "ibmjava",
    "dotnet/sdk",
    "dotnet/framework/sdk",
];
/// What a tag or a name has in it when an image is small.
const LIGHT: [&str; 12] = [
    "alpine",
    "slim",
    "distroless",
    "busybox",
    "scratch",
    "minimal",
    "micro",
    "tiny",
    "chiseled",
    "wolfi",
    "chainguard",
    "nanoserver",
];
/// Words in a tag that name a release, though no digit does.
const RELEASES: [&str; 20] = [
    "stretch", "buster", "bullseye", "bookworm", "trixie", "forky", "trusty", "xenial", "bionic", "focal", "jammy",
    "noble", "oracular", "plucky", "questing", "resolute", "jessie", "wheezy", "kinetic", "lunar",
];
const LIMIT: u32 = 65_535;

pub(super) fn look(view: &View<'_>, faults: &mut Vec<Fault>) {
    let mut aliases = HashSet::new();
    for stage in &view.stages {
        names(stage, &mut aliases, faults);
        version(stage, &aliases, faults);
        platform(stage.from, faults);
        if let Some(fault) = registry(stage, view) {
            faults.push(fault);
        }
        aliases.extend(stage.alias);
    }
    users(view, faults);
    ports(view, faults);
    last_stage(view, faults);
}

fn names(stage: &Stage<'_>, aliases: &mut HashSet<&str>, faults: &mut Vec<Fault>) {
    let Some(alias) = stage.alias else { return };
    if aliases.contains(alias) {
        let what = format!("names two stages `{alias}`");
        faults.push(fault("duplicate-stage", stage.from, alias, what, "give each stage a name of its own"));
    }
    if ["scratch", "context"].contains(&alias) {
        let what = format!("calls a stage `{alias}`, a name with a meaning of its own");
        faults.push(fault("reserved-stage", stage.from, alias, what, "call it something else"));
    }
}

fn version(stage: &Stage<'_>, aliases: &HashSet<&str>, faults: &mut Vec<Fault>) {
    let Image { name, tag, has_digest, .. } = &stage.written;
    let from = stage.from;
    let help = "name a release, such as `alpine:3.22`, or a digest";
    match tag.as_deref() {
        _ if *has_digest => {}
        None if is_alias(name, aliases) => {}
        Some("latest") => {
            let what = format!("begins with `{name}:latest`, which is another image every time");
            faults.push(fault("latest-tag", from, name, what, help));
        }
        None if name != "scratch" && !name.starts_with('$') => {
            let what = format!("begins with `{name}` and does not say which version");
            faults.push(fault("untagged", from, name, what, help));
        }
        _ => faults.extend(floating(stage, help)),
    }
}

/// Says whether a stage before is called so, or would be for some value of the variables in the name.
fn is_alias(name: &str, aliases: &HashSet<&str>) -> bool {
    let Some((begin, variable)) = name.split_once('$') else { return aliases.contains(name) };
    let end = match variable.strip_prefix('{') {
        Some(braced) => braced.rsplit_once('}').map_or("", |(_, end)| end),
        None => variable.trim_start_matches(|letter: char| letter.is_ascii_alphanumeric() || letter == '_'),
    };
    // What a second variable brings nobody can tell.
    let end = if end.contains('$') { "" } else { end };
    !begin.is_empty() && aliases.iter().any(|alias| alias.starts_with(begin) && alias.ends_with(end))
}

/// Finds a tag that names no release, or a variable whose default does not.
fn floating(stage: &Stage<'_>, help: &str) -> Option<Fault> {
    if stage.parent.is_some() {
        return None;
    }
    let Image { name, tag, has_digest, .. } = stage.image.as_ref()?;
    let is_open = match tag.as_deref() {
        _ if *has_digest || name == "scratch" || name.is_empty() => false,
        None => true,
        Some(tag) => tag.split(['-', '.', '_']).all(is_no_release),
    };
    let tag = tag.as_deref().map(|tag| format!(":{tag}")).unwrap_or_default();
    let what = format!("begins with `{name}{tag}`, which moves from release to release");
    is_open.then(|| fault("floating-tag", stage.from, &format!("{name}{tag}"), what, help))
}

fn is_no_release(word: &str) -> bool {
    !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_alphabetic()) && !RELEASES.contains(&word)
}

fn platform(from: &Instruction, faults: &mut Vec<Fault>) {
    let Some(platform) = from.flag("platform") else { return };
    if !["BUILDPLATFORM", "TARGETPLATFORM"].iter().any(|known| platform.contains(known)) {
        let what = format!("is for `{platform}` alone");
        let help = "leave `--platform` out, and say it when you build";
        faults.push(fault("platform", from, platform, what, help));
    }
}

fn registry(stage: &Stage<'_>, view: &View<'_>) -> Option<Fault> {
    let allowed = &view.config.registries;
    let image = stage.image.as_ref()?;
    if allowed.is_empty() || stage.parent.is_some() || image.name == "scratch" {
        return None;
    }
    let host = image.registry.as_deref().unwrap_or("docker.io");
    let fits = |pattern: &String| match (pattern.strip_prefix('*'), pattern.strip_suffix('*')) {
        (Some(end), _) => host.ends_with(end),
        (None, Some(begin)) => host.starts_with(begin),
        (None, None) => host == pattern,
    };
    let what = format!("begins with an image of `{host}`, which `registries` does not list");
    (!allowed.iter().any(fits)).then(|| fault("registry", stage.from, host, what, "take it from one of them"))
}

/// Finds stages that end as root, and an image that names no user at all.
fn users(view: &View<'_>, faults: &mut Vec<Fault>) {
    let user = |stage: &Stage<'_>| -> Option<(usize, bool)> {
        let is_user = |instruction: &&Instruction| instruction.keyword == Keyword::User && !instruction.is_trigger;
        let last = stage.body.iter().rev().find(is_user)?;
        let name = last.text.trim();
        let is_root = ["root", "0"].iter().any(|root| name == *root || name.starts_with(&format!("{root}:")));
        let index = stage.body.iter().position(|instruction| std::ptr::eq(instruction, last))?;
        Some((index, is_root))
    };
    for stage in &view.stages {
        if let Some((index, true)) = user(stage) {
            let what = "ends a stage as root".to_owned();
            let key = stage.alias.unwrap_or(&stage.written.name);
            faults.push(fault(
                "root-user",
                &stage.body[index],
                key,
                what,
                "end it with the `USER` that runs the program",
            ));
        }
    }
    let line = line_of_last(&view.stages);
    let (Some(last), Some(first)) = (line.first(), line.last()) else { return };
    let brings_user = first.image.as_ref().is_none_or(|image| {
        let tag = image.tag.as_deref().unwrap_or_default();
        tag.contains("nonroot")
            || tag.contains("rootless")
            || image.name.contains("nonroot")
            || image.name.contains("unprivileged")
            || tag.contains("nanoserver")
            || image.name.ends_with("nanoserver")
            || image.registry.as_deref() == Some("cgr.dev")
    });
    if !brings_user && !line.iter().any(|stage| user(stage).is_some()) {
        let what = "makes an image that runs as root, because no `USER` says otherwise".to_owned();
        let help = "add a user, and name it in `USER` before `CMD`";
        faults.push(fault("no-user", last.from, &last.written.name, what, help));
    }
}

fn ports(view: &View<'_>, faults: &mut Vec<Fault>) {
    for expose in view.own().filter(|instruction| instruction.keyword == Keyword::Expose) {
        for word in expose.text.split_ascii_whitespace().take_while(|word| !word.starts_with('#')) {
            let (port, protocol) = words::trimmed(word).split_once('/').unwrap_or((words::trimmed(word), "tcp"));
            let (low, high) = port.split_once('-').unwrap_or((port, port));
            // A variable is not known here.
            let (Ok(low), Ok(high)) = (low.parse::<u32>(), high.parse::<u32>()) else { continue };
            if low > LIMIT || high > LIMIT {
                let what = format!("exposes port {port}, and there is none above {LIMIT}");
                faults.push(fault("port-range", expose, word, what, "correct the number"));
            } else if !protocol.eq_ignore_ascii_case("udp")
                && !(low..=high).all(|port| view.config.ports.contains(&port))
            {
                let ports = view.config.ports.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
                let what = format!("exposes port {port}, which is none of {ports}");
                let help = "listen on one of them, or name this one in `ports`";
                faults.push(fault("port", expose, word, what, help));
            }
        }
    }
}

/// Judges what is shipped: the last stage and those it builds on.
fn last_stage(view: &View<'_>, faults: &mut Vec<Fault>) {
    let line = line_of_last(&view.stages);
    let (Some(last), Some(first)) = (line.first(), line.last()) else { return };
    let body = || line.iter().flat_map(|stage| stage.body).filter(|instruction| !instruction.is_trigger);
    if let Some(image) = first.image.as_ref().filter(|image| is_heavy(image, view)) {
        let tag = image.tag.as_deref().map(|tag| format!(":{tag}")).unwrap_or_default();
        let what = format!("ships everything that is in `{}{tag}`", image.name);
        let help = "ship an image of Alpine, a `-slim` one or a distroless one, and build in an earlier stage";
        faults.push(fault("heavy-base", last.from, &image.name, what, help));
    }
    let checks = || body().filter(|instruction| instruction.keyword == Keyword::Healthcheck);
    if view.config.healthcheck && !checks().any(|check| !check.text.eq_ignore_ascii_case("none")) {
        let at = checks().next().unwrap_or(last.from);
        let what = "makes an image of which nobody can tell whether it works: it has no `HEALTHCHECK`".to_owned();
        let help = "add `HEALTHCHECK CMD [\"…\"]` with a program that asks the service";
        faults.push(fault("no-healthcheck", at, &last.written.name, what, help));
    }
    let copies = body().any(|instruction| instruction.flag("from").is_some());
    if view.config.multi_stage && !copies {
        faults.extend(built_here(view, &line));
    }
}

fn is_heavy(image: &Image, view: &View<'_>) -> bool {
    let name = image.name.strip_prefix("library/").unwrap_or(&image.name);
    let tag = image.tag.as_deref().unwrap_or_default();
    let full = format!("{name}:{tag}");
    let is_official =
        matches!(image.registry.as_deref(), None | Some("docker.io" | "mcr.microsoft.com" | "public.ecr.aws"));
    is_official
        && HEAVY.contains(&name)
        && !LIGHT.iter().any(|light| full.contains(light))
        && !view.config.light_bases.iter().any(|light| *light == name || *light == full)
}

/// Finds a command that builds a program in the stage that is shipped.
fn built_here(view: &View<'_>, line: &[&Stage<'_>]) -> Option<Fault> {
    let is_shipped = |instruction: &Instruction| {
        line.iter().any(|stage| stage.body.iter().any(|own| std::ptr::eq(own, instruction)))
    };
    view.runs.iter().filter(|run| !run.instruction.is_trigger && is_shipped(run.instruction)).find_map(|run| {
        let command = run.script.commands.iter().find(|command| builds(&command.name, &command.arguments))?;
        // Values may be secrets.
        let words = command.arguments.iter().map(String::as_str).filter(|word| !word.contains(['=', '/']));
        let shown: Vec<&str> = std::iter::once(command.name.as_str()).chain(words).take(3).collect();
        let shown = shown.join(" ");
        let what = format!("builds with `{shown:.60}` in the stage that it ships");
        let help = "build in a stage of its own, and `COPY --from` it only what runs";
        Some(run.fault("single-stage", command, &shown, what, help))
    })
}

/// Says whether a command makes programs from source.
fn builds(name: &str, arguments: &[String]) -> bool {
    let name = name.rsplit('/').next().unwrap_or(name);
    let has = |any: &[&str]| arguments.iter().any(|argument| any.contains(&argument.as_str()));
    // What a task of a package is called nobody prescribes.
    let runs_build = || arguments.iter().any(|argument| argument == "build" || argument.starts_with("build:"));
    match name {
        "make" | "cmake" | "ninja" | "gcc" | "g++" | "cc" | "c++" | "clang" | "clang++" | "tsc" | "rustc" | "javac"
        | "webpack" | "xbuild" | "msbuild" => true,
        "cargo" | "go" => has(&["build", "install"]),
        "npm" | "pnpm" | "yarn" | "bun" | "deno" | "vite" | "next" | "ng" | "astro" | "hugo" => runs_build(),
        "npx" => runs_build() || has(&["tsc", "webpack"]),
        "mvn" | "mvnw" | "./mvnw" => has(&["package", "install", "verify"]),
        "gradle" | "gradlew" => has(&["build", "assemble", "bootJar", "shadowJar", "jar", "installDist"]),
        "dotnet" => has(&["build", "publish"]),
        "swift" | "stack" | "cabal" | "mix" | "zig" => has(&["build", "release", "install"]),
        _ => false,
    }
}
