//! What the gate makes of files that nobody could foresee.

use proptest::prelude::*;

use super::{DockerfileConfig, judge, parse, shell};

fn found(text: &str) -> Vec<(String, u32)> {
    let judged = judge("Dockerfile", text.as_bytes(), &DockerfileConfig::default());
    let line = |finding: &charter_deploy_model::Finding| finding.locations[0].line.unwrap_or(1);
    let code = |finding: &charter_deploy_model::Finding| finding.code["dockerfile/".len()..].to_owned();
    judged.findings.iter().map(|finding| (code(finding), line(finding))).collect()
}

fn has(text: &str, code: &str) -> bool {
    found(text).iter().any(|(known, _)| known == code)
}

fn commands(script: &str) -> Vec<String> {
    let script = shell::read(script).unwrap_or_else(|| panic!("not read: {script}"));
    let line = |command: &shell::Command| {
        std::iter::once(&command.name).chain(&command.arguments).cloned().collect::<Vec<_>>().join(" ")
    };
    script.commands.iter().map(line).collect()
}

#[test]
fn commands_are_seen_wherever_the_grammar_allows_them() {
    for (script, expected) in [
        ("a && b || c; d & e", &["a", "b", "c", "d", "e"][..]),
        ("a | b |& c", &["a", "b", "c"]),
        ("X=1 Y=\"a b\" cmd 'x y' \"z $W\"", &["cmd x y z $W"]),
        ("if [ -f x ]; then a; elif b; then c; else d; fi", &["a", "b", "c", "d"]),
        ("for f in *.c; do cc $f; done", &["cc $f"]),
        ("while read l; do echo $l; done < file", &["read l", "echo $l"]),
        ("case \"$a\" in x|y) one ;; *) two; three ;; esac; four", &["one", "two", "three", "four"]),
        ("( a; b ) && { c; }", &["a", "b", "c"]),
        ("f() { a; }; f", &["a", "f"]),
        ("echo $(a b) `c d`", &["a b", "c d", "echo $(a b) `c d`"]),
        ("echo $((1 + 2)) ${X:-$(no)}", &["echo $((1 + 2)) ${X:-$(no)}"]),
        ("a > out 2>&1 < in && b >> c", &["a", "b"]),
        ("cat <<A > f\nnot a command\nA\nb", &["cat", "b"]),
        ("[[ $a == b && -n $c ]] && d", &["d"]),
        ("a \\\n  b # no\nc", &["a b", "c"]),
        ("$X y; \"$Z\" w; ok", &["ok"]),
        ("! a", &["a"]),
        ("a=(1 2 3); b", &["1 2 3", "b"]),
        ("echo \"it's\" 'say \"x\"'", &["echo it's say \"x\""]),
        ("", &[]),
    ] {
        assert_eq!(commands(script), expected, "{script}");
    }
}

#[test]
fn a_script_without_an_end_is_not_read() {
    for script in ["echo 'a", "echo \"a", "echo $(a", "( a", "a )", "echo `a", "[[ a", &"$(".repeat(5_000)] {
        assert!(shell::read(script).is_none(), "{script:.40}");
    }
}

#[test]
fn an_instruction_may_go_on_over_comments_and_empty_lines() {
    let file = parse::read(
        b"# syntax=docker/dockerfile:1\n# escape=`\nFROM a:1\nRUN one `\n  # no\n\n  two `\n  three\nUSER b\n",
    )
    .unwrap();
    let runs: Vec<(&str, u32)> = file.instructions.iter().map(|it| (it.text.as_str(), it.line)).collect();
    assert_eq!(runs, [("a:1", 3), ("one   two   three", 4), ("b", 9)]);
    assert_eq!(file.instructions[1].line_at(6), 7);
    assert!(file.problems.is_empty());
}

#[test]
fn heredocs_are_content_and_no_instructions() {
    let text = "FROM a:1\nRUN <<A\nFROM evil\ncd /x\nA\nCOPY <<-B <<'C' /d/\n\tx\n\tB\nUSER root\nC\nUSER 1\n";
    let file = parse::read(text.as_bytes()).unwrap();
    assert!(file.problems.is_empty(), "{:?}", file.problems);
    assert_eq!(file.instructions.len(), 4);
    assert_eq!(file.instructions[2].heredocs[0].content, "x\n");
    assert!(found(text).contains(&("cd".to_owned(), 2)));
    assert!(has("FROM a:1\nRUN <<A\nx\n", "unreadable"), "it never ends");
    assert!(!has("FROM a:1\nRUN echo $((1 << 2))\n", "unreadable"));
}

