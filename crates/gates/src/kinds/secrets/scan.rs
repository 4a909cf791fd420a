//! Finding secrets in bytes: one pass for all keywords, and a rule's pattern only around its own.

use std::collections::HashMap;
use std::io::{self, Read};
use std::ops::Range;
use std::sync::{LazyLock, OnceLock};

use aho_corasick::{AhoCorasick, AhoCorasickKind};
use regex::bytes::{Regex, RegexBuilder};
use sha2::{Digest as _, Sha256};

use super::proof::{entropy, is_stand_in};
use super::rules::{RULES, Rule};

/// How much of a content is looked at in one go, in bytes.
const CHUNK: usize = 2 << 20;
/// As far as any rule reaches before and after its keyword.
const BEFORE: usize = 2_048;
const AFTER: usize = 4_352;
/// How many different secrets are told of one content, and how many places of each.
pub(super) const MOST_SECRETS: usize = 100;
const MOST_PLACES: usize = 5;
/// A file in UTF-16 is translated as a whole, so it may not be larger than this, in bytes.
const LARGEST_UTF16: u64 = 64 << 20;

/// A secret that was found, without the secret.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Secret {
    /// The rule that found it.
    pub(super) rule: &'static Rule,
    /// At most its first four characters, and fewer when they would give much away.
    pub(super) shown: String,
    /// The beginning of its SHA-256; absent when one could find it by guessing.
    pub(super) digest: Option<String>,
    /// The first places, as line and column.
    pub(super) places: Vec<(u32, u32)>,
    /// In how many places it is.
    pub(super) count: usize,
}

impl PartialEq for Rule {
    fn eq(&self, other: &Self) -> bool {
        self.id == other.id
    }
}

/// What a content holds.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Seen {
    /// Different secrets, in the order of their first places.
    pub(super) secrets: Vec<Secret>,
    /// Why there may be more than that.
    pub(super) incomplete: Option<&'static str>,
}

/// A keyword and one rule that wants to hear of it.
struct Wants {
    rule: usize,
    keyword: &'static str,
}

static KEYWORDS: LazyLock<(AhoCorasick, Vec<Vec<Wants>>)> = LazyLock::new(|| {
    let mut wanted: Vec<(String, Vec<Wants>)> = Vec::new();
    for (rule, Rule { keywords, .. }) in RULES.iter().enumerate() {
        for keyword in *keywords {
            let wants = Wants { rule, keyword };
            let lower = keyword.to_ascii_lowercase();
            match wanted.iter_mut().find(|(known, _)| *known == lower) {
                Some((_, all)) => all.push(wants),
                None => wanted.push((lower, vec![wants])),
            }
        }
    }
    let automaton = AhoCorasick::builder()
        .kind(Some(AhoCorasickKind::DFA))
        .ascii_case_insensitive(true)
        .build(wanted.iter().map(|(keyword, _)| keyword))
        .expect("the keywords are few and short");
    (automaton, wanted.into_iter().map(|(_, wants)| wants).collect())
});

/// Patterns are compiled when they are first needed: most never are.
static PATTERNS: LazyLock<Vec<OnceLock<Regex>>> = LazyLock::new(|| RULES.iter().map(|_| OnceLock::new()).collect());

fn pattern(rule: usize) -> &'static Regex {
    let compile = || RegexBuilder::new(RULES[rule].pattern).unicode(false).build();
    PATTERNS[rule].get_or_init(|| compile().expect("a test compiles every pattern"))
}

