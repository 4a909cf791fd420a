//! Compares the text of a configuration with its schema: unknown keys, missing keys, wrong types and words.

use std::collections::BTreeSet;
use std::ops::Range;

use charter_host::nearest;
use serde_json::{Map, Value, json};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::excerpt::{Visible, excerpt, position};
use super::problem::Problem;

/// Something that is wrong, not yet placed in the text.
#[derive(Debug, Clone)]
pub(super) struct Found {
    pub(super) span: Range<usize>,
    pub(super) key: Option<String>,
    pub(super) message: String,
    pub(super) nearest: Option<String>,
    pub(super) help: Option<String>,
}

impl Found {
    pub(super) fn new(span: Range<usize>, key: &str, message: impl Into<String>) -> Self {
        let key = (!key.is_empty()).then(|| key.to_owned());
        Self { span, key, message: message.into(), nearest: None, help: None }
    }

    pub(super) fn meant(mut self, nearest: Option<&str>) -> Self {
        self.nearest = nearest.map(str::to_owned);
        self
    }

    pub(super) fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}

/// A well-formed text and where everything in it is.
pub(super) struct Document<'a> {
    text: &'a str,
    root: Spanned<DeValue<'a>>,
    visible: Visible,
}

impl<'a> Document<'a> {
    /// Parses `text`; when it is not TOML, returns every place where it is not.
    pub(super) fn parse(text: &'a str, schema: &Value) -> Result<Self, Vec<Problem>> {
        let mut words = BTreeSet::new();
        known_words(schema, &mut words);
        let mut visible = Visible { keys: Vec::new(), values: Vec::new(), words, is_toml: false };

        let (table, errors) = DeTable::parse_recoverable(text);
        if !errors.is_empty() {
            // The parser's messages are made of its own words, never of the text's.
            let found = errors
                .iter()
                .map(|error| Found::new(error.span().unwrap_or(text.len()..text.len()), "", error.message()))
                .collect();
            return Err(place(text, &visible, found));
        }
        let root = Spanned::new(0..0, DeValue::Table(table.into_inner()));
        visible.is_toml = true;
        mark(&root, &mut visible);
        Ok(Self { text, root, visible })
    }

    /// Returns what was found with its place in the text, in the order of the text.
    pub(super) fn problems(&self, found: Vec<Found>) -> Vec<Problem> {
        place(self.text, &self.visible, found)
    }

    /// Returns every value whose path fits `pattern`, with its path; `*` stands for any one key or index.
    pub(super) fn select(&self, pattern: &str) -> Vec<(String, &Spanned<DeValue<'a>>)> {
        let mut selected = vec![(String::new(), &self.root)];
        for segment in pattern.split('.') {
            selected = selected.into_iter().flat_map(|(path, value)| members(&path, value, segment)).collect();
        }
        selected
    }

    /// Returns the one value at `path`, when there is one.
    pub(super) fn get(&self, path: &str) -> Option<&Spanned<DeValue<'a>>> {
        self.select(path).pop().map(|(_, value)| value)
    }

    /// Returns what is to be said of the value at `path`, or of the table that it would be in.
    pub(super) fn refused(&self, path: &str, message: String) -> Found {
        let dotted = path.replace('[', ".").replace(']', "");
        let ends = std::iter::once(dotted.len()).chain(dotted.rmatch_indices('.').map(|(at, _)| at));
        let value = ends.into_iter().find_map(|end| self.get(&dotted[..end]));
        Found::new(value.map_or(0..0, Spanned::span), path, message)
    }

    pub(super) fn to_json(&self) -> Value {
        to_json(self.root.get_ref())
    }
}

/// Returns everything in which the document is not what the schema says.
pub(super) fn compare(document: &Document<'_>, schema: &Value) -> Vec<Found> {
    let mut found = Vec::new();
    compare_value(&document.root, schema, schema, "", &mut found);
    found
}

