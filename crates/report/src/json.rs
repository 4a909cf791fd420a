//! JSON lines, for programs.

pub mod v1;

use std::fmt;
use std::io::Write;
use std::sync::{Mutex, PoisonError};

use charter_deploy_model::{Event, Observer};
use serde::Serialize;

use crate::visible::acts;

/// Writes each event as one line of JSON, a [`v1::Event`].
///
/// A writer that fails is ignored: a deployment does not fail because its reader has gone.
pub struct JsonLines {
    writer: Mutex<Box<dyn Write + Send>>,
}

impl JsonLines {
    /// Makes an observer that writes to `writer`, one whole line at a time.
    #[must_use]
    pub fn new(writer: Box<dyn Write + Send>) -> Self {
        Self { writer: Mutex::new(writer) }
    }
}

impl Observer for JsonLines {
    fn observe(&self, event: &Event) {
        let line = line(&v1::Event::from(event));
        let mut writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        let _ = writer.write_all(line.as_bytes()).and_then(|()| writer.flush());
    }
}

impl fmt::Debug for JsonLines {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JsonLines").finish_non_exhaustive()
    }
}

/// Returns `value` on many lines, as harmless as every line of [`v1`] is; the text ends with a newline.
#[must_use]
pub fn pretty(value: &serde_json::Value) -> String {
    let text = serde_json::to_string_pretty(value).expect("a JSON value has a JSON form");
    text.lines().map(|line| escaped(line) + "\n").collect()
}

/// Returns `value` on one line that is harmless even when a terminal shows it: JSON leaves some characters as they are
/// that a terminal acts on, and they can only stand in strings, where their escape means the same.
fn line(value: &impl Serialize) -> String {
    let json = serde_json::to_string(value).expect("the types of this format have string keys and no failing member");
    escaped(&json) + "\n"
}

fn escaped(json: &str) -> String {
    let mut line = String::with_capacity(json.len() + 1);
    for character in json.chars() {
        if acts(character) {
            for unit in character.encode_utf16(&mut [0; 2]) {
                line += &format!("\\u{unit:04x}");
            }
        } else {
            line.push(character);
        }
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_acts_on_a_terminal_is_escaped_and_means_the_same() {
        let text = "\u{1b}[2J\u{9b}A\u{202e}\u{e0041}\n\u{7f}é";
        let line = line(&text);
        assert_eq!(line.matches(acts).collect::<Vec<_>>(), ["\n"]);
        assert_eq!(serde_json::from_str::<String>(&line).unwrap(), text);
    }
}
