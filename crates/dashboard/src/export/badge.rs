//! Small pictures of how an endpoint is, for other people's pages.

use charter_deploy_model::UptimeStatus;
use serde_json::{Value, json};

use crate::{Endpoint, words};

/// Returns the document that shields.io makes a badge of: <https://shields.io/badges/endpoint-badge>.
pub(super) fn shields(endpoint: &Endpoint) -> Value {
    let (message, name, _) = said(endpoint);
    json!({ "schemaVersion": 1, "label": endpoint.name, "message": message, "color": name })
}

/// What a badge says: in words, in a colour's name, and in the colour, dark enough for white letters.
fn said(endpoint: &Endpoint) -> (String, &'static str, &'static str) {
    let (name, colour) = match endpoint.status {
        UptimeStatus::Up => ("brightgreen", "#17784a"),
        UptimeStatus::Degraded => ("yellow", "#925a00"),
        UptimeStatus::Down => ("red", "#bf2d22"),
        UptimeStatus::Unknown => ("lightgrey", "#586174"),
    };
    let uptime = endpoint.uptime.days30.map(|it| format!(" · {}", words::Share(it.uptime_percent)));
    let word = words::tone(endpoint.status);
    (format!("{word}{}", uptime.unwrap_or_default()), name, colour)
}

/// The longest name that is written out.
const LONGEST: usize = 40;
/// The width of an average letter at this size; `textLength` makes the text as wide as that, whatever the font.
const LETTER: usize = 7;

/// Returns the badge.
pub(super) fn svg(endpoint: &Endpoint) -> String {
    let (message, _, colour) = said(endpoint);
    let label: String = endpoint.name.chars().take(LONGEST).collect();
    let wide = |text: &str| text.chars().count() * LETTER;
    let (left, right) = (wide(&label) + 14, wide(&message) + 14);
    let all = left + right;
    let text = |x: usize, text: &str| {
        let (width, text) = (wide(text), escaped(text));
        format!("<text x=\"{x}\" y=\"14\" textLength=\"{width}\" lengthAdjust=\"spacingAndGlyphs\">{text}</text>")
    };
    let title = escaped(&format!("{label}: {message}"));
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{all}\" height=\"20\" role=\"img\" aria-label=\"{title}\">\
         <title>{title}</title><clipPath id=\"r\"><rect width=\"{all}\" height=\"20\" rx=\"4\"/></clipPath>\
         <g clip-path=\"url(#r)\"><rect width=\"{left}\" height=\"20\" fill=\"#3b4252\"/>\
         <rect x=\"{left}\" width=\"{right}\" height=\"20\" fill=\"{colour}\"/></g>\
         <g fill=\"#fff\" font-family=\"Verdana,DejaVu Sans,sans-serif\" font-size=\"11\">{}{}</g></svg>\n",
        text(7, &label),
        text(left + 7, &message),
    )
}

fn escaped(text: &str) -> String {
    let each = |each: char| match each {
        '&' => "&amp;".to_owned(),
        '<' => "&lt;".to_owned(),
        '>' => "&gt;".to_owned(),
        '"' => "&quot;".to_owned(),
        _ => each.to_string(),
    };
    text.chars().map(each).collect()
}
