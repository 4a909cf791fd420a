//! A Dockerfile as BuildKit takes it apart: directives, instructions over several lines, flags, JSON, heredocs.

use std::iter::{Enumerate, Peekable};
use std::str::Split;

use super::words;

/// A larger file is not read, in bytes.
pub(super) const SIZE_LIMIT: u64 = 1 << 20;
/// More heredocs are not read.
const HEREDOC_LIMIT: usize = 1_000;

/// What is wrong with a file, and in which line, counted from 1.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Problem {
    pub(super) what: String,
    pub(super) line: u32,
}

/// What a file says.
#[derive(Debug, Default)]
pub(super) struct Dockerfile {
    pub(super) instructions: Vec<Instruction>,
    /// What could not be read; the rest was.
    pub(super) problems: Vec<Problem>,
    /// Comments that tell hadolint to ignore something: their line, and what.
    pub(super) ignores: Vec<(u32, String)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Keyword {
    Add,
    Arg,
    Cmd,
    Copy,
    Entrypoint,
    Env,
    Expose,
    From,
    Healthcheck,
    Label,
    Maintainer,
    Onbuild,
    Run,
    Shell,
    Stopsignal,
    User,
    Volume,
    Workdir,
}

/// One instruction.
#[derive(Debug)]
pub(super) struct Instruction {
    pub(super) keyword: Keyword,
    /// Whether `ONBUILD` stands before it.
    pub(super) is_trigger: bool,
    /// Its first line, counted from 1.
    pub(super) line: u32,
    /// `--name=value`, as far as they come before anything else.
    pub(super) flags: Vec<(String, String)>,
    /// What comes behind the flags, lines that belong together joined.
    pub(super) text: String,
    /// The strings of a JSON list, where the text is one.
    pub(super) json: Option<Vec<String>>,
    pub(super) heredocs: Vec<Heredoc>,
    /// From which byte of `text` on which line holds.
    lines: Vec<(usize, u32)>,
}

#[derive(Debug)]
pub(super) struct Heredoc {
    pub(super) content: String,
    /// The line its content begins in.
    pub(super) line: u32,
}

impl Instruction {
    /// Returns the line in which a byte of the text stands.
    pub(super) fn line_at(&self, at: usize) -> u32 {
        let after = self.lines.partition_point(|(start, _)| *start <= at);
        after.checked_sub(1).map_or(self.line, |index| self.lines[index].1)
    }

    pub(super) fn flag(&self, name: &str) -> Option<&str> {
        self.flags.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// Returns what is copied and where to; nothing when one of them lacks.
    pub(super) fn paths(&self) -> Option<(Vec<&str>, &str)> {
        let mut paths: Vec<&str> = match &self.json {
            Some(paths) => paths.iter().map(String::as_str).collect(),
            None => self.text.split_ascii_whitespace().collect(),
        };
        let target = paths.pop()?;
        (!paths.is_empty()).then_some((paths, target))
    }

    /// Says whether a cache or a file system in memory is mounted at a path that has `part` in it.
    pub(super) fn mounts(&self, part: &str) -> bool {
        let mut mounts = self.flags.iter().filter(|(name, _)| name == "mount");
        mounts.any(|(_, value)| {
            let options = || value.split(',').filter_map(|option| option.split_once('='));
            let keeps = options().any(|(key, value)| key == "type" && matches!(value, "cache" | "tmpfs"));
            let is_target = |key: &str| matches!(key, "target" | "dst" | "destination");
            keeps && options().any(|(key, value)| is_target(key) && value.contains(part))
        })
    }
}

/// Reads a Dockerfile.
///
/// # Errors
/// When it is no text. Of an instruction that cannot be read, [`Dockerfile::problems`] tells.
pub(super) fn read(content: &[u8]) -> Result<Dockerfile, Problem> {
    let line_of = |at: usize| {
        let before = content[..at].iter().filter(|byte| **byte == b'\n').count();
        u32::try_from(before + 1).unwrap_or(u32::MAX)
    };
    let text = std::str::from_utf8(content)
        .map_err(|error| Problem { what: "is not UTF-8".to_owned(), line: line_of(error.valid_up_to()) })?;
    if let Some(at) = content.iter().position(|byte| *byte == 0) {
        return Err(Problem { what: "has a null byte in it".to_owned(), line: line_of(at) });
    }
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut reader = Reader {
        lines: text.split('\n').enumerate().peekable(),
        escape: '\\',
        heredocs: 0,
        file: Dockerfile::default(),
    };
    reader.directives();
    while let Some(line) = reader.logical() {
        reader.instruction(line);
    }
    Ok(reader.file)
}

/// An instruction whose lines are joined, and from which byte on which line holds.
struct Logical {
    text: String,
    lines: Vec<(usize, u32)>,
}

struct Reader<'a> {
    lines: Peekable<Enumerate<Split<'a, char>>>,
    escape: char,
    heredocs: usize,
    file: Dockerfile,
}

impl<'a> Reader<'a> {
    fn next(&mut self) -> Option<(u32, &'a str)> {
        let (index, line) = self.lines.next()?;
        Some((u32::try_from(index + 1).unwrap_or(u32::MAX), line.strip_suffix('\r').unwrap_or(line)))
    }

