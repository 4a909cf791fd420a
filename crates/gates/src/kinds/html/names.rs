//! Whether links, buttons and controls have a name that a screen reader can say.
//!
//! A part of [Accessible Name and Description Computation](https://www.w3.org/TR/accname-1.2/): enough to tell that
//! there is no name at all.

use crate::html::Attributes;

/// Says whether an attribute is there with something in it.
pub(super) fn says(attributes: &Attributes, name: &str) -> bool {
    attributes.get(name).is_some_and(|value| !value.trim().is_empty())
}

/// Says whether an attribute names an element, whatever is in it.
pub(super) fn is_named(attributes: &Attributes) -> bool {
    ["aria-label", "aria-labelledby", "title"].iter().any(|name| says(attributes, name))
}

/// Says whether an element and what is in it is kept from everyone, or from screen readers.
pub(super) fn is_hidden(attributes: &Attributes) -> bool {
    attributes.has("hidden")
        || attributes.has("inert")
        || attributes.get("aria-hidden").is_some_and(|value| value.trim().eq_ignore_ascii_case("true"))
        || attributes.get("style").is_some_and(|style| {
            let plain: String = style.split_ascii_whitespace().collect::<String>().to_ascii_lowercase();
            plain.contains("display:none") || plain.contains("visibility:hidden")
        })
}

/// Says whether an element is there for its looks alone.
pub(super) fn is_presentation(attributes: &Attributes) -> bool {
    attributes.get("role").is_some_and(|role| {
        let role = role.split_ascii_whitespace().next().unwrap_or_default();
        role.eq_ignore_ascii_case("presentation") || role.eq_ignore_ascii_case("none")
    })
}

/// Says whether an `<input>` of this type needs a label, and whether its text is its value.
pub(super) fn input(kind: &str) -> Input {
    match kind {
        "hidden" | "submit" | "reset" => Input::Nothing,
        "button" => Input::Value,
        "image" => Input::Alt,
        _ => Input::Label,
    }
}

/// What gives an `<input>` its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Input {
    /// It needs none, or browsers give it one.
    Nothing,
    Value,
    Alt,
    Label,
}

/// An open element whose end matters.
#[derive(Debug)]
pub(super) struct Context {
    /// How many elements were open when it was.
    pub(super) depth: usize,
    pub(super) role: Role,
}

#[derive(Debug)]
pub(super) enum Role {
    /// Nobody is told what is in it.
    Hidden,
    Label,
    /// A link or a button, and whether a name was found.
    Named {
        is_link: bool,
        key: String,
        at: usize,
        is_named: bool,
    },
}