#[test]
fn a_byte_order_mark_and_carriage_returns_change_nothing() {
    let plain = "FROM debian\nRUN cd /x && \\\n  ls\nMAINTAINER ann\n";
    let windows = format!("\u{feff}{}", plain.replace('\n', "\r\n"));
    assert_eq!(found(plain), found(&windows));
}

#[test]
fn what_is_no_text_is_told_with_its_line() {
    assert_eq!(found("FROM a:1\n\0\n"), [("unreadable".to_owned(), 2)]);
    let judged = judge("Dockerfile", b"FROM a:1\n\nRUN \xff\n", &DockerfileConfig::default());
    assert_eq!(judged.findings[0].locations[0].line, Some(3));
    assert!(has("", "unreadable"));
    assert!(has("# only this\n", "unreadable"));
}

#[test]
fn a_template_is_one_finding_that_shows_ten_lines() {
    let text = format!("FROM a:1\n{}", "{{ line }}\n".repeat(40));
    let judged = judge("Dockerfile", text.as_bytes(), &DockerfileConfig::default());
    let unreadable: Vec<_> = judged.findings.iter().filter(|it| it.code == "dockerfile/unreadable").collect();
    assert_eq!(unreadable.len(), 1);
    assert!(unreadable[0].message.ends_with("; 39 more lines cannot be read"), "{}", unreadable[0].message);
    let lines: Vec<_> = unreadable[0].locations.iter().filter_map(|at| at.line).collect();
    assert_eq!(lines, (2..12).collect::<Vec<_>>());
    assert_eq!(unreadable[0].key.as_deref(), Some("begins with `{{`, which is no instruction"));
}

#[test]
fn what_powershell_runs_is_neither_judged_nor_undecided() {
    let undecided = |text: &str| judge("Dockerfile", text.as_bytes(), &DockerfileConfig::default()).undecided.len();
    let script = "-Command \" $it -match 'a' + '$' -split '\\s' `\n  \n";
    assert_eq!(undecided(&format!("# escape=`\nFROM a:1\nRUN powershell {script}")), 0);
    assert_eq!(undecided(&format!("# escape=`\nFROM a:1\nRUN C:\\bin\\pwsh.exe {script}")), 0);
    assert_eq!(undecided(&format!("# escape=`\nFROM a:1\nRUN bash {script}")), 1);
    assert!(has("FROM a:1\nRUN true\nRUN powershell \"x\n", "consecutive-run"), "as hadolint counts");
}

#[test]
fn what_is_known_to_be_in_order_is_not_told() {
    for (text, code, expected) in [
        ("RUN apt-get update; apt-get dist-clean\n", "apt-lists", false),
        ("RUN apt-get update; apt-get clean\n", "apt-lists", true),
        ("RUN useradd -u $APP_USER app\n", "high-uid", false),
        ("RUN useradd -u 1234567 app\n", "high-uid", true),
        ("RUN --mount=source=go.mod,target=/a/go.mod go install example.org/tool\n", "go-version", false),
        ("RUN --mount=type=cache,target=/go go install example.org/tool\n", "go-version", true),
        ("HEALTHCHECK CONNECT TCP 7000\n", "unreadable", true),
        ("HEALTHCHECK --interval=1s CMD\n", "unreadable", true),
        ("HEALTHCHECK cmd a\nHEALTHCHECK none\n", "unreadable", false),
    ] {
        assert_eq!(has(&format!("FROM a:1\n{text}"), code), expected, "{text}");
    }
}

#[test]
fn nano_server_brings_a_user_and_server_core_none() {
    assert!(!has("FROM mcr.microsoft.com/windows/nanoserver:ltsc2025\n", "no-user"));
    assert!(!has("ARG REPO=x/aspnet\nFROM $REPO:9.0-nanoserver-1809\n", "no-user"));
    assert!(has("FROM mcr.microsoft.com/windows/servercore:ltsc2025\n", "no-user"));
}