    fn problem(&mut self, what: impl Into<String>, line: u32) {
        self.file.problems.push(Problem { what: what.into(), line });
    }

    /// Takes the lines at the top that speak to the parser: `# escape=`, and others that change nothing here.
    fn directives(&mut self) {
        while let Some((index, line)) = self.lines.peek().copied() {
            let directive = line.trim().strip_prefix('#').and_then(|comment| comment.split_once('='));
            let Some((name, value)) = directive else { return };
            let is_escape = name.trim().eq_ignore_ascii_case("escape");
            if !is_escape && !["syntax", "check"].iter().any(|known| name.trim().eq_ignore_ascii_case(known)) {
                return;
            }
            if is_escape {
                match value.trim() {
                    "`" => self.escape = '`',
                    "\\" => {}
                    _ => self.problem("names an escape that is neither a backslash nor a backtick", line_number(index)),
                }
            }
            self.lines.next();
        }
    }

    /// Returns the next instruction, without comments and what parts its lines.
    fn logical(&mut self) -> Option<Logical> {
        let (first, mut part) = loop {
            let (number, line) = self.next()?;
            let line = line.trim_start();
            match line.strip_prefix('#') {
                Some(comment) => self.comment(number, comment),
                None if line.is_empty() => {}
                None => break (number, line),
            }
        };
        let mut logical = Logical { text: String::new(), lines: vec![(0, first)] };
        while let Some(rest) = continued(part, self.escape) {
            logical.text.push_str(rest);
            let more = loop {
                let Some((number, line)) = self.next() else { break None };
                match line.trim_start().strip_prefix('#') {
                    Some(comment) => self.comment(number, comment),
                    None if line.trim().is_empty() => {}
                    None => break Some((number, line)),
                }
            };
            let Some((number, line)) = more else { return Some(logical) };
            logical.lines.push((logical.text.len(), number));
            part = line;
        }
        logical.text.push_str(part.trim_end());
        Some(logical)
    }

    fn comment(&mut self, line: u32, comment: &str) {
        let Some(pragma) = comment.trim_start().strip_prefix("hadolint") else { return };
        let pragma = pragma.trim_start();
        let pragma = pragma.strip_prefix("global").or(pragma.strip_prefix("stage")).unwrap_or(pragma).trim_start();
        if let Some(codes) = pragma.strip_prefix("ignore") {
            self.file.ignores.push((line, codes.trim_start_matches([' ', '\t', '=']).trim_end().to_owned()));
        }
    }

