//! JSON, YAML and TOML as values that a policy can be asked about.

use serde_json::{Map, Number, Value};

use crate::yaml::{self, Content, Document, Id};

/// A larger document is not judged, in bytes.
pub(crate) const SIZE_LIMIT: u64 = 8 << 20;
/// A document that is larger when its aliases are written out is not judged, in values.
const EXPANDED_LIMIT: usize = 200_000;

/// One document of a file, and the line it begins in.
#[derive(Debug, PartialEq)]
pub(crate) struct Input {
    pub(crate) line: u32,
    pub(crate) value: Value,
}

/// Why a file cannot be read, and where.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Problem {
    pub(crate) what: String,
    pub(crate) line: Option<u32>,
}

impl Problem {
    fn new(what: impl Into<String>) -> Self {
        Self { what: what.into(), line: None }
    }
}

/// Reads a file by the ending of its name.
pub(crate) fn read(path: &str, content: &[u8]) -> Result<Vec<Input>, Problem> {
    let text = std::str::from_utf8(content).map_err(|_| Problem::new("is not UTF-8"))?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let first = |value| vec![Input { line: 1, value }];
    match path.rsplit('.').next().map(str::to_ascii_lowercase).as_deref() {
        Some("json") => serde_json::from_str(text).map(first).map_err(|error| Problem {
            what: format!("is no JSON: {error}"),
            line: u32::try_from(error.line()).ok().filter(|line| *line > 0),
        }),
        Some("yaml" | "yml") => of_yaml(text),
        Some("toml") => {
            toml::from_str::<toml::Table>(text).map(|table| first(of_toml(table.into()))).map_err(|error| {
                let before = error.span().and_then(|span| text.get(..span.start));
                let line = before.map(|before| before.matches('\n').count() + 1);
                let what = format!("is no TOML: {}", error.message().trim_end());
                Problem { what, line: line.and_then(|line| u32::try_from(line).ok()) }
            })
        }
        _ => Err(Problem::new("is neither JSON nor YAML nor TOML by its name")),
    }
}

fn of_yaml(text: &str) -> Result<Vec<Input>, Problem> {
    let documents = yaml::documents(text).map_err(|problem| Problem { what: problem.what, line: problem.line })?;
    let value = |document: &Document| match document.expanded() {
        Some(values) if values <= EXPANDED_LIMIT => {
            Ok(Input { line: document.root().start.line, value: of_node(document, document.root_id()) })
        }
        Some(_) => Err(Problem::new(format!("has more than {EXPANDED_LIMIT} values with its aliases written out"))),
        None => Err(Problem::new("has an alias for what it is itself within")),
    };
    documents.iter().map(value).collect()
}

fn of_node(document: &Document, id: Id) -> Value {
    match &document.get(id).content {
        Content::Scalar(text, true) => of_plain(text),
        Content::Scalar(text, false) => Value::String(text.clone()),
        Content::Sequence(items) => items.iter().map(|item| of_node(document, *item)).collect(),
        Content::Mapping(pairs) => {
            let mut own = Map::new();
            let mut merged: Vec<Map<String, Value>> = Vec::new();
            for (key, value) in pairs {
                let value = of_node(document, *value);
                match (key_of(document, *key), value) {
                    (key, Value::Object(fields)) if key == "<<" => merged.push(fields),
                    (key, Value::Array(items)) if key == "<<" => {
                        merged.extend(items.into_iter().filter_map(|item| match item {
                            Value::Object(fields) => Some(fields),
                            _ => None,
                        }));
                    }
                    (key, value) => _ = own.insert(key, value),
                }
            }
            // What is merged in gives way to what is there, and a later one to an earlier.
            for (key, value) in merged.into_iter().flatten() {
                own.entry(key).or_insert(value);
            }
            Value::Object(own)
        }
    }
}

/// A key as it is written: whoever wrote `on:` looks for `on`, whatever YAML 1.1 makes of it.
fn key_of(document: &Document, id: Id) -> String {
    document.text(id).map_or_else(|| of_node(document, id).to_string(), str::to_owned)
}

/// Returns what a text without quotes means to Kubernetes and conftest: YAML 1.1, without its times and base 60.
fn of_plain(text: &str) -> Value {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Value::Null,
        "true" | "True" | "TRUE" | "yes" | "Yes" | "YES" | "on" | "On" | "ON" => return Value::Bool(true),
        "false" | "False" | "FALSE" | "no" | "No" | "NO" | "off" | "Off" | "OFF" => return Value::Bool(false),
        _ => {}
    }
    number(text).map_or_else(|| Value::String(text.to_owned()), Value::Number)
}

