//! The static imports of a JavaScript module.
//!
//! It knows as much of JavaScript's tokens as is needed to tell code from strings, templates, comments and regular
//! expressions, the way the es-module-lexer of the bundlers does, and takes linear time whatever it reads.

/// Tells the specifier of each `import … from`, `import "…"` and `export … from` as it is written, in order. Dynamic
/// imports are not told, and neither is a specifier that is not UTF-8.
pub(crate) fn imports<'a>(module: &'a [u8], mut tell: impl FnMut(&'a str)) {
    let mut lexer = Lexer { text: module, at: 0, open: Vec::new(), before: Before::Operator, no_regex_until: 0 };
    while lexer.at < module.len() {
        match lexer.token() {
            Some(Keyword::Import) => lexer.declaration(Lexer::import_clause, &mut tell),
            Some(Keyword::Export) => lexer.declaration(Lexer::export_clause, &mut tell),
            None => {}
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Keyword {
    Import,
    Export,
}

/// What stands before a `/`, and so whether it divides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Before {
    /// Something that has a value.
    Value,
    /// `if`, `while` or `for`, behind whose parentheses a statement begins.
    Condition,
    /// A dot, behind which every word is a property.
    Dot,
    /// Anything else.
    Operator,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Open {
    Parenthesis {
        of_condition: bool,
    },
    /// A block, or an object when it stands where a value is expected.
    Brace {
        is_object: bool,
    },
    /// `${` of a template.
    Substitution,
}

struct Lexer<'a> {
    text: &'a [u8],
    at: usize,
    open: Vec<Open>,
    before: Before,
    /// A regular expression that found no end on its line is none, and none begins before that line's end.
    no_regex_until: usize,
}

impl<'a> Lexer<'a> {
    fn peek(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }

    fn starts_with(&self, prefix: &[u8]) -> bool {
        self.text[self.at..].starts_with(prefix)
    }

    /// Reads one token; says which it is where it may begin a declaration.
    fn token(&mut self) -> Option<Keyword> {
        self.skip_blanks();
        let byte = self.peek()?;
        match byte {
            b'"' | b'\'' => {
                self.string();
                self.before = Before::Value;
            }
            b'`' => {
                self.at += 1;
                self.template();
            }
            b'/' => self.slash(),
            b'(' => self.push(Open::Parenthesis { of_condition: self.before == Before::Condition }),
            b'{' => self.push(Open::Brace { is_object: self.object_may_begin() }),
            b')' | b'}' => self.close(),
            b']' => self.one(Before::Value),
            b'.' => self.one(Before::Dot),
            b'+' | b'-' if self.text.get(self.at + 1) == Some(&byte) => {
                // `a++ / b` divides; `++/x/` makes no sense.
                self.at += 2;
            }
            byte if is_word(byte) => return self.word(),
            _ => self.one(Before::Operator),
        }
        None
    }

    fn one(&mut self, before: Before) {
        self.at += 1;
        self.before = before;
    }

    fn push(&mut self, open: Open) {
        self.open.push(open);
        self.one(Before::Operator);
    }

    /// Says whether a brace here opens an object: behind an operator, except at the start and behind `;`, `{`, `}`,
    /// `)` and `=>`.
    fn object_may_begin(&self) -> bool {
        let before = self.text[..self.at].trim_ascii_end();
        self.before == Before::Operator
            && !before.ends_with(b"=>")
            && before.last().is_some_and(|byte| !matches!(byte, b';' | b'{' | b'}' | b')' | b'/'))
    }

    fn close(&mut self) {
        let before = match self.open.pop() {
            Some(Open::Parenthesis { of_condition: true }) | Some(Open::Brace { is_object: false }) | None => {
                Before::Operator
            }
            Some(Open::Parenthesis { .. } | Open::Brace { .. }) => Before::Value,
            Some(Open::Substitution) => {
                self.at += 1;
                return self.template();
            }
        };
        self.one(before);
    }

    fn slash(&mut self) {
        let divides = self.before == Before::Value || self.at < self.no_regex_until;
        if divides || !self.regex() {
            self.one(Before::Operator);
        }
    }

    /// Reads a regular expression, if one is here.
    fn regex(&mut self) -> bool {
        let mut in_class = false;
        let mut at = self.at + 1;
        while let Some(byte) = self.text.get(at) {
            match byte {
                b'\n' => break,
                b'\\' if self.text.get(at + 1) != Some(&b'\n') => at += 1,
                b'[' => in_class = true,
                b']' => in_class = false,
                b'/' if !in_class => {
                    self.at = at + 1;
                    self.before = Before::Value;
                    return true;
                }
                _ => {}
            }
            at += 1;
        }
        self.no_regex_until = at;
        false
    }

    fn word(&mut self) -> Option<Keyword> {
        let word = self.take_word();
        let is_property = self.before == Before::Dot;
        self.before = match word {
            _ if is_property => Before::Value,
            b"if" | b"while" | b"for" | b"with" => Before::Condition,
            b"return" | b"typeof" | b"case" | b"in" | b"of" | b"delete" | b"void" | b"throw" | b"new" | b"else"
            | b"do" | b"instanceof" | b"yield" | b"await" | b"default" | b"extends" => Before::Operator,
            _ => Before::Value,
        };
        match word {
            _ if is_property => None,
            b"import" => Some(Keyword::Import),
            b"export" => Some(Keyword::Export),
            _ => None,
        }
    }

    fn take_word(&mut self) -> &'a [u8] {
        let rest = &self.text[self.at..];
        let word = &rest[..rest.iter().position(|byte| !is_word(*byte)).unwrap_or(rest.len())];
        self.at += word.len();
        word
    }

    /// Reads the string that begins here, to its end or that of the line.
    fn string(&mut self) -> &'a [u8] {
        let quote = self.text[self.at];
        let start = self.at + 1;
        let mut at = start;
        while let Some(byte) = self.text.get(at) {
            match byte {
                b'\\' => at += 1,
                b'\n' => break,
                byte if *byte == quote => break,
                _ => {}
            }
            at += 1;
        }
        let end = at.min(self.text.len());
        self.at = (end + 1).min(self.text.len());
        &self.text[start..end]
    }

    /// Reads on within a template, to its end or to a substitution.
    fn template(&mut self) {
        while let Some(byte) = self.peek() {
            match byte {
                b'\\' => self.at = (self.at + 2).min(self.text.len()),
                b'`' => return self.one(Before::Value),
                b'$' if self.starts_with(b"${") => {
                    self.at += 1;
                    return self.push(Open::Substitution);
                }
                _ => self.at += 1,
            }
        }
    }

    fn skip_blanks(&mut self) {
        while let Some(byte) = self.peek() {
            if byte.is_ascii_whitespace() {
                self.at += 1;
            } else if self.starts_with(b"//") || (self.at == 0 && self.starts_with(b"#!")) {
                self.at +=
                    self.text[self.at..].iter().position(|byte| *byte == b'\n').unwrap_or(self.text.len() - self.at);
            } else if self.starts_with(b"/*") {
                let rest = &self.text[self.at + 2..];
                self.at += 2 + rest.windows(2).position(|pair| pair == b"*/").map_or(rest.len(), |end| end + 2);
            } else {
                return;
            }
        }
    }

    /// Reads what may be a declaration; goes on behind the keyword when it is none.
    fn declaration(&mut self, clause: impl FnOnce(&mut Self) -> Option<&'a [u8]>, tell: &mut impl FnMut(&'a str)) {
        let start = self.at;
        match clause(self) {
            Some(specifier) => {
                self.before = Before::Operator;
                if let Ok(specifier) = std::str::from_utf8(specifier) {
                    tell(specifier);
                }
            }
            None => self.at = start,
        }
    }

    /// `"x"`, `a from "x"`, `a, { b as c } from "x"`, `* as a from "x"`, `defer * as a from "x"`.
    fn import_clause(&mut self) -> Option<&'a [u8]> {
        /// `defer`, `* as a`, a comma and a name come to no more.
        const MOST: usize = 8;
        for _ in 0..MOST {
            self.skip_blanks();
            match self.peek()? {
                b'"' | b'\'' => return Some(self.string()),
                b'{' => {
                    self.names()?;
                    return self.from();
                }
                b'*' | b',' => self.at += 1,
                byte if is_word(byte) => _ = self.take_word(),
                _ => return None,
            }
        }
        None
    }

    /// `* from "x"`, `* as a from "x"`, `{ a as b } from "x"`.
    fn export_clause(&mut self) -> Option<&'a [u8]> {
        self.skip_blanks();
        match self.peek()? {
            b'*' => {
                self.at += 1;
                self.import_clause()
            }
            b'{' => {
                self.names()?;
                self.from()
            }
            _ => None,
        }
    }

    fn from(&mut self) -> Option<&'a [u8]> {
        self.skip_blanks();
        (self.take_word() == b"from").then_some(())?;
        self.skip_blanks();
        matches!(self.peek()?, b'"' | b'\'').then(|| self.string())
    }

    /// The names between braces.
    fn names(&mut self) -> Option<()> {
        self.at += 1;
        loop {
            self.skip_blanks();
            match self.peek()? {
                b'}' => {
                    self.at += 1;
                    return Some(());
                }
                b',' => self.at += 1,
                b'"' | b'\'' => _ = self.string(),
                byte if is_word(byte) => _ = self.take_word(),
                _ => return None,
            }
        }
    }
}

const fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'$' | b'\\' | b'#') || !byte.is_ascii()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn found(module: &str) -> Vec<&str> {
        let mut found = Vec::new();
        imports(module.as_bytes(), |specifier| found.push(specifier));
        found
    }

    #[test]
    fn every_form_of_static_import_is_found() {
        for module in [
            "import './a.js'",
            "import a from \"./a.js\";",
            "import{b}from'./a.js'",
            "import a, { b as c, \"d e\" as f, } from './a.js'",
            "import * as a from './a.js'",
            "import a, * as b from './a.js'",
            "import defer * as a from './a.js'",
            "import data from './a.js' with { type: 'json' }",
            "import /* x */ a // y\n from './a.js'",
            "export * from './a.js'",
            "export * as a from './a.js'",
            "export { a as default } from './a.js'",
            "#!/usr/bin/env node\nimport './a.js'",
            "const a = 1\nimport './a.js'",
            "const from = 1; import from from './a.js'",
        ] {
            assert_eq!(found(module), ["./a.js"], "{module}");
        }
    }

    #[test]
    fn what_only_looks_like_an_import_is_none() {
        for module in [
            "import('./a.js')",
            "const url = import.meta.url",
            "const text = \"import './a.js'\"",
            "// import './a.js'",
            "/* import './a.js' */",
            "`import './a.js'`",
            "const r = /import '.\\/a.js'/",
            "x.import './a.js'",
            "export { a }\n'./a.js'",
            "export default './a.js'",
            "export const from = './a.js'",
            "const importantly = './a.js'",
        ] {
            assert_eq!(found(module), Vec::<&str>::new(), "{module}");
        }
    }

    #[test]
    fn slashes_and_templates_do_not_lead_astray() {
        for code in [
            "a = b / c; d = '/'",
            "a = /[/'\"]/.test(b)",
            "if (a) /'/.test(b)",
            "a = (b) / c / d",
            "a = `${b}${`'${c}`}'`",
            "a = `${{ b: '}' }}`",
            "return /'/",
            "a++ / 2; '/'",
            "function f() {} /'/.test(a)",
            "a = {} / 2; '/'",
            "a = x => {}\n/'/.test(a)",
            "a = 'it\\'s'",
            "a = b\n/ c // '",
        ] {
            let module = format!("{code};\nimport './a.js'");
            assert_eq!(found(&module), ["./a.js"], "{module}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_can_be_read(bytes: Vec<u8>) {
            imports(&bytes, |_| {});
        }

        #[test]
        fn any_tokens_can_be_read(code in "(import|export|from|\\{|\\}|\\(|\\)|/|`|\\$\\{|'|\"|\\*|[a-z\\\\ \n,\\[\\]]){0,60}") {
            imports(code.as_bytes(), |_| {});
        }
    }
}
