//! What makes a workflow file run.

use crate::yaml::{self, Content, Document, Id, Place, Problem};

/// A larger file is not read, in bytes.
pub(super) const SIZE_LIMIT: u64 = 1 << 20;
/// No event has a longer name, in bytes.
const NAME_LIMIT: usize = 60;

/// What a workflow file says of when it runs.
#[derive(Debug)]
pub(super) struct Workflow {
    /// The events it names, in their order.
    pub(super) events: Vec<Event>,
    /// What to replace by `workflow_dispatch` so that it runs when somebody asks for it and else never; absent where
    /// that would change anything more.
    pub(super) replaceable: Option<Replaceable>,
}

/// An event that a workflow file names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Event {
    pub(super) name: String,
    pub(super) place: Place,
    /// Whether its filters let nothing pass.
    pub(super) never: bool,
}

/// A part of the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Replaceable {
    /// Where it begins, in bytes.
    pub(super) start: u64,
    pub(super) text: String,
}

/// Reads a workflow file. YAML 1.1 takes the key `on` for the word true; here keys are the text that stands there.
pub(super) fn read(content: &[u8]) -> Result<Workflow, Problem> {
    let text = std::str::from_utf8(content).map_err(|_| Problem::new("is not UTF-8", None))?;
    // Positions are counted without a byte order mark.
    let (mark, text) = text.strip_prefix('\u{feff}').map_or((0, text), |rest| (text.len() - rest.len(), rest));
    // What ends too early is noticed behind the last line.
    let lines = u32::try_from(text.lines().count()).unwrap_or(u32::MAX);
    let within = |problem: Problem| Problem { line: problem.line.map(|line| line.min(lines)), ..problem };
    let document = yaml::read(text).map_err(within)?;
    let root = document.root();
    let Content::Mapping(pairs) = &root.content else {
        return Err(Problem::new("is no mapping", Some(root.start)));
    };
    let named: Vec<&(Id, Id)> = pairs.iter().filter(|(key, _)| document.text(*key) == Some("on")).collect();
    let [(key, value)] = named[..] else {
        let what = if named.is_empty() { "does not say on which event it runs" } else { "says `on` more than once" };
        return Err(Problem::new(what, named.last().map(|(key, _)| document.get(*key).start)));
    };
    let events = events(&document, *value)?;
    if events.is_empty() {
        return Err(Problem::new("names no event", Some(document.get(*key).start)));
    }
    let mut replaceable = replaceable(text, &document, *value, &events);
    if let Some(replaceable) = &mut replaceable {
        replaceable.start += mark as u64;
    }
    Ok(Workflow { events, replaceable })
}

fn events(document: &Document, on: Id) -> Result<Vec<Event>, Problem> {
    let value = document.get(on);
    let event = |id: Id, never: bool| {
        let place = document.get(id).start;
        let name = document.text(id).filter(|name| is_name(name));
        let name = name.ok_or_else(|| Problem::new("has something in `on` that is no event", Some(place)))?;
        Ok(Event { name: name.to_owned(), place, never })
    };
    match &value.content {
        Content::Scalar(text, is_plain) if text.is_empty() || *is_plain && (text == "~" || text == "null") => {
            Ok(Vec::new())
        }
        Content::Scalar(..) => Ok(vec![event(on, false)?]),
        Content::Sequence(items) => items.iter().map(|item| event(*item, false)).collect(),
        Content::Mapping(pairs) => {
            let never = |key: Id, value: Id| document.text(key).is_some_and(|name| never_runs(document, name, value));
            pairs.iter().map(|(key, value)| event(*key, never(*key, *value))).collect()
        }
    }
}

/// Says whether it can be the name of an event, known or not.
fn is_name(text: &str) -> bool {
    (1..=NAME_LIMIT).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic())
}

/// Says whether an event's filters leave nothing: every branch is ignored, and so is every tag or tags are not named.
///
/// Filters by path are not believed: GitHub runs the workflow all the same when it cannot tell what changed.
fn never_runs(document: &Document, event: &str, filters: Id) -> bool {
    let Content::Mapping(filters) = &document.get(filters).content else { return false };
    let filter =
        |name: &str| filters.iter().find(|(key, _)| document.text(*key) == Some(name)).map(|(_, value)| *value);
    let everything = |value: Id| match &document.get(value).content {
        Content::Scalar(pattern, _) => pattern == "**",
        Content::Sequence(patterns) => patterns.iter().any(|pattern| document.text(*pattern) == Some("**")),
        Content::Mapping(_) => false,
    };
    // Whether nothing of that sort passes: it is ignored as a whole, or only the other sort is named.
    let none = |included: &str, ignored: &str, other: &[&str]| match (filter(included), filter(ignored)) {
        (Some(_), _) => false,
        (None, Some(ignored)) => everything(ignored),
        (None, None) => other.iter().any(|name| filter(name).is_some()),
    };
    let (branches, tags) = (["branches", "branches-ignore"], ["tags", "tags-ignore"]);
    match event {
        "push" => none(branches[0], branches[1], &tags) && none(tags[0], tags[1], &branches),
        "pull_request" | "pull_request_target" => none(branches[0], branches[1], &[]),
        _ => false,
    }
}

