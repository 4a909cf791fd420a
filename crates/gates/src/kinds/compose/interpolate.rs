//! Variables in the texts of a file, as Compose puts values in their place
//! (<https://github.com/compose-spec/compose-spec/blob/main/12-interpolation.md>).

use std::collections::HashMap;

/// The values of variables.
pub(super) type Values = HashMap<String, String>;

/// Deeper defaults within defaults are left as they are.
const DEPTH_LIMIT: usize = 16;
/// Longer texts are left as they are, in bytes.
const LENGTH_LIMIT: usize = 4096;

/// Returns a text with values and defaults in the place of variables. One that has neither stays, as `${NAME}`.
pub(super) fn fill(text: &str, values: &Values) -> String {
    if text.len() > LENGTH_LIMIT { text.to_owned() } else { fill_within(text, values, DEPTH_LIMIT) }
}

fn fill_within(text: &str, values: &Values, depth: usize) -> String {
    let (mut filled, mut rest) = (String::with_capacity(text.len()), text);
    while let Some(at) = rest.find('$') {
        filled.push_str(&rest[..at]);
        let behind = &rest[at + 1..];
        if let Some(more) = behind.strip_prefix('$') {
            filled.push('$');
            rest = more;
        } else if let Some((inner, more)) = behind.strip_prefix('{').and_then(braced) {
            filled.push_str(&value(inner, values, depth));
            rest = more;
        } else {
            let end = name_end(behind);
            match values.get(&behind[..end]) {
                _ if end == 0 => filled.push('$'),
                Some(value) => filled.push_str(value),
                None => filled.push_str(&format!("${{{}}}", &behind[..end])),
            }
            rest = &behind[end..];
        }
    }
    filled + rest
}

fn name_end(text: &str) -> usize {
    text.find(|letter: char| !(letter.is_ascii_alphanumeric() || letter == '_')).unwrap_or(text.len())
}

/// Parts what is before the brace that closes from what is behind it.
fn braced(text: &str) -> Option<(&str, &str)> {
    let mut open = 1_usize;
    for (at, letter) in text.char_indices() {
        match letter {
            '{' => open += 1,
            '}' => open -= 1,
            _ => {}
        }
        if open == 0 {
            return Some((&text[..at], &text[at + 1..]));
        }
    }
    None
}

fn value(inner: &str, values: &Values, depth: usize) -> String {
    let (name, rest) = inner.split_at(name_end(inner));
    let known = values.get(name);
    let operation = rest.strip_prefix(':').unwrap_or(rest);
    let (sign, word) = (operation.chars().next(), operation.get(1..));
    // With a colon, what is empty counts as not there.
    let is_set = known.filter(|value| !(rest.starts_with(':') && value.is_empty()));
    match (sign, word) {
        (Some('-'), Some(word)) if depth > 0 => match is_set {
            Some(value) => value.clone(),
            None => fill_within(word, values, depth - 1),
        },
        (Some('+'), Some(word)) if depth > 0 => match is_set {
            Some(_) => fill_within(word, values, depth - 1),
            None => String::new(),
        },
        _ => is_set.cloned().unwrap_or_else(|| format!("${{{name}}}")),
    }
}

/// Reads the variables of a file `.env`.
pub(super) fn dotenv(text: &str) -> Values {
    let lines = text.lines().map(str::trim).filter(|line| !line.starts_with('#'));
    let pair = |line: &str| {
        let (name, value) = line.strip_prefix("export ").unwrap_or(line).split_once('=')?;
        let (name, value) = (name.trim(), value.trim());
        let quoted = ['"', '\''].into_iter().find_map(|quote| {
            let inner = value.strip_prefix(quote)?;
            Some(inner.split_once(quote)?.0)
        });
        let plain = value.split_once(" #").map_or(value, |(value, _)| value.trim_end());
        let is_name = !name.is_empty() && name_end(name) == name.len();
        is_name.then(|| (name.to_owned(), quoted.unwrap_or(plain).to_owned()))
    };
    lines.filter_map(pair).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_default_stands_where_there_is_no_value() {
        let values = dotenv("# one\nTAG=1.2 # of today\nexport NAME=\"web app\"\nEMPTY=\nno line\n");
        for (text, expected) in [
            ("a:${TAG}", "a:1.2"),
            ("a:$TAG-x", "a:1.2-x"),
            ("a:${OTHER:-3}", "a:3"),
            ("a:${OTHER-3}", "a:3"),
            ("a:${EMPTY-3}", "a:"),
            ("a:${EMPTY:-3}", "a:3"),
            ("a:${OTHER:-${TAG}}", "a:1.2"),
            ("a:${OTHER:-${MORE:-x}}y", "a:xy"),
            ("a:${OTHER}", "a:${OTHER}"),
            ("a:$OTHER", "a:${OTHER}"),
            ("a:${OTHER:?say which}", "a:${OTHER}"),
            ("a:${TAG:+b}${OTHER:+c}", "a:b"),
            ("$$TAG $", "$TAG $"),
            ("${NAME}", "web app"),
            ("${unclosed", "${unclosed"),
            ("${ä:-b}", "${}"),
        ] {
            assert_eq!(fill(text, &values), expected, "{text}");
        }
    }

    proptest! {
        #[test]
        fn whatever_comes_is_filled(text in "[a${}:\\-+?ä]{0,64}") {
            let _ = fill(&text, &Values::new());
        }

        #[test]
        fn without_a_dollar_nothing_changes(text in "[^$]{0,64}") {
            prop_assert_eq!(fill(&text, &Values::new()), text);
        }
    }
}