fn compare_value(value: &Spanned<DeValue<'_>>, schema: &Value, root: &Value, path: &str, found: &mut Vec<Found>) {
    if let Some(reference) = schema.get("$ref").and_then(Value::as_str) {
        if let Some(schema) = reference.strip_prefix('#').and_then(|pointer| root.pointer(pointer)) {
            compare_value(value, schema, root, path, found);
        }
        return;
    }
    if let Some(words) = words(schema) {
        return compare_word(value, &words, path, found);
    }
    if let Some(variants) = variants(schema) {
        return compare_variants(value, variants, root, path, found);
    }
    if !accepts_type(schema, value.get_ref()) {
        let expected: Vec<&str> = types(schema).iter().map(|name| in_words(name)).collect();
        let message = format!("`{path}` must be {}, and is {}", expected.join(" or "), kind_of(value.get_ref()));
        found.push(Found::new(value.span(), path, message));
        return;
    }
    match value.get_ref() {
        DeValue::Table(table) => compare_table(table, value.span(), schema, root, path, found),
        DeValue::Array(array) => {
            if let Some(items) = schema.get("items") {
                for (index, item) in array.iter().enumerate() {
                    compare_value(item, items, root, &format!("{path}[{index}]"), found);
                }
            }
        }
        DeValue::Integer(_) | DeValue::Float(_) => compare_number(value, schema, path, found),
        _ => {}
    }
}

fn compare_table(
    table: &DeTable<'_>,
    span: Range<usize>,
    schema: &Value,
    root: &Value,
    path: &str,
    found: &mut Vec<Found>,
) {
    let none = Map::new();
    let properties = schema.get("properties").and_then(Value::as_object).unwrap_or(&none);
    let mut meant = BTreeSet::new();
    for (key, value) in table {
        let name = key.get_ref();
        let inner = join(path, name);
        match (properties.get(name.as_ref()), schema.get("additionalProperties")) {
            (Some(schema), _) => compare_value(value, schema, root, &inner, found),
            (None, Some(Value::Bool(false))) => {
                let message = format!("`{inner}` is not a key that is known here");
                let unknown = Found::new(key.span(), &inner, message);
                found.push(match nearest(name, properties.keys().map(String::as_str)) {
                    Some(nearest) => {
                        meant.insert(nearest);
                        unknown.meant(Some(nearest))
                    }
                    None if properties.is_empty() => unknown,
                    None => unknown.help(format!("known here: {}", listed(properties.keys().map(String::as_str)))),
                });
            }
            (None, Some(schema @ Value::Object(_))) => compare_value(value, schema, root, &inner, found),
            (None, _) => {}
        }
    }
    let required = schema.get("required").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
    // A key that is there under a slightly wrong name has been told of already.
    for name in required.filter(|name| !table.contains_key(*name) && !meant.contains(name)) {
        let inner = join(path, name);
        let missing = Found::new(span.clone(), &inner, format!("`{inner}` is missing"));
        let description = properties.get(name).and_then(|schema| schema.get("description")).and_then(Value::as_str);
        found.push(match description.and_then(|text| text.lines().next()) {
            Some(description) => missing.help(format!("`{name}`: {description}")),
            None => missing,
        });
    }
}

fn compare_word(value: &Spanned<DeValue<'_>>, words: &[&str], path: &str, found: &mut Vec<Found>) {
    let Some(text) = value.get_ref().as_str() else {
        let message = format!("`{path}` must be a string, and is {}", kind_of(value.get_ref()));
        found.push(Found::new(value.span(), path, message).help(format!("one of {}", listed(words.iter().copied()))));
        return;
    };
    if !words.contains(&text) {
        let wrong = Found::new(value.span(), path, format!("`{path}` has a value that is not known"))
            .meant(nearest(text, words.iter().copied()));
        found.push(match words {
            [] => wrong,
            words => wrong.help(format!("one of {}", listed(words.iter().copied()))),
        });
    }
}