/// Finds what can be replaced: a plain word, or a list of such on one line.
fn replaceable(text: &str, document: &Document, on: Id, events: &[Event]) -> Option<Replaceable> {
    let value = document.get(on);
    let is_word = |id: &Id| {
        let value = document.get(*id);
        matches!(value.content, Content::Scalar(_, true)) && !value.is_anchored && !document.is_aliased(*id)
    };
    let all_words = match &value.content {
        Content::Scalar(..) => is_word(&on),
        Content::Sequence(items) => items.iter().all(is_word) && !value.is_anchored && !document.is_aliased(on),
        Content::Mapping(_) => false,
    };
    // What other workflows call must stay callable.
    if !all_words || events.iter().any(|event| event.name == "workflow_call") {
        return None;
    }
    // The parser counts letters.
    let byte = |letters: usize| text.char_indices().map(|(at, _)| at).chain([text.len()]).nth(letters);
    let (start, end) = (byte(value.start.letters)?, byte(value.end)?);
    let old = text.get(start..end)?;
    let as_written = match &value.content {
        Content::Scalar(name, _) => old == name,
        _ => old.starts_with('[') && old.ends_with(']') && !old.contains(['\n', '\r', '#']),
    };
    as_written.then(|| Replaceable { start: start as u64, text: old.to_owned() })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn names(text: &str) -> Vec<String> {
        let workflow = read(text.as_bytes()).unwrap_or_else(|problem| panic!("{text}: {problem:?}"));
        let word = |event: Event| if event.never { format!("({})", event.name) } else { event.name };
        workflow.events.into_iter().map(word).collect()
    }

    #[test]
    fn every_form_of_on_is_read() {
        for (text, expected) in [
            ("on: push\njobs: {}\n", &["push"][..]),
            ("\"on\": push", &["push"]),
            ("'on': 'push'", &["push"]),
            ("on: [push, pull_request]", &["push", "pull_request"]),
            ("on:\n- push\n- schedule\n", &["push", "schedule"]),
            ("on:\n  push:\n  workflow_dispatch:\n", &["push", "workflow_dispatch"]),
            ("on: {push: {branches: [main]}, merge_group: {}}", &["push", "merge_group"]),
            ("on:\n  schedule:\n  - cron: '0 5 * * 1'\n", &["schedule"]),
            ("? on\n: push\n", &["push"]),
            ("x: &when [push]\non: *when\n", &["push"]),
            ("x: &event push\non: [*event, release]\n", &["push", "release"]),
            ("\u{feff}on: push", &["push"]),
            ("---\n# comment\non: !!str push\n...\n", &["push"]),
            ("on: push\r\njobs:\r\n  a:\r\n    if: false\r\n", &["push"]),
            ("{on: push, jobs: {a: {if: false}}}", &["push"]),
        ] {
            assert_eq!(names(text), expected, "{text}");
        }
    }

    #[test]
    fn only_filters_that_leave_nothing_are_believed() {
        for (filters, never) in [
            ("push: {branches-ignore: ['**']}", true),
            ("push: {branches-ignore: '**'}", true),
            ("push: {branches-ignore: [a, '**']}", true),
            ("push: {branches-ignore: ['**'], tags-ignore: ['**']}", true),
            ("push: {tags-ignore: ['**']}", true),
            ("push: {branches-ignore: ['**'], tags: [v1]}", false),
            ("push: {branches-ignore: ['*']}", false),
            ("push: {branches-ignore: ['**'], branches: [main]}", false),
            ("push: {branches: [never-there]}", false),
            ("push: {branches: []}", false),
            ("push: {paths-ignore: ['**']}", false),
            ("push: {}", false),
            ("push:", false),
            ("push: null", false),
            ("pull_request: {branches-ignore: ['**']}", true),
            ("pull_request_target: {branches-ignore: ['**']}", true),
            ("pull_request: {types: [opened]}", false),
            ("workflow_run: {branches-ignore: ['**']}", false),
        ] {
            let text = format!("on: {{{filters}}}");
            assert_eq!(names(&text)[0].starts_with('('), never, "{text}");
        }
    }

    #[test]
    fn what_github_could_not_read_either_is_a_problem_with_its_line() {
        let deep = format!("on: {}{}", "[".repeat(5000), "]".repeat(5000));
        let wide = format!("on: [{}]", "a,".repeat(200_000));
        for (text, what, line) in [
            ("", "is empty", None),
            ("# nothing", "holds nothing but comments", None),
            ("jobs: {}", "does not say on which event", None),
            ("true: push", "does not say on which event", None),
            ("on:\njobs: {}", "names no event", Some(1)),
            ("on: []", "names no event", Some(1)),
            ("on: {}", "names no event", Some(1)),
            ("on: ~", "names no event", Some(1)),
            ("on: push\non: release", "more than once", Some(2)),
            ("on: push\n---\non: release", "more than one document", Some(2)),
            ("on: [[push]]", "no event", Some(1)),
            ("on: |\n  push\n  release\n", "no event", Some(2)),
            ("on: push and more", "no event", Some(1)),
            ("on: push\n\tjobs: {", "no YAML", None),
            ("on: [push", "no YAML", Some(1)),
            ("on: *nobody", "no YAML", Some(1)),
            ("- push", "no mapping", Some(1)),
            ("push", "no mapping", Some(1)),
            ("<<<<<<< HEAD\non: push\n=======\non: release\n>>>>>>> x\n", "no YAML", None),
            (deep.as_str(), "", Some(1)),
            (wide.as_str(), "values", Some(1)),
        ] {
            let problem = read(text.as_bytes()).expect_err(text);
            assert!(problem.what.contains(what), "{text:.60}: {problem:?}");
            assert!(line.is_none() || problem.line == line, "{text:.60}: {problem:?}");
        }
        assert_eq!(read(b"on: \xff").unwrap_err().what, "is not UTF-8");
    }

    #[test]
    fn aliases_of_aliases_stay_small() {
        let mut text = "a0: &a0 [push]\n".to_owned();
        for level in 1..40 {
            let below = format!("*a{}, ", level - 1);
            text.push_str(&format!("a{level}: &a{level} [{}]\n", below.repeat(9)));
        }
        assert!(read(format!("{text}on: *a39\n").as_bytes()).is_err());
        assert_eq!(names(&format!("{text}on: *a0\n")), ["push"]);
        assert!(read(b"on: &a [*a]").is_err(), "it stands for itself");
    }

    #[test]
    fn only_words_that_stand_alone_are_replaced() {
        for (text, old) in [
            ("on: push # always\n", Some("push")),
            ("é: é\non: push\n", Some("push")),
            ("\u{feff}on: push\n", Some("push")),
            ("on: [push, pull_request]\n", Some("[push, pull_request]")),
            ("on: [push, workflow_dispatch]\n", Some("[push, workflow_dispatch]")),
            ("on: 'push'\n", None),
            ("on: [push, workflow_call]\n", None),
            ("on: [\n  push,\n]\n", None),
            ("on:\n- push\n", None),
            ("on: {push: }\n", None),
            ("on: &when push\nx: *when\n", None),
            ("x: &when push\non: *when\n", None),
            ("x: &when push\non: [*when]\n", None),
        ] {
            let replaceable = read(text.as_bytes()).unwrap().replaceable;
            assert_eq!(replaceable.as_ref().map(|it| it.text.as_str()), old, "{text}");
            if let Some(Replaceable { start, text: old }) = replaceable {
                let start = start as usize;
                let mut fixed = text.to_owned();
                fixed.replace_range(start..start + old.len(), "workflow_dispatch");
                assert_eq!(names(&fixed), ["workflow_dispatch"], "{fixed}");
            }
        }
    }

    proptest! {
        #[test]
        fn any_bytes_can_be_read(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
            let _ = read(&bytes);
        }

        #[test]
        fn anything_like_yaml_can_be_read(text in "(on|push|[ \\-:\\[\\]{}&*#,?|>'\"!%@`~\n\t]|[a-z]{1,3}){0,80}") {
            let _ = read(text.as_bytes());
        }

        #[test]
        fn an_event_is_found_whatever_else_the_file_says(
            before in "[a-z]{3,8}: [a-z]{0,8}\n", after in "[a-z]{3,8}: \\[[a-z]{1,4}\\]\n", event in "[a-z_]{1,12}",
        ) {
            prop_assume!(event != "null");
            prop_assert_eq!(names(&format!("{before}on: {event}\n{after}")), [event]);
        }
    }
}
