//! Adding what was imported to a `charter.toml` that people write by hand, and changing nothing else in it.

use charter_deploy_model::Waiver;
use charter_gates::import::Setting;
use toml::{Table, Value};

/// A text with what could be added to it.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Merged {
    /// The whole text.
    pub(crate) text: String,
    /// What was added, block by block.
    pub(crate) added: Vec<String>,
    /// How much of it was there already.
    pub(crate) there: usize,
    /// What is to be added by hand, block by block, and why: a clause.
    pub(crate) by_hand: Vec<(String, String)>,
}

/// Something to add, below a header such as `[gates.lighthouse]`.
struct Block<'a> {
    header: String,
    lines: Vec<String>,
    settings: Vec<&'a Setting>,
    waiver: Option<Table>,
}

impl Block<'_> {
    fn text(&self) -> String {
        format!("{}\n{}\n", self.header, self.lines.join("\n"))
    }
}

/// Adds settings and waivers to the text of a configuration; `accepts` says whether another text is one.
///
/// What is there already stays as it is, also where it says something else. Whatever is added is checked by reading the
/// new text: it must say what the old one said and what was to be added, and nothing besides.
pub(crate) fn merge(
    text: &str,
    settings: &[Setting],
    waivers: &[Waiver],
    accepts: &dyn Fn(&str) -> Result<(), String>,
) -> Merged {
    let mut merged = Merged { text: text.to_owned(), ..Merged::default() };
    let mut blocks: Vec<Block<'_>> = Vec::new();
    let old: Table = toml::from_str(text).unwrap_or_default();
    for setting in settings {
        let there = at(&old, setting.table());
        match (setting, there) {
            (Setting::Key { key, value, .. }, Some(Value::Table(table))) if table.contains_key(key) => {
                if table.get(key).is_some_and(|other| is_same(other, value)) {
                    merged.there += 1;
                } else {
                    let block = format!("[{}]\n{setting}\n", setting.table());
                    merged.by_hand.push((block, format!("`{key}` is set there, to something else")));
                }
                continue;
            }
            (Setting::Entry { entry, .. }, Some(Value::Array(entries)))
                if entries.iter().any(|other| is_same(other, &Value::Table(entry.clone()))) =>
            {
                merged.there += 1;
                continue;
            }
            _ => {}
        }
        let header = match setting {
            Setting::Key { table, .. } => format!("[{table}]"),
            Setting::Entry { array, .. } => format!("[[{array}]]"),
        };
        let is_key = matches!(setting, Setting::Key { .. });
        match blocks.iter_mut().find(|block| is_key && block.header == header) {
            Some(block) => {
                block.lines.push(setting.to_string());
                block.settings.push(setting);
            }
            None => {
                blocks.push(Block { header, lines: vec![setting.to_string()], settings: vec![setting], waiver: None });
            }
        }
    }
    for waiver in waivers {
        let entry = table_of(waiver);
        let names = |other: &Value| ["code", "subject"].iter().all(|key| other.get(key) == entry.get(*key));
        if matches!(old.get("waivers"), Some(Value::Array(entries)) if entries.iter().any(names)) {
            merged.there += 1;
            continue;
        }
        let line = |key: &str| {
            let line = Table::from_iter([(key.to_owned(), entry.get(key)?.clone())]).to_string();
            Some(line.trim_end().to_owned())
        };
        let lines = ["code", "subject", "reason", "owner", "expires"].into_iter().filter_map(line).collect();
        blocks.push(Block { header: "[[waivers]]".to_owned(), lines, settings: Vec::new(), waiver: Some(entry) });
    }
    for block in &blocks {
        match with(&merged.text, block, accepts) {
            Ok(text) => {
                merged.text = text;
                merged.added.push(block.text());
            }
            Err(because) => merged.by_hand.push((block.text(), because)),
        }
    }
    merged
}