fn compare_number(value: &Spanned<DeValue<'_>>, schema: &Value, path: &str, found: &mut Vec<Found>) {
    let (minimum, maximum) = (schema.get("minimum"), schema.get("maximum"));
    let fits = match to_json(value.get_ref()).as_f64() {
        Some(number) => {
            minimum.and_then(Value::as_f64).is_none_or(|minimum| number >= minimum)
                && maximum.and_then(Value::as_f64).is_none_or(|maximum| number <= maximum)
        }
        None => false,
    };
    if !fits {
        let range = match (minimum, maximum) {
            (Some(minimum), Some(maximum)) => format!("must be between {minimum} and {maximum}"),
            (Some(minimum), None) => format!("must be a number from {minimum} on, and not beyond what fits 64 bits"),
            (None, Some(maximum)) => format!("must be at most {maximum}"),
            (None, None) => "must be a finite number of at most 64 bits".to_owned(),
        };
        found.push(Found::new(value.span(), path, format!("`{path}` {range}")));
    }
}

/// Compares a value with alternatives: with the one its `kind` names, or else the one it comes closest to.
fn compare_variants(
    value: &Spanned<DeValue<'_>>,
    variants: &[Value],
    root: &Value,
    path: &str,
    found: &mut Vec<Found>,
) {
    let kind_of_variant = |variant: &'_ Value| variant.pointer("/properties/kind/const").map(Value::to_owned);
    let kinds: Vec<Value> = variants.iter().filter_map(kind_of_variant).collect();
    let variant = match (kinds.is_empty(), value.get_ref()) {
        (false, DeValue::Table(table)) => {
            let inner = join(path, "kind");
            let names: Vec<&str> = kinds.iter().filter_map(Value::as_str).collect();
            let Some(kind) = table.get("kind") else {
                let missing = Found::new(value.span(), &inner, format!("`{inner}` is missing"));
                return found.push(missing.help(format!("one of {}", listed(names.into_iter()))));
            };
            let known = variants
                .iter()
                .find(|variant| kind_of_variant(variant).as_ref().and_then(Value::as_str) == kind.get_ref().as_str());
            match known {
                Some(variant) if kind.get_ref().as_str().is_some() => Some(variant),
                _ => return compare_word(kind, &names, &inner, found),
            }
        }
        _ => None,
    };
    let closest = match variant {
        Some(variant) => {
            let mut problems = Vec::new();
            compare_value(value, variant, root, path, &mut problems);
            Some(problems)
        }
        None => variants
            .iter()
            .map(|variant| {
                let mut problems = Vec::new();
                compare_value(value, variant, root, path, &mut problems);
                problems
            })
            .min_by_key(Vec::len),
    };
    found.extend(closest.into_iter().flatten());
}

/// Returns the words that a schema allows, when it allows nothing but words.
fn words(schema: &Value) -> Option<Vec<&str>> {
    if let Some(word) = schema.get("const") {
        return Some(word.as_str().into_iter().collect());
    }
    if let Some(values) = schema.get("enum").and_then(Value::as_array) {
        return Some(values.iter().filter_map(Value::as_str).collect());
    }
    let variants = variants(schema)?;
    let words: Option<Vec<Vec<&str>>> = variants.iter().map(words).collect();
    words.filter(|words| !words.is_empty()).map(|words| words.concat())
}

fn variants(schema: &Value) -> Option<&[Value]> {
    schema.get("oneOf").or_else(|| schema.get("anyOf")).and_then(Value::as_array).map(Vec::as_slice)
}

fn types(schema: &Value) -> Vec<&str> {
    match schema.get("type") {
        Some(Value::String(name)) => vec![name],
        Some(Value::Array(names)) => names.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    }
}

fn accepts_type(schema: &Value, value: &DeValue<'_>) -> bool {
    let types = types(schema);
    let is_date = schema.get("format").and_then(Value::as_str) == Some("date");
    types.is_empty()
        || types.iter().any(|name| match *name {
            "object" => value.is_table(),
            "array" => value.is_array(),
            "string" => value.is_str() || (is_date && value.is_datetime()),
            "integer" => value.is_integer(),
            "number" => value.is_integer() || value.is_float(),
            "boolean" => value.is_bool(),
            _ => false,
        })
}