/// Looks through a content that is read bit by bit. The buffer is used anew each time.
pub(super) fn look_through(mut content: impl Read, buffer: &mut Vec<u8>) -> io::Result<Seen> {
    let mut findings = Findings::default();
    let mut context = 0;
    buffer.clear();
    loop {
        let room = (CHUNK + BEFORE + AFTER - buffer.len()) as u64;
        let at_end = content.by_ref().take(room).read_to_end(buffer)? < room as usize;
        if findings.is_text.is_none() {
            if let Some(endian) = Utf16::of(buffer) {
                let read = content.by_ref().take(LARGEST_UTF16).read_to_end(buffer)?;
                let incomplete = (read as u64 == LARGEST_UTF16).then_some("it is UTF-16 and very large");
                let mut seen = look_through_bytes(endian.decode(buffer).as_bytes());
                seen.incomplete = seen.incomplete.or(incomplete);
                return Ok(seen);
            }
            findings.is_text = Some(!buffer[..buffer.len().min(8 << 10)].contains(&0));
        }
        let end = if at_end { buffer.len() } else { buffer.len() - AFTER };
        findings.look(buffer, context..end);
        if at_end {
            return Ok(findings.seen());
        }
        let passed = end.saturating_sub(BEFORE);
        findings.pass(&buffer[..passed]);
        buffer.drain(..passed);
        context = end - passed;
    }
}

/// Looks through a content that is in memory.
pub(super) fn look_through_bytes(content: &[u8]) -> Seen {
    if let Some(endian) = Utf16::of(content) {
        return look_through_bytes(endian.decode(content).as_bytes());
    }
    let is_text = Some(!content[..content.len().min(8 << 10)].contains(&0));
    let mut findings = Findings { is_text, ..Findings::default() };
    findings.look(content, 0..content.len());
    findings.seen()
}

/// What was found so far, and where the bytes at hand are in the content.
#[derive(Default)]
struct Findings {
    is_text: Option<bool>,
    lines: u32,
    columns: u32,
    secrets: Vec<Secret>,
    known: HashMap<(&'static str, [u8; 32]), usize>,
    incomplete: Option<&'static str>,
}

/// Where in the bytes at hand a rule found something.
struct Hit {
    rule: usize,
    secret: Range<usize>,
}

impl Findings {
    /// Looks at what keywords beginning in `owned` announce.
    fn look(&mut self, bytes: &[u8], owned: Range<usize>) {
        let mut hits = hits(bytes, owned, self.is_text.unwrap_or_default());
        hits.sort_by_key(|hit| (hit.secret.start, hit.rule));
        let mut apart: Vec<Hit> = Vec::with_capacity(hits.len());
        for hit in hits {
            match apart.last_mut() {
                Some(last) if hit.secret.start < last.secret.end => {
                    if hit.rule < last.rule {
                        *last = hit;
                    }
                }
                _ => apart.push(hit),
            }
        }
        let mut looked = 0;
        let (mut line, mut column) = (self.lines, self.columns);
        for hit in apart {
            (line, column) = after((line, column), &bytes[looked..hit.secret.start]);
            looked = hit.secret.start;
            self.add(&RULES[hit.rule], &bytes[hit.secret], (line + 1, column + 1));
        }
    }

    fn add(&mut self, rule: &'static Rule, secret: &[u8], place: (u32, u32)) {
        let digest: [u8; 32] = Sha256::digest(secret).into();
        if let Some(known) = self.known.get(&(rule.id, digest)) {
            let known = &mut self.secrets[*known];
            known.count += 1;
            if known.places.len() < MOST_PLACES {
                known.places.push(place);
            }
        } else if self.secrets.len() == MOST_SECRETS {
            self.incomplete = Some("it holds more than can be told");
        } else {
            self.known.insert((rule.id, digest), self.secrets.len());
            let guessable = rule.family.is_guessable();
            let digest = (!guessable).then(|| digest[..6].iter().map(|byte| format!("{byte:02x}")).collect());
            self.secrets.push(Secret { rule, shown: shown(secret, guessable), digest, places: vec![place], count: 1 });
        }
    }

    /// Leaves bytes behind.
    fn pass(&mut self, bytes: &[u8]) {
        (self.lines, self.columns) = after((self.lines, self.columns), bytes);
    }

