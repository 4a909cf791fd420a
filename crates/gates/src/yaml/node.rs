//! Moving about in a YAML document by the names of fields.

use std::collections::HashSet;

use super::{Content, Document, Id, Place, Value};

/// A value of a document.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Node<'a> {
    document: &'a Document,
    id: Id,
}

impl<'a> Node<'a> {
    pub(crate) fn root(document: &'a Document) -> Self {
        Self { document, id: document.root_id() }
    }

    fn value(self) -> &'a Value {
        self.document.get(self.id)
    }

    fn with(self, id: Id) -> Self {
        Self { id, ..self }
    }

    /// Returns where it begins.
    pub(crate) fn place(self) -> Place {
        self.value().start
    }

    /// Returns a field that is there and not null; of two with one name the last, as Kubernetes takes it.
    pub(crate) fn get(self, name: &str) -> Option<Self> {
        self.entry(name).map(|(_, value)| value)
    }

    /// Returns a field's name and value, as [`Self::get`] does.
    pub(crate) fn entry(self, name: &str) -> Option<(Self, Self)> {
        let own = |node: Self| node.own_pairs().filter(|(key, _)| key.text() == Some(name)).last();
        // What is merged in gives way to what is there, and is itself looked at for its own fields only.
        let merged = || {
            self.own_pairs()
                .filter(|(key, _)| key.text() == Some("<<"))
                .find_map(|(_, from)| own(from).or_else(|| from.items().find_map(own)))
        };
        own(self).or_else(merged).filter(|(_, value)| !value.is_null())
    }

    /// Returns what a path of fields leads to.
    pub(crate) fn at(self, path: &[&str]) -> Option<Self> {
        path.iter().try_fold(self, |node, name| node.get(name))
    }

    /// Returns the text of what a path of fields leads to.
    pub(crate) fn text_at(self, path: &[&str]) -> Option<&'a str> {
        self.at(path)?.text()
    }

    fn own_pairs(self) -> impl Iterator<Item = (Self, Self)> {
        let pairs: &[(Id, Id)] = match &self.value().content {
            Content::Mapping(pairs) => pairs,
            _ => &[],
        };
        pairs.iter().map(move |(key, value)| (self.with(*key), self.with(*value)))
    }

    /// Returns the fields of a mapping that are not null, merged ones after its own.
    pub(crate) fn pairs(self) -> impl Iterator<Item = (Self, Self)> {
        let merged = self.own_pairs().filter(|(key, _)| key.text() == Some("<<"));
        let merged = merged.flat_map(|(_, from)| std::iter::once(from).chain(from.items()));
        let all = self.own_pairs().chain(merged.flat_map(Self::own_pairs));
        all.filter(|(key, value)| key.text() != Some("<<") && !value.is_null())
    }

    /// Returns the fields of a mapping with those merged into it, however deep: of two with one name the nearest.
    pub(crate) fn fields(self) -> Vec<(Self, Self)> {
        let (mut fields, mut names, mut looked, mut waiting) = (Vec::new(), HashSet::new(), HashSet::new(), vec![self]);
        while let Some(mapping) = waiting.pop() {
            // What was merged once adds nothing when it is merged again, and may merge itself.
            if !looked.insert(mapping.id) {
                continue;
            }
            let mut merged = Vec::new();
            for (key, value) in mapping.own_pairs() {
                match key.text() {
                    Some("<<") if value.is_list() => merged.extend(value.items()),
                    Some("<<") => merged.push(value),
                    Some(name) if names.insert(name) => fields.push((key, value)),
                    _ => {}
                }
            }
            waiting.extend(merged.into_iter().rev());
        }
        fields
    }

    /// Returns the keys that a mapping of the document has had already, wherever it is.
    pub(crate) fn repeated(self) -> Vec<Self> {
        let (mut repeated, mut looked, mut waiting) = (Vec::new(), HashSet::new(), vec![self.id]);
        while let Some(id) = waiting.pop() {
            if !looked.insert(id) {
                continue;
            }
            match &self.document.get(id).content {
                Content::Scalar(..) => {}
                Content::Sequence(items) => waiting.extend(items),
                Content::Mapping(pairs) => {
                    let mut names = HashSet::new();
                    for (key, value) in pairs {
                        if self.document.text(*key).is_some_and(|name| !names.insert(name)) {
                            repeated.push(self.with(*key));
                        }
                        waiting.extend([key, value]);
                    }
                }
            }
        }
        repeated
    }

    /// Returns the entries of a list that are not null.
    pub(crate) fn items(self) -> impl Iterator<Item = Self> {
        let items: &[Id] = match &self.value().content {
            Content::Sequence(items) => items,
            _ => &[],
        };
        items.iter().map(move |id| self.with(*id)).filter(|item| !item.is_null())
    }

    pub(crate) fn is_list(self) -> bool {
        matches!(self.value().content, Content::Sequence(_))
    }

    pub(crate) fn is_mapping(self) -> bool {
        matches!(self.value().content, Content::Mapping(_))
    }

    pub(crate) fn is_null(self) -> bool {
        matches!(&self.value().content, Content::Scalar(text, true) if matches!(text.as_str(), "" | "~" | "null" | "Null" | "NULL"))
    }

    /// Returns a scalar's text.
    pub(crate) fn text(self) -> Option<&'a str> {
        self.document.text(self.id)
    }

    /// Returns which of the two a text means; Kubernetes reads YAML 1.1, where `yes` and `on` are true.
    pub(crate) fn truth(self) -> Option<bool> {
        match self.text()? {
            "true" | "True" | "TRUE" | "yes" | "Yes" | "YES" | "y" | "Y" | "on" | "On" | "ON" => Some(true),
            "false" | "False" | "FALSE" | "no" | "No" | "NO" | "n" | "N" | "off" | "Off" | "OFF" => Some(false),
            _ => None,
        }
    }

    /// Returns a whole number.
    pub(crate) fn number(self) -> Option<i64> {
        let text = self.text()?.replace('_', "");
        let radix = |digits: &str, radix| i64::from_str_radix(digits, radix).ok();
        match text.get(..2) {
            Some("0x" | "0X") => radix(&text[2..], 16),
            Some("0o") => radix(&text[2..], 8),
            Some("0b") => radix(&text[2..], 2),
            _ if text.starts_with('0') && text.len() > 1 => radix(&text[1..], 8),
            _ => text.parse().ok(),
        }
    }
}
