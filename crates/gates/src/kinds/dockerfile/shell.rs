//! What commands a shell script runs: enough of the grammar to see each with its arguments, and where pipes are.

/// Deeper nesting is not read.
const DEPTH_LIMIT: usize = 32;

#[derive(Debug, Default)]
pub(super) struct Script {
    pub(super) commands: Vec<Command>,
    pub(super) pipes: usize,
}

/// A command: its name is known, and not put together by the shell.
#[derive(Debug)]
pub(super) struct Command {
    pub(super) name: String,
    /// Without quotes; variables as they are written.
    pub(super) arguments: Vec<String>,
    /// Where its first word begins, in bytes.
    pub(super) at: usize,
    /// Which command's output it reads.
    pub(super) reads: Option<usize>,
}

impl Command {
    pub(super) fn is(&self, name: &str, any_argument: &[&str]) -> bool {
        self.name == name && self.has_any(any_argument)
    }

    pub(super) fn has_any(&self, arguments: &[&str]) -> bool {
        self.arguments.iter().any(|argument| arguments.contains(&argument.as_str()))
    }

    pub(super) fn has(&self, argument: &str) -> bool {
        self.arguments.iter().any(|known| known == argument)
    }

    /// Says whether arguments stand there in this order with nothing between.
    pub(super) fn has_row(&self, row: &[&str]) -> bool {
        self.arguments.windows(row.len()).any(|window| window.iter().zip(row).all(|(known, wanted)| known == wanted))
    }

    /// Returns how often a flag is given: `n` in `-n` and `-xn`, `name` in `--name` and `--name=value`.
    pub(super) fn count(&self, flag: &str) -> usize {
        self.arguments.iter().map(|argument| flags(argument).filter(|known| *known == flag).count()).sum()
    }

    pub(super) fn has_flag(&self, any: &[&str]) -> bool {
        any.iter().any(|flag| self.count(flag) > 0)
    }

    /// Returns the arguments that are neither flags nor the values of one of these.
    pub(super) fn operands(&self, with_values: &[&str]) -> Vec<&str> {
        let mut operands = Vec::new();
        let mut takes_next = false;
        for argument in &self.arguments {
            let is_value = std::mem::replace(
                &mut takes_next,
                !argument.contains('=') && flags(argument).any(|flag| with_values.contains(&flag)),
            );
            if !is_value && flags(argument).next().is_none() {
                operands.push(argument.as_str());
            }
        }
        operands
    }
}

/// Returns the flags that an argument holds.
fn flags(argument: &str) -> impl Iterator<Item = &str> {
    let (long, short) = match argument.strip_prefix("--") {
        Some("") => (None, ""),
        Some(long) => (Some(long.split('=').next().unwrap_or(long)), ""),
        None => (None, argument.strip_prefix('-').unwrap_or_default()),
    };
    long.into_iter().chain(short.char_indices().map(|(at, letter)| &short[at..at + letter.len_utf8()]))
}

/// Reads a script; nothing when a quote or a parenthesis has no end, or it nests too deep.
pub(super) fn read(text: &str) -> Option<Script> {
    let mut reader = Reader { text, bytes: text.as_bytes(), at: 0, script: Script::default(), heredocs: Vec::new() };
    reader.list(None, 0)?;
    Some(reader.script)
}

struct Reader<'a> {
    text: &'a str,
    bytes: &'a [u8],
    at: usize,
    script: Script,
    /// Heredocs whose lines come behind this one: how they end, and whether tabs are dropped.
    heredocs: Vec<(String, bool)>,
}

struct Word {
    text: String,
    /// Whether it stands for itself: nothing in it that the shell would replace.
    is_literal: bool,
    /// Whether no part of it is quoted.
    is_plain: bool,
    at: usize,
}

/// The simple command that is being read.
#[derive(Default)]
struct Pending {
    words: Vec<Word>,
    reads: Option<usize>,
}