    fn seen(self) -> Seen {
        Seen { secrets: self.secrets, incomplete: self.incomplete }
    }
}

fn hits(bytes: &[u8], owned: Range<usize>, is_text: bool) -> Vec<Hit> {
    let (automaton, wanted) = &*KEYWORDS;
    let mut hits: Vec<Hit> = Vec::new();
    // A keyword that begins in the last bytes that are owned ends a little later.
    let end = bytes.len().min(owned.end + 32);
    for found in automaton.find_overlapping_iter(&bytes[owned.start..end]) {
        let at = owned.start + found.start();
        if at >= owned.end {
            continue;
        }
        let keyword_end = owned.start + found.end();
        for wants in &wanted[found.pattern().as_usize()] {
            let rule = &RULES[wants.rule];
            let rest = &bytes[keyword_end..];
            let wanted = (is_text || !rule.family.is_text())
                && (rule.any_case || &bytes[at..keyword_end] == wants.keyword.as_bytes())
                && (rule.follows)(rest)
                && (rule.name)(name(bytes, at..keyword_end));
            if wanted {
                search(wants.rule, bytes, at..keyword_end, &mut hits);
            }
        }
    }
    hits
}

/// Returns the name that a keyword is part of, as far as it matters.
fn name(bytes: &[u8], keyword: Range<usize>) -> &[u8] {
    const LONGEST: usize = 40;
    let is_part = |byte: &&u8| byte.is_ascii_alphanumeric() || b"_-.".contains(byte);
    let before = bytes[..keyword.start].iter().rev().take(LONGEST).take_while(is_part).count();
    let after = bytes[keyword.end..].iter().take(LONGEST).take_while(is_part).count();
    &bytes[keyword.start - before..keyword.end + after]
}

fn search(rule: usize, bytes: &[u8], keyword: Range<usize>, hits: &mut Vec<Hit>) {
    let Rule { reach: (before, after), entropy: least, is, .. } = RULES[rule];
    let from = keyword.start.saturating_sub(before);
    // What is before the window stays in sight, so that the middle of a line is not taken for its beginning.
    let window = &bytes[..bytes.len().min(keyword.start + after)];
    let mut next = from;
    while let Some(captures) = pattern(rule).captures_at(window, next) {
        let (Some(whole), Some(secret)) = (captures.get(0), captures.get(1)) else { break };
        next = whole.end();
        // What another keyword announces is judged by the name of that one.
        if whole.end() <= keyword.start {
            continue;
        }
        if whole.start() >= keyword.end {
            break;
        }
        let found = secret.range();
        let text = secret.as_bytes();
        let known = || hits.iter().rev().take(8).any(|hit| hit.rule == rule && hit.secret == found);
        if entropy(text) >= least && !is_stand_in(&text[..text.len().min(80)]) && is(text) && !known() {
            hits.push(Hit { rule, secret: found });
        }
    }
}

/// Returns line and column, counted from 0 in characters, after more bytes.
fn after((line, column): (u32, u32), bytes: &[u8]) -> (u32, u32) {
    let characters = |bytes: &[u8]| bytes.iter().filter(|byte| **byte & 0xC0 != 0x80).count() as u32;
    match bytes.iter().rposition(|byte| *byte == b'\n') {
        Some(last) => {
            let lines = bytes[..=last].iter().filter(|byte| **byte == b'\n').count() as u32;
            (line.saturating_add(lines), characters(&bytes[last + 1..]))
        }
        None => (line, column.saturating_add(characters(bytes))),
    }
}

/// Returns as much of a secret as helps its owner to find it and nobody to use it.
fn shown(secret: &[u8], guessable: bool) -> String {
    let count = if guessable || secret.len() < 20 { 0 } else { 4 };
    let begin: String =
        secret[..count].iter().map(|byte| char::from(*byte)).take_while(char::is_ascii_graphic).collect();
    format!("{begin}…")
}

/// How a text says that it is UTF-16.
#[derive(Clone, Copy)]
enum Utf16 {
    Big,
    Little,
}

impl Utf16 {
    fn of(bytes: &[u8]) -> Option<Self> {
        match bytes {
            [0xFE, 0xFF, ..] => Some(Self::Big),
            [0xFF, 0xFE, ..] => Some(Self::Little),
            _ => None,
        }
    }

    fn decode(self, bytes: &[u8]) -> String {
        let units = bytes[2..].as_chunks::<2>().0.iter().map(|pair| match self {
            Self::Big => u16::from_be_bytes(*pair),
            Self::Little => u16::from_le_bytes(*pair),
        });
        char::decode_utf16(units).map(|unit| unit.unwrap_or(char::REPLACEMENT_CHARACTER)).collect()
    }
}
