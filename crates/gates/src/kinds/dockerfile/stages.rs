//! The stages of a Dockerfile: which image each begins with, and which of them makes the image.

use std::collections::HashMap;

use super::parse::{Dockerfile, Instruction, Keyword};
use super::words;

/// An image as `FROM` names it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Image {
    /// The host before the first slash, where there is one.
    pub(super) registry: Option<String>,
    pub(super) name: String,
    pub(super) tag: Option<String>,
    pub(super) has_digest: bool,
}

impl Image {
    pub(super) fn read(text: &str) -> Self {
        let (text, has_digest) = match split_outside_braces(text, b'@', false) {
            Some((image, _)) => (image, true),
            None => (text, false),
        };
        // A colon before the last slash is that of a port.
        let (text, tag) = match split_outside_braces(text, b':', true) {
            Some((image, tag)) if !outside_braces(tag).contains('/') => (image, Some(tag.to_owned())),
            _ => (text, None),
        };
        let (registry, name) = match text.split_once('/') {
            Some((host, name)) if host.contains(['.', ':']) && !host.starts_with('$') || host == "localhost" => {
                (Some(host.to_owned()), name)
            }
            _ => (None, text),
        };
        Self { registry, name: name.to_owned(), tag, has_digest }
    }
}

/// Splits at the first or last such byte that is in no `${…}`.
fn split_outside_braces(text: &str, at: u8, is_last: bool) -> Option<(&str, &str)> {
    let (mut depth, mut found) = (0_usize, None);
    let bytes = text.as_bytes();
    for (index, byte) in bytes.iter().enumerate() {
        match byte {
            b'{' if index > 0 && bytes[index - 1] == b'$' => depth += 1,
            b'}' => depth = depth.saturating_sub(1),
            _ if *byte == at && depth == 0 && (is_last || found.is_none()) => found = Some(index),
            _ => {}
        }
    }
    found.map(|index| (&text[..index], &text[index + 1..]))
}

fn outside_braces(text: &str) -> String {
    let mut depth = 0_usize;
    text.chars()
        .filter(|letter| {
            match letter {
                '{' => depth += 1,
                '}' => depth = depth.saturating_sub(1),
                _ => {}
            }
            depth == 0
        })
        .collect()
}

/// One stage.
#[derive(Debug)]
pub(super) struct Stage<'f> {
    pub(super) from: &'f Instruction,
    /// The image as it is written.
    pub(super) written: Image,
    /// The image with the defaults of `ARG` put in; nothing when one has none.
    pub(super) image: Option<Image>,
    pub(super) alias: Option<&'f str>,
    /// The stage it builds on.
    pub(super) parent: Option<usize>,
    /// What it does, without the `FROM`.
    pub(super) body: &'f [Instruction],
}

/// Returns the stages, in their order. What stands before the first belongs to none.
pub(super) fn of(file: &Dockerfile) -> Vec<Stage<'_>> {
    let is_from = |instruction: &Instruction| instruction.keyword == Keyword::From && !instruction.is_trigger;
    let mut defaults: HashMap<String, String> = HashMap::new();
    let mut stages: Vec<Stage<'_>> = Vec::new();
    let starts: Vec<usize> = (0..file.instructions.len()).filter(|index| is_from(&file.instructions[*index])).collect();
    for instruction in &file.instructions[..starts.first().copied().unwrap_or(0)] {
        if instruction.keyword == Keyword::Arg {
            for (name, value) in words::arguments(&instruction.text) {
                let value =
                    value.and_then(|value| words::expanded(&value, |name| defaults.get(name).map(String::as_str)));
                defaults.extend(value.map(|value| (name, value)));
            }
        }
    }
    for (number, start) in starts.iter().enumerate() {
        let end = starts.get(number + 1).copied().unwrap_or(file.instructions.len());
        let from = &file.instructions[*start];
        let mut parts = from.text.split_ascii_whitespace();
        let text = parts.next().unwrap_or_default();
        let alias = parts.next().filter(|word| word.eq_ignore_ascii_case("as")).and_then(|_| parts.next());
        let parent = stages.iter().rposition(|stage| stage.alias.is_some_and(|alias| alias.eq_ignore_ascii_case(text)));
        let image = words::expanded(text, |name| defaults.get(name).map(String::as_str));
        stages.push(Stage {
            from,
            written: Image::read(text),
            image: image.map(|image| Image::read(&image)),
            alias,
            parent,
            body: &file.instructions[*start + 1..end],
        });
    }
    stages
}

/// Returns the last stage, which makes the image, and those it builds on, the last first.
pub(super) fn line_of_last<'s, 'f>(stages: &'s [Stage<'f>]) -> Vec<&'s Stage<'f>> {
    let mut line = Vec::new();
    let mut next = stages.len().checked_sub(1);
    while let Some(index) = next {
        line.push(&stages[index]);
        // A stage builds on earlier ones only, so this ends.
        next = stages[index].parent;
    }
    line
}
