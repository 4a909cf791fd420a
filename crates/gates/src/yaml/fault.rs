//! What is wrong with a value of a document, before it is told as a finding.

use super::Place;
use super::node::Node;

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Fault<'a> {
    /// The code without the gate's name.
    pub(crate) code: &'static str,
    /// The part of the document it is about, such as a service or a container, when it is about one.
    pub(crate) part: Option<&'a str>,
    pub(crate) place: Place,
    /// What is wrong, as what follows the subject of a sentence. Names stand in backticks, figures do not.
    pub(crate) what: String,
}

impl<'a> Fault<'a> {
    pub(crate) fn new(code: &'static str, at: Node<'a>, what: impl Into<String>) -> Self {
        Self { code, part: None, place: at.place(), what: what.into() }
    }

    /// Says which part it is about.
    pub(crate) fn of(self, part: Option<&'a str>) -> Self {
        Self { part, ..self }
    }

    /// Returns the names in the sentence: what tells one fault of a part from another, whatever else changes.
    pub(crate) fn names(&self) -> String {
        self.what.split('`').skip(1).step_by(2).collect::<Vec<_>>().join(",")
    }
}

/// Cuts what somebody wrote to what a message can hold.
pub(crate) fn short(text: &str) -> String {
    const LIMIT: usize = 80;
    let clean = |letter: char| if letter.is_control() || letter == '`' { ' ' } else { letter };
    let line: String = text.chars().map(clean).take(LIMIT).collect();
    if text.chars().nth(LIMIT).is_some() { format!("{line}…") } else { line }
}