fn number(text: &str) -> Option<Number> {
    let (is_negative, digits) = match text.as_bytes().first()? {
        b'-' => (true, &text[1..]),
        b'+' => (false, &text[1..]),
        _ => (false, text),
    };
    if !digits.starts_with(|letter: char| letter.is_ascii_digit() || letter == '.') {
        return None;
    }
    let digits = digits.replace('_', "");
    let whole = match digits.get(..2) {
        Some("0x" | "0X") => i128::from_str_radix(&digits[2..], 16).ok(),
        Some("0b") => i128::from_str_radix(&digits[2..], 2).ok(),
        Some("0o") => i128::from_str_radix(&digits[2..], 8).ok(),
        // A phone number with a nine in it is no octal number, and neither is it a decimal one.
        _ if digits.len() > 1 && digits.bytes().all(|byte| byte.is_ascii_digit()) && digits.starts_with('0') => {
            return i64::from_str_radix(&digits, 8)
                .ok()
                .map(|value| Number::from(if is_negative { -value } else { value }));
        }
        _ => digits.parse().ok(),
    };
    if let Some(whole) = whole.map(|whole: i128| if is_negative { -whole } else { whole }) {
        return Number::from_i128(whole);
    }
    let is_decimal = |byte: u8| byte.is_ascii_digit() || matches!(byte, b'.' | b'e' | b'E' | b'+' | b'-');
    if !digits.bytes().all(is_decimal) {
        return None;
    }
    let value: f64 = digits.parse().ok()?;
    Number::from_f64(if is_negative { -value } else { value })
}

fn of_toml(value: toml::Value) -> Value {
    match value {
        toml::Value::String(text) => Value::String(text),
        toml::Value::Integer(number) => number.into(),
        toml::Value::Float(number) => Number::from_f64(number).map_or(Value::Null, Value::Number),
        toml::Value::Boolean(truth) => truth.into(),
        toml::Value::Datetime(time) => Value::String(time.to_string()),
        toml::Value::Array(items) => items.into_iter().map(of_toml).collect(),
        toml::Value::Table(fields) => fields.into_iter().map(|(key, value)| (key, of_toml(value))).collect(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn values(path: &str, text: &str) -> Vec<Value> {
        read(path, text.as_bytes()).unwrap().into_iter().map(|input| input.value).collect()
    }

    #[test]
    fn scalars_are_what_kubernetes_takes_them_for() {
        for (text, expected) in [
            ("8080", json!(8080)),
            ("-1.5e3", json!(-1500.0)),
            ("0x1F", json!(31)),
            ("0644", json!(420)),
            ("0999", json!("0999")),
            ("'8080'", json!("8080")),
            ("yes", json!(true)),
            ("\"off\"", json!("off")),
            ("1.2.3", json!("1.2.3")),
            ("1e", json!("1e")),
            ("-", json!([null])),
            ("inf", json!("inf")),
            ("9_000", json!(9000)),
            ("18446744073709551615", json!(18_446_744_073_709_551_615_u64)),
            ("~", json!(null)),
        ] {
            assert_eq!(values("a.yaml", text), [expected], "{text}");
        }
    }

    #[test]
    fn merged_fields_give_way_to_own_ones() {
        let text = "base: &base {a: 1, b: 2}\nitem:\n  b: 3\n  <<: *base\n";
        assert_eq!(values("a.yml", text), [json!({"base": {"a": 1, "b": 2}, "item": {"a": 1, "b": 3}})]);
    }

    #[test]
    fn each_document_of_a_stream_is_one_and_knows_its_line() {
        let inputs = read("a.yaml", b"---\na: 1\n---\n# nothing\n---\nb: 2\n").unwrap();
        let seen: Vec<(u32, Value)> = inputs.into_iter().map(|input| (input.line, input.value)).collect();
        assert_eq!((&seen[0], seen.last()), (&(2, json!({"a": 1})), Some(&(6, json!({"b": 2})))));
    }

    #[test]
    fn toml_is_read_with_its_times_as_texts() {
        let text = "on = 2026-11-21\n[a]\nb = [1, 2.5, true]\n";
        assert_eq!(values("a.toml", text), [json!({"on": "2026-11-21", "a": {"b": [1, 2.5, true]}})]);
    }

    #[test]
    fn what_cannot_be_read_says_where() {
        let line = |path: &str, text: &[u8]| read(path, text).unwrap_err().line;
        assert_eq!(line("a.json", b"{\n  \"a\": }"), Some(2));
        assert_eq!(line("a.toml", b"a = 1\nb =\n"), Some(2));
        assert_eq!(line("a.yaml", b"a: [\n"), Some(1));
        assert_eq!(line("a.txt", b""), None);
        assert_eq!(line("a.json", &[0xff]), None);
        assert!(read("a.json", "[".repeat(100_000).as_bytes()).is_err());
        let bomb = (1..30).fold("a0: &a0 [x]\n".to_owned(), |text, level| {
            text + &format!("a{level}: &a{level} [{}]\n", format!("*a{}, ", level - 1).repeat(9))
        });
        assert!(read("a.yaml", bomb.as_bytes()).unwrap_err().what.contains("values"));
    }
}