/// Returns the text with a block in it, below its header where that is there, or else at the end.
fn with(text: &str, block: &Block<'_>, accepts: &dyn Fn(&str) -> Result<(), String>) -> Result<String, String> {
    let mut expected: Table = toml::from_str(text).unwrap_or_default();
    let is_in_form = block.settings.iter().all(|setting| apply(&mut expected, setting))
        && block.waiver.as_ref().is_none_or(|waiver| push(&mut expected, "waivers", waiver));
    if !is_in_form {
        return Err(format!("`{}` has another form there", block.header));
    }
    let at_end = || {
        let gap = match text {
            "" => "",
            text if text.ends_with("\n\n") => "",
            text if text.ends_with('\n') => "\n",
            _ => "\n\n",
        };
        format!("{text}{gap}{}", block.text())
    };
    let below_header = || {
        let is_header = |line: &str| line.split('#').next().is_some_and(|line| line.trim() == block.header);
        let mut new = String::with_capacity(text.len());
        let mut is_done = false;
        for line in text.split_inclusive('\n') {
            new.push_str(line);
            if !is_done && is_header(line) {
                is_done = true;
                let end = if line.ends_with('\n') { "" } else { "\n" };
                new.push_str(&format!("{end}{}\n", block.lines.join("\n")));
            }
        }
        is_done.then_some(new)
    };
    let is_table = !block.header.starts_with("[[");
    let candidates = is_table.then(below_header).flatten().into_iter().chain([at_end()]);
    let mut because = format!("`{}` is written in another way there", block.header);
    for candidate in candidates {
        if toml::from_str::<Table>(&candidate).is_ok_and(|new| new == expected) {
            match accepts(&candidate) {
                Ok(()) => return Ok(candidate),
                Err(refused) => because = refused,
            }
        }
    }
    Err(because)
}

/// Returns what a path of names leads to.
fn at<'a>(document: &'a Table, path: &str) -> Option<&'a Value> {
    let (first, rest) = path.split_once('.').map_or((path, None), |(first, rest)| (first, Some(rest)));
    match (document.get(first)?, rest) {
        (value, None) => Some(value),
        (Value::Table(table), Some(rest)) => at(table, rest),
        _ => None,
    }
}

/// Sets what is to be set; `false` when something of another form is there.
fn apply(document: &mut Table, setting: &Setting) -> bool {
    match setting {
        Setting::Key { table, key, value } => match inner(document, table) {
            Some(table) => table.insert(key.clone(), value.clone()).is_none(),
            None => false,
        },
        Setting::Entry { array, entry } => push(document, array, entry),
    }
}

fn push(document: &mut Table, path: &str, entry: &Table) -> bool {
    let (table, name) = path.rsplit_once('.').map_or((None, path), |(table, name)| (Some(table), name));
    let table = match table {
        Some(path) => inner(document, path),
        None => Some(document),
    };
    match table.map(|table| table.entry(name).or_insert_with(|| Value::Array(Vec::new()))) {
        Some(Value::Array(entries)) => {
            entries.push(Value::Table(entry.clone()));
            true
        }
        _ => false,
    }
}

fn inner<'a>(document: &'a mut Table, path: &str) -> Option<&'a mut Table> {
    path.split('.').try_fold(document, |table, name| {
        table.entry(name).or_insert_with(|| Value::Table(Table::new())).as_table_mut()
    })
}

/// Compares two values; numbers by what they are worth.
fn is_same(one: &Value, other: &Value) -> bool {
    let worth = |value: &Value| value.as_float().or_else(|| value.as_integer().map(|whole| whole as f64));
    one == other || worth(one).is_some_and(|one| worth(other) == Some(one))
}

fn table_of(waiver: &Waiver) -> Table {
    let Waiver { code, subject, reason, owner, expires } = waiver;
    let texts = [("code", Some(code)), ("subject", subject.as_ref()), ("reason", Some(reason)), ("owner", Some(owner))];
    let mut table: Table =
        texts.into_iter().filter_map(|(key, text)| Some((key.to_owned(), Value::from(text?.clone())))).collect();
    table.insert("expires".to_owned(), expires.to_string().into());
    table
}

#[cfg(test)]
mod tests;