    fn instruction(&mut self, Logical { text, lines }: Logical) {
        let line = lines[0].1;
        let (mut rest, mut is_trigger) = (text.as_str(), false);
        let keyword = loop {
            let (word, behind) = split_word(rest);
            let Some(keyword) = keyword(word) else {
                let shown: String = word.chars().take(30).collect();
                return self.problem(format!("begins with `{shown}`, which is no instruction"), line);
            };
            rest = behind;
            // What is behind a second one is no instruction: that is for a rule to tell.
            if keyword != Keyword::Onbuild || is_trigger {
                break keyword;
            }
            is_trigger = true;
        };
        if rest.is_empty() {
            return self.problem(format!("has a `{}` that says nothing", name(keyword)), line);
        }
        let mut flags = Vec::new();
        use Keyword::{Add, Cmd, Copy, Entrypoint, From, Healthcheck, Run, Shell, Volume};
        if matches!(keyword, Add | Copy | From | Healthcheck | Run) {
            while let Some(flag) = rest.strip_prefix("--") {
                let (flag, behind) = split_word(flag);
                let (name, value) = flag.split_once('=').unwrap_or((flag, ""));
                flags.push((name.to_owned(), value.to_owned()));
                rest = behind;
            }
        }
        if keyword == Healthcheck {
            let (sort, command) = split_word(rest);
            if !sort.eq_ignore_ascii_case("none") && (!sort.eq_ignore_ascii_case("cmd") || command.is_empty()) {
                return self.problem("has a `HEALTHCHECK` with neither `CMD` and a command nor `NONE`", line);
            }
        }
        let json = match keyword {
            Add | Cmd | Copy | Entrypoint | Run | Shell | Volume => list(rest),
            Healthcheck => list(split_word(rest).1),
            _ => None,
        };
        let skipped = text.len() - rest.len();
        let lines = lines.iter().map(|(at, line)| (at.saturating_sub(skipped), *line)).collect();
        let rest = rest.to_owned();
        let heredocs = match keyword {
            Add | Copy | Run if json.is_none() && rest.contains("<<") => self.heredocs(&rest, line),
            _ => Vec::new(),
        };
        self.file.instructions.push(Instruction {
            keyword,
            is_trigger,
            line,
            flags,
            text: rest,
            json,
            heredocs,
            lines,
        });
    }

    fn heredocs(&mut self, text: &str, line: u32) -> Vec<Heredoc> {
        let mut heredocs = Vec::new();
        for word in words::raw(text) {
            let Some((delimiter, strips_tabs)) = words::heredoc(word) else { continue };
            self.heredocs += 1;
            if self.heredocs > HEREDOC_LIMIT {
                self.problem(format!("has more than {HEREDOC_LIMIT} heredocs"), line);
                break;
            }
            let (mut content, mut first) = (String::new(), None);
            let ends = loop {
                let Some((number, body)) = self.next() else { break false };
                first.get_or_insert(number);
                let body = if strips_tabs { body.trim_start_matches('\t') } else { body };
                if body == delimiter {
                    break true;
                }
                content.push_str(body);
                content.push('\n');
            };
            if !ends {
                self.problem(format!("has a heredoc that never ends: `{delimiter:.30}`"), line);
            }
            heredocs.push(Heredoc { content, line: first.unwrap_or(line) });
        }
        heredocs
    }
}

fn line_number(index: usize) -> u32 {
    u32::try_from(index + 1).unwrap_or(u32::MAX)
}

/// Returns the line without the escape at its end, where there is one; two of them are none.
fn continued(line: &str, escape: char) -> Option<&str> {
    let rest = line.trim_end_matches([' ', '\t']).strip_suffix(escape)?;
    (!rest.ends_with(escape)).then_some(rest)
}

fn split_word(text: &str) -> (&str, &str) {
    let text = text.trim_start();
    match text.find(|letter: char| letter.is_ascii_whitespace()) {
        Some(at) => (&text[..at], text[at..].trim_start()),
        None => (text, ""),
    }
}

fn list(text: &str) -> Option<Vec<String>> {
    text.starts_with('[').then(|| serde_json::from_str(text).ok()).flatten()
}

const KEYWORDS: [(&str, Keyword); 18] = [
    ("ADD", Keyword::Add),
    ("ARG", Keyword::Arg),
    ("CMD", Keyword::Cmd),
    ("COPY", Keyword::Copy),
    ("ENTRYPOINT", Keyword::Entrypoint),
    ("ENV", Keyword::Env),
    ("EXPOSE", Keyword::Expose),
    ("FROM", Keyword::From),
    ("HEALTHCHECK", Keyword::Healthcheck),
    ("LABEL", Keyword::Label),
    ("MAINTAINER", Keyword::Maintainer),
    ("ONBUILD", Keyword::Onbuild),
    ("RUN", Keyword::Run),
    ("SHELL", Keyword::Shell),
    ("STOPSIGNAL", Keyword::Stopsignal),
    ("USER", Keyword::User),
    ("VOLUME", Keyword::Volume),
    ("WORKDIR", Keyword::Workdir),
];

fn keyword(word: &str) -> Option<Keyword> {
    KEYWORDS.iter().find(|(name, _)| name.eq_ignore_ascii_case(word)).map(|(_, keyword)| *keyword)
}

/// Returns how a keyword is written.
pub(super) fn name(keyword: Keyword) -> &'static str {
    KEYWORDS.iter().find(|(_, known)| *known == keyword).map_or("", |(name, _)| name)
}
