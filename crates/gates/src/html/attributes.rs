//! The attributes of one tag, in one buffer that serves all tags of a page.

use std::ops::Range;

/// Further attributes of one tag are dropped: looking for repeated names among them takes their square.
const MAX_ATTRIBUTES: usize = 256;

/// The attributes of a tag, in its order. Of two of one name the first counts.
#[derive(Debug, Default)]
pub(crate) struct Attributes {
    text: String,
    /// What is being read, before it is known to be UTF-8; empty while `text` is not.
    bytes: Vec<u8>,
    entries: Vec<Entry>,
    open: Option<Entry>,
}

#[derive(Debug, Clone, Copy)]
struct Entry {
    name_start: usize,
    value_start: usize,
    end: usize,
    value_at: usize,
}

impl Attributes {
    /// Returns an attribute's value with its character references replaced; empty when it has none.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.find(name).map(|entry| &self.text[entry.value()])
    }

    /// Says whether there is such an attribute.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.find(name).is_some()
    }

    /// Returns where an attribute's value begins, in bytes from the start of the page; its name, when it has no value.
    pub(crate) fn at(&self, name: &str) -> Option<usize> {
        self.find(name).map(|entry| entry.value_at)
    }

    /// Returns the names, in lower case, and values.
    #[cfg(any(test, feature = "fuzzing"))]
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.entries.iter().map(|entry| (&self.text[entry.name()], &self.text[entry.value()]))
    }

    fn find(&self, name: &str) -> Option<&Entry> {
        self.entries.iter().find(|entry| &self.text[entry.name()] == name)
    }

    pub(super) fn clear(&mut self) {
        self.entries.clear();
        self.open = None;
        if self.bytes.capacity() == 0 {
            self.bytes = std::mem::take(&mut self.text).into_bytes();
        }
        self.bytes.clear();
    }

    /// Begins the next attribute. Returns false when the one before repeats a name.
    pub(super) fn begin(&mut self, at: usize) -> bool {
        let was_new = self.end();
        let start = self.bytes.len();
        self.open = Some(Entry { name_start: start, value_start: start, end: start, value_at: at });
        was_new
    }

    pub(super) fn begin_value(&mut self, at: usize) {
        if let Some(open) = &mut self.open {
            open.value_at = at;
        }
    }

    pub(super) fn push_name(&mut self, piece: &[u8]) {
        if let Some(open) = &mut self.open {
            self.bytes.extend_from_slice(piece);
            open.value_start = self.bytes.len();
        }
    }

    pub(super) fn push_value(&mut self, piece: &[u8]) {
        if self.open.is_some() {
            self.bytes.extend_from_slice(piece);
        }
    }

    /// Ends the last attribute; returns false when it repeats a name. Only then may the others be called.
    pub(super) fn finish(&mut self) -> bool {
        let was_new = self.end();
        match String::from_utf8(std::mem::take(&mut self.bytes)) {
            Ok(text) if self.entries.iter().all(|entry| entry.splits(&text)) => self.text = text,
            // The end of one and the beginning of the next are no UTF-8, and by chance they are when put together.
            Ok(text) => self.decode(text.as_bytes()),
            Err(error) => self.decode(&error.into_bytes()),
        }
        was_new
    }

    fn end(&mut self) -> bool {
        let Some(mut open) = self.open.take() else { return true };
        open.end = self.bytes.len();
        let name = &self.bytes[open.name()];
        let is_new =
            self.entries.len() < MAX_ATTRIBUTES && !self.entries.iter().any(|entry| &self.bytes[entry.name()] == name);
        if is_new {
            self.entries.push(open);
        } else {
            self.bytes.truncate(open.name_start);
        }
        is_new || self.entries.len() >= MAX_ATTRIBUTES
    }

    fn decode(&mut self, bytes: &[u8]) {
        let mut text = String::with_capacity(bytes.len());
        for entry in &mut self.entries {
            let Entry { name_start, value_start, .. } = *entry;
            let value = entry.value();
            entry.name_start = text.len();
            text.push_str(&String::from_utf8_lossy(&bytes[name_start..value_start]));
            entry.value_start = text.len();
            text.push_str(&String::from_utf8_lossy(&bytes[value]));
            entry.end = text.len();
        }
        self.text = text;
    }
}

impl Entry {
    const fn name(&self) -> Range<usize> {
        self.name_start..self.value_start
    }

    const fn value(&self) -> Range<usize> {
        self.value_start..self.end
    }

    /// Says whether it begins and ends between characters.
    fn splits(&self, text: &str) -> bool {
        [self.name_start, self.value_start, self.end].into_iter().all(|at| text.is_char_boundary(at))
    }
}