impl Reader<'_> {
    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn behind(&self, ahead: usize) -> Option<u8> {
        self.bytes.get(self.at + ahead).copied()
    }

    /// Reads commands up to what closes them.
    fn list(&mut self, close: Option<u8>, depth: usize) -> Option<()> {
        if depth > DEPTH_LIMIT {
            return None;
        }
        let (mut pending, mut cases) = (Pending::default(), 0_usize);
        loop {
            self.blanks();
            let Some(byte) = self.peek() else {
                self.end(&mut pending);
                return close.is_none().then_some(());
            };
            match byte {
                _ if Some(byte) == close => {
                    self.end(&mut pending);
                    self.at += 1;
                    return Some(());
                }
                b'\n' => {
                    self.end(&mut pending);
                    self.at += 1;
                    self.skip_heredocs();
                }
                b'#' => self.at += self.text[self.at..].find('\n').unwrap_or(self.bytes.len() - self.at),
                b';' => {
                    self.end(&mut pending);
                    let is_double = self.behind(1) == Some(b';') || self.behind(1) == Some(b'&');
                    self.at += if is_double { 2 } else { 1 };
                    if is_double && cases > 0 {
                        self.pattern(depth)?;
                    }
                }
                b'&' if self.behind(1) == Some(b'>') => self.redirection(depth)?,
                b'&' => {
                    self.end(&mut pending);
                    self.at += if self.behind(1) == Some(b'&') { 2 } else { 1 };
                }
                b'|' if self.behind(1) == Some(b'|') => {
                    self.end(&mut pending);
                    self.at += 2;
                }
                b'|' => {
                    let from = self.end(&mut pending);
                    self.script.pipes += 1;
                    pending.reads = from;
                    self.at += if self.behind(1) == Some(b'&') { 2 } else { 1 };
                }
                b'(' => {
                    self.at += 1;
                    self.blanks();
                    // A function's name is no command.
                    if self.peek() == Some(b')') && pending.words.len() == 1 {
                        self.at += 1;
                        pending.words.clear();
                    } else {
                        self.list(Some(b')'), depth + 1)?;
                    }
                }
                b')' => return None,
                b'<' | b'>' => self.redirection(depth)?,
                b'0'..=b'9' if self.is_numbered_redirection() => self.redirection(depth)?,
                _ => {
                    let word = self.word(close, depth)?;
                    self.take(word, &mut pending, &mut cases, close, depth)?;
                }
            }
        }
    }

    /// Adds a word to the command, unless it belongs to the grammar.
    fn take(
        &mut self,
        word: Word,
        pending: &mut Pending,
        cases: &mut usize,
        close: Option<u8>,
        depth: usize,
    ) -> Option<()> {
        if !pending.words.is_empty() {
            pending.words.push(word);
            return Some(());
        }
        if is_assignment(&word.text) {
            if word.text.ends_with('=') && self.peek() == Some(b'(') {
                self.skip_list(depth)?;
            }
            return Some(());
        }
        match word.text.as_str() {
            _ if !word.is_plain => pending.words.push(word),
            "if" | "then" | "else" | "elif" | "fi" | "do" | "done" | "while" | "until" | "{" | "}" | "!" | "time" => {}
            "for" | "select" => loop {
                self.blanks();
                match self.peek() {
                    None | Some(b'\n' | b';') => break,
                    Some(b'(' | b')' | b'&' | b'|' | b'<' | b'>') => self.at += 1,
                    Some(_) => _ = self.word(close, depth)?,
                }
            },
            "case" => {
                self.blanks();
                self.word(close, depth)?;
                self.whites();
                self.word(close, depth)?;
                *cases += 1;
                self.pattern(depth)?;
            }
            "esac" => *cases = cases.saturating_sub(1),
            "function" => {
                self.blanks();
                self.word(close, depth)?;
            }
            "[[" => {
                let end = self.text[self.at..].find("]]")?;
                self.at += end + 2;
            }
            _ => pending.words.push(word),
        }
        Some(())
    }

    /// Ends a command, and returns its number.
    fn end(&mut self, pending: &mut Pending) -> Option<usize> {
        let Pending { words, reads } = std::mem::take(pending);
        let mut words = words.into_iter();
        let first = words.next().filter(|word| word.is_literal && word.text != "[")?;
        let arguments: Vec<Word> = words.collect();
        let stands_for = match first.text.as_str() {
            "busybox" | "builtin" | "command" => arguments.first().filter(|word| !word.text.starts_with('-')),
            "exec" => arguments.iter().find(|word| !word.text.starts_with('-')),
            _ => None,
        };
        let name = stands_for.map_or(&first.text, |word| &word.text).clone();
        let arguments = arguments.into_iter().map(|word| word.text).collect();
        self.script.commands.push(Command { name, arguments, at: first.at, reads });
        Some(self.script.commands.len() - 1)
    }

    fn blanks(&mut self) {
        loop {
            match (self.peek(), self.behind(1)) {
                (Some(b' ' | b'\t' | b'\r'), _) => self.at += 1,
                (Some(b'\\'), Some(b'\n')) => self.at += 2,
                _ => return,
            }
        }
    }

    fn whites(&mut self) {
        self.blanks();
        while self.peek() == Some(b'\n') {
            self.at += 1;
            self.blanks();
        }
    }

    /// Skips the pattern of a case, or stops before `esac`.
    fn pattern(&mut self, depth: usize) -> Option<()> {
        loop {
            self.whites();
            if self.text[self.at..].starts_with("esac") {
                return Some(());
            }
            match self.peek()? {
                b')' => {
                    self.at += 1;
                    return Some(());
                }
                b'(' | b'|' => self.at += 1,
                b'#' => self.at += self.text[self.at..].find('\n')?,
                b';' | b'&' | b'<' | b'>' => return None,
                _ => _ = self.word(None, depth)?,
            }
        }
    }

    fn is_numbered_redirection(&self) -> bool {
        let digits = self.bytes[self.at..].iter().take_while(|byte| byte.is_ascii_digit()).count();
        matches!(self.behind(digits), Some(b'<' | b'>'))
    }

    fn redirection(&mut self, depth: usize) -> Option<()> {
        while self.peek().is_some_and(|byte| byte.is_ascii_digit() || byte == b'&') {
            self.at += 1;
        }
        let begin = self.at;
        while matches!(self.peek(), Some(b'<' | b'>')) {
            self.at += 1;
        }
        let operator = &self.text[begin..self.at];
        match self.peek() {
            Some(b'(') if begin < self.at => return self.skip_list(depth),
            Some(b'&' | b'|' | b'-') => self.at += 1,
            _ => {}
        }
        let strips_tabs = operator == "<<" && self.bytes[self.at - 1] == b'-';
        self.blanks();
        let is_word = !matches!(self.peek(), None | Some(b'\n' | b';' | b'&' | b'|' | b'(' | b')' | b'<' | b'>'));
        let target = if is_word { self.word(None, depth)?.text } else { String::new() };
        if operator == "<<" && !target.is_empty() {
            self.heredocs.push((target, strips_tabs));
        }
        Some(())
    }

    fn skip_heredocs(&mut self) {
        for (delimiter, strips_tabs) in std::mem::take(&mut self.heredocs) {
            while self.at < self.bytes.len() {
                let rest = &self.text[self.at..];
                let line = rest.split('\n').next().unwrap_or(rest);
                self.at = (self.at + line.len() + 1).min(self.bytes.len());
                let line = line.strip_suffix('\r').unwrap_or(line);
                if delimiter == if strips_tabs { line.trim_start_matches('\t') } else { line } {
                    break;
                }
            }
        }
    }

    /// Reads what is between the parentheses that open here.
    fn skip_list(&mut self, depth: usize) -> Option<()> {
        self.at += 1;
        self.list(Some(b')'), depth + 1)
    }

    fn word(&mut self, close: Option<u8>, depth: usize) -> Option<Word> {
        let mut word = Word { text: String::new(), is_literal: true, is_plain: true, at: self.at };
        while let Some(byte) = self.peek() {
            match byte {
                b' ' | b'\t' | b'\r' | b'\n' | b';' | b'&' | b'|' | b'<' | b'>' | b'(' | b')' => break,
                _ if Some(byte) == close => break,
                b'\'' => {
                    let end = self.text[self.at + 1..].find('\'')?;
                    word.text.push_str(&self.text[self.at + 1..self.at + 1 + end]);
                    word.is_plain = false;
                    self.at += end + 2;
                }
                b'"' => {
                    self.at += 1;
                    word.is_plain = false;
                    self.double_quoted(&mut word, depth)?;
                }
                b'\\' => {
                    let next = self.text[self.at + 1..].chars().next();
                    word.text.extend(next.filter(|letter| *letter != '\n'));
                    word.is_plain = false;
                    self.at += 1 + next.map_or(0, char::len_utf8);
                }
                b'$' | b'`' => self.expansion(&mut word, depth)?,
                _ => self.letters(&mut word),
            }
        }
        // A byte that begins no word would be read for ever.
        (self.at > word.at).then_some(word)
    }

    fn letters(&mut self, word: &mut Word) {
        let rest = &self.text[self.at..];
        let is_special = |letter: char| " \t\r\n;&|<>()'\"\\$`".contains(letter);
        let end = rest.find(is_special).unwrap_or(rest.len()).max(1);
        word.text.push_str(&rest[..end]);
        self.at += end;
    }

    fn double_quoted(&mut self, word: &mut Word, depth: usize) -> Option<()> {
        loop {
            match self.peek()? {
                b'"' => {
                    self.at += 1;
                    return Some(());
                }
                b'\\' => {
                    let next = self.text[self.at + 1..].chars().next()?;
                    if !matches!(next, '"' | '\\' | '$' | '`' | '\n') {
                        word.text.push('\\');
                    }
                    if next != '\n' {
                        word.text.push(next);
                    }
                    self.at += 1 + next.len_utf8();
                }
                b'$' | b'`' => self.expansion(word, depth)?,
                _ => {
                    let rest = &self.text[self.at..];
                    let end = rest.find(['"', '\\', '$', '`'])?;
                    word.text.push_str(&rest[..end]);
                    self.at += end;
                }
            }
        }
    }

    /// Reads a variable or what a command puts out; it stays in the word as it is written.
    fn expansion(&mut self, word: &mut Word, depth: usize) -> Option<()> {
        let begin = self.at;
        word.is_literal = false;
        match (self.peek(), self.behind(1)) {
            (Some(b'`'), _) => {
                self.at += 1;
                self.list(Some(b'`'), depth + 1)?;
            }
            (_, Some(b'(')) if self.behind(2) == Some(b'(') => self.balanced(b'(', b')')?,
            (_, Some(b'(')) => {
                self.at += 2;
                self.list(Some(b')'), depth + 1)?;
            }
            (_, Some(b'{')) => self.balanced(b'{', b'}')?,
            (_, Some(next)) if next.is_ascii_alphanumeric() || b"_@*#?$!-".contains(&next) => self.at += 2,
            _ => {
                word.is_literal = true;
                self.at += 1;
            }
        }
        word.text.push_str(&self.text[begin..self.at]);
        Some(())
    }

    /// Skips from the bracket behind this byte to the one that closes it.
    fn balanced(&mut self, open: u8, close: u8) -> Option<()> {
        let (mut depth, mut quote) = (0_usize, None);
        self.at += 1;
        while let Some(byte) = self.peek() {
            self.at += 1;
            match quote {
                Some(q) if byte == q => quote = None,
                Some(_) => {}
                None if byte == b'\\' && self.peek().is_some_and(|next| next.is_ascii()) => self.at += 1,
                None if byte == b'\'' || byte == b'"' => quote = Some(byte),
                None if byte == open => depth += 1,
                None if byte == close => {
                    depth -= 1;
                    if depth == 0 {
                        return Some(());
                    }
                }
                None => {}
            }
        }
        None
    }
}

fn is_assignment(word: &str) -> bool {
    let name = word.split('=').next().unwrap_or_default();
    let name = name.strip_suffix('+').unwrap_or(name);
    name.len() < word.len()
        && name.starts_with(|letter: char| letter.is_ascii_alphabetic() || letter == '_')
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}