#[test]
fn an_argument_in_from_stands_for_its_default() {
    for (text, code, expected) in [
        ("ARG V=latest\nFROM alpine:$V\n", "floating-tag", true),
        ("ARG V=3.22\nFROM alpine:${V}\n", "floating-tag", false),
        ("ARG V\nFROM alpine:${V}\n", "floating-tag", false),
        ("FROM alpine:${V:-edge}\n", "floating-tag", true),
        ("ARG A=3.22\nARG V=$A\nFROM alpine:$V\n", "floating-tag", false),
        ("FROM debian:bookworm-slim\n", "floating-tag", false),
        ("FROM alpine:edge@sha256:abc\n", "floating-tag", false),
        ("FROM localhost:5000/app\n", "untagged", true),
        ("FROM localhost:5000/app:1\n", "untagged", false),
        ("FROM a:1 AS base\nFROM base\n", "untagged", false),
        ("FROM scratch\n", "untagged", false),
        ("FROM a:1 AS build-linux\nFROM build-$TARGETOS\n", "untagged", false),
        ("FROM a:1 AS build-linux-debug\nFROM build-${TARGETOS}-debug\n", "untagged", false),
        ("FROM a:1 AS other\nFROM build-$TARGETOS\n", "untagged", true),
        ("ARG B=slim\nFROM a:1 AS out-slim\nFROM out-${B}\n", "floating-tag", false),
    ] {
        assert_eq!(has(text, code), expected, "{text}");
    }
}

#[test]
fn what_an_image_is_like_is_asked_of_what_is_shipped() {
    let built = "FROM golang:1.25 AS build\nRUN go build -o /a .\n";
    assert!(has(built, "single-stage") && has(built, "heavy-base") && has(built, "no-user"));
    let shipped = format!("{built}FROM alpine:3.22\nCOPY --from=build /a /a\nUSER 1\nHEALTHCHECK CMD [\"/a\"]\n");
    for code in ["single-stage", "heavy-base", "no-user", "no-healthcheck"] {
        assert!(!has(&shipped, code), "{code}");
    }
    let named = "FROM alpine:3.22 AS base\nUSER 1\nHEALTHCHECK CMD [\"a\"]\nFROM base\nRUN true\n";
    assert!(!has(named, "no-user") && !has(named, "no-healthcheck"), "the stage it builds on says it");
    assert!(has("FROM alpine:3.22\nHEALTHCHECK NONE\n", "no-healthcheck"));
}

#[test]
fn a_script_from_the_net_is_told_unless_it_is_checked() {
    for (run, expected) in [
        ("curl -sSf https://x | sh", true),
        ("curl https://x | sudo -E bash -", true),
        ("wget -qO- https://x | gunzip | sh -s -- -y", true),
        ("curl https://x | python3 -", true),
        ("curl https://x | python3 parse.py", false),
        ("curl https://x | tar xz", false),
        ("echo x | sh", false),
        ("curl https://x | tee f | sha256sum -c | sh", false),
    ] {
        assert_eq!(has(&format!("FROM a:1\nRUN {run}\n"), "piped-script"), expected, "{run}");
    }
}

#[test]
fn neither_keys_nor_messages_hold_a_secret() {
    let text = "FROM a:1\nENV DB_PASSWORD=hunter22-xyz\nRUN a\nRUN TOKEN=hunter22-xyz b hunter22-xyz\n\
                RUN npm install git+https://hunter22-xyz@example.org/a\n";
    let judged = judge("Dockerfile", text.as_bytes(), &DockerfileConfig::default());
    assert!(judged.findings.len() > 3);
    for finding in judged.findings {
        assert!(!format!("{finding:?}").contains("hunter22"), "{finding:?}");
    }
}

#[test]
fn the_same_fault_in_two_places_is_two_findings() {
    let judged = judge("Dockerfile", b"FROM a:1\nRUN cd /x\nRUN cd /y\n", &DockerfileConfig::default());
    let keys: Vec<_> =
        judged.findings.iter().filter(|it| it.code == "dockerfile/cd").map(|it| it.key.clone()).collect();
    assert_eq!(keys, [Some("cd".to_owned()), Some("cd#2".to_owned())]);
}

proptest! {
    #[test]
    fn any_bytes_can_be_read(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        let _ = judge("Dockerfile", &bytes, &DockerfileConfig::default());
    }

    #[test]
    fn anything_like_a_dockerfile_can_be_read(
        text in "((FROM|RUN|COPY|ONBUILD|ENV|ARG|USER|HEALTHCHECK|CMD|SHELL|EXPOSE) |--from=|<<-?A|\nA\n|[ \\-:\\[\\]{}&*#,?|>'\"!%@`~$()=;\\\\\n\té]|[a-z]{1,3}){0,80}",
    ) {
        let lines = text.matches('\n').count() + 1;
        for (_, line) in found(&text) {
            prop_assert!((1..=lines).contains(&(line as usize)));
        }
    }

    #[test]
    fn any_script_ends(text in "(if|case|in|esac|for|do|\\$\\(|\\$\\{|`|[ ;&|<>(){}\"'\\\\#\né$=!]|[a-z0-9]{1,3}){0,80}") {
        let _ = shell::read(&text);
    }
}
