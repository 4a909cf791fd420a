//! What is said of a licence.

use std::collections::BTreeSet;

use charter_deploy_model::{Finding, Location};

use super::terms::Verdict;
use crate::packages::{Package, Stated, some_of};

/// So many places are pointed at.
const PLACES: usize = 10;
/// A longer text is cut, in characters.
const TEXT_LIMIT: usize = 120;

pub(super) fn of(verdict: &Verdict, places: &[&Package]) -> Finding {
    let mut places = places.to_vec();
    // What the project itself asks for is the most telling, then the shortest way.
    places.sort_by_key(|place| (!place.is_direct, place.is_dev, place.path.len(), &place.file, place.line));
    let Some(first) = places.first() else { return Finding::new("licenses/unknown", "nothing", "nothing was judged") };
    let name = &first.name;
    let versions: BTreeSet<String> = places.iter().map(|place| format!("{name}@{}", place.version)).collect();
    let them = some_of(versions.iter().map(String::as_str));
    let are = if versions.len() == 1 { "is" } else { "are" };
    let way = how_it_comes(first);
    let mut finding = match verdict {
        Verdict::Refused { expression, parts } => {
            let expression = shown(expression);
            let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
            let which = match parts.as_slice() {
                [part] if *part == expression => "which is not allowed".to_owned(),
                [part] => format!("and `{part}` is not allowed"),
                _ => format!("and these are not allowed: {}", some_of(parts.iter().copied())),
            };
            let first_part = parts.first().copied().unwrap_or_default();
            Finding::new(
                "licenses/refused",
                format!("{name}:{expression}"),
                format!("{them} {are} under `{expression}`, {which}; {way}"),
            )
            .key(format!("{} {name} {expression}", first.ecosystem))
            .help(format!(
                "use another package, add `{first_part}` to `allow`, or make an exception: `[[gates.licenses.exceptions]]` \
                 with `package = \"{name}\"`, `allow` and a `reason`"
            ))
        }
        Verdict::Unknown(said) => {
            let (short, what) = match said {
                Stated::Text(text) => {
                    (shown(text), format!("says of its licence `{}`, which SPDX does not know", shown(text)))
                }
                Stated::File(file) => (shown(file), format!("has its licence in the file `{}` only", shown(file))),
                Stated::Nothing => ("nothing".to_owned(), "says nothing of its licence".to_owned()),
            };
            Finding::new("licenses/unknown", format!("{name}:{short}"), format!("{them} {what}; {way}"))
                .key(format!("{} {name} {short}", first.ecosystem))
                .help(format!(
                    "read it, and say what it is: `[[gates.licenses.exceptions]]` with `package = \"{name}\"`, \
                     `license = \"…\"` and a `reason`"
                ))
        }
        Verdict::Allowed | Verdict::Undecided => {
            Finding::new("licenses/unknown", name, format!("{them} was not judged"))
        }
    };
    for place in &places {
        let location = Location { line: place.line, ..Location::file(&place.file).in_source() };
        if finding.locations.len() < PLACES && !finding.locations.contains(&location) {
            finding = finding.at(location);
        }
    }
    finding
}

pub(super) fn unused(package: &str) -> Finding {
    Finding::new("licenses/unused-exception", package, format!("the exception for `{package}` changes nothing"))
        .key(package)
        .help("remove it, or write the package as the lock file does")
}

fn shown(text: &str) -> String {
    let clean: String =
        text.chars().map(|c| if c.is_control() || c == '`' { ' ' } else { c }).take(TEXT_LIMIT).collect();
    if text.chars().nth(TEXT_LIMIT).is_some() { format!("{clean}…") } else { clean }
}

fn how_it_comes(package: &Package) -> String {
    let dev = if package.is_dev { ", for development only" } else { "" };
    let by = match (package.path.is_empty(), package.is_direct) {
        (_, true) => "the project asks for it itself".to_owned(),
        (true, false) => "nothing says what brings it in".to_owned(),
        (false, false) => format!("brought in by {}", package.path.join(" › ")),
    };
    format!("{by}{dev}")
}