fn in_words(name: &str) -> &str {
    match name {
        "object" => "a table",
        "array" => "an array",
        "string" => "a string",
        "integer" => "a whole number",
        "number" => "a number",
        "boolean" => "`true` or `false`",
        other => other,
    }
}

const fn kind_of(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::String(_) => "a string",
        DeValue::Integer(_) => "a whole number",
        DeValue::Float(_) => "a number with a fraction",
        DeValue::Boolean(_) => "`true` or `false`",
        DeValue::Datetime(_) => "a date or time",
        DeValue::Array(_) => "an array",
        DeValue::Table(_) => "a table",
    }
}

fn listed<'a>(words: impl Iterator<Item = &'a str>) -> String {
    words.map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ")
}

fn join(path: &str, key: &str) -> String {
    let is_bare = !key.is_empty() && key.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_');
    let key = if is_bare { key.to_owned() } else { format!("{key:?}") };
    if path.is_empty() { key } else { format!("{path}.{key}") }
}

fn members<'v, 'a>(
    path: &str,
    value: &'v Spanned<DeValue<'a>>,
    segment: &str,
) -> Vec<(String, &'v Spanned<DeValue<'a>>)> {
    match value.get_ref() {
        DeValue::Table(table) => table
            .iter()
            .filter(|(key, _)| segment == "*" || key.get_ref() == segment)
            .map(|(key, value)| (join(path, key.get_ref()), value))
            .collect(),
        DeValue::Array(array) => array
            .iter()
            .enumerate()
            .filter(|(index, _)| segment == "*" || *segment == index.to_string())
            .map(|(index, value)| (format!("{path}[{index}]"), value))
            .collect(),
        _ => Vec::new(),
    }
}

fn known_words(schema: &Value, words: &mut BTreeSet<String>) {
    match schema {
        Value::Object(object) => {
            if let Some(Value::Object(properties)) = object.get("properties") {
                words.extend(properties.keys().cloned());
            }
            object.values().for_each(|schema| known_words(schema, words));
        }
        Value::Array(array) => array.iter().for_each(|schema| known_words(schema, words)),
        _ => {}
    }
}

fn mark(value: &Spanned<DeValue<'_>>, visible: &mut Visible) {
    match value.get_ref() {
        DeValue::Table(table) => {
            for (key, value) in table {
                visible.keys.push(key.span());
                mark(value, visible);
            }
        }
        DeValue::Array(array) => array.iter().for_each(|value| mark(value, visible)),
        _ => visible.values.push(value.span()),
    }
}

fn place(text: &str, visible: &Visible, mut found: Vec<Found>) -> Vec<Problem> {
    found.sort_by_key(|found| found.span.start);
    let boundary =
        |offset: usize| (0..=offset.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
    found
        .into_iter()
        .map(|Found { span, key, message, nearest, help }| {
            let span = boundary(span.start)..boundary(span.end);
            let (line, column) = position(text, span.start);
            let excerpt = excerpt(text, &span, visible);
            Problem { line, column, span, key, message, nearest, help, excerpt }
        })
        .collect()
}

fn to_json(value: &DeValue<'_>) -> Value {
    match value {
        DeValue::String(text) => json!(text),
        DeValue::Integer(digits) => {
            i64::from_str_radix(digits.as_str(), digits.radix()).map_or(Value::Null, |number| json!(number))
        }
        DeValue::Float(digits) => digits.as_str().parse::<f64>().map_or(Value::Null, |number| json!(number)),
        DeValue::Boolean(boolean) => json!(boolean),
        DeValue::Datetime(time) => json!(time.to_string()),
        DeValue::Array(array) => array.iter().map(|value| to_json(value.get_ref())).collect(),
        DeValue::Table(table) => table
            .iter()
            .map(|(key, value)| (key.get_ref().to_string(), to_json(value.get_ref())))
            .collect::<Map<_, _>>()
            .into(),
    }
}
