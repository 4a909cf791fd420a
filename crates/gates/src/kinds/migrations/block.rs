//! What a block `DO $$ … $$` of PostgreSQL's PL/pgSQL runs: the statements in it, whatever they hang on.

use sqlparser::dialect::Dialect as Rules;
use sqlparser::tokenizer::{Token, TokenWithSpan};

use super::sql::{self, Content, Read};

/// A block within a text that a block executes, and so on: deeper is not understood.
const DEPTH_LIMIT: usize = 3;

/// Reads the statements of a block; nothing, when the tokens are no block of PL/pgSQL.
pub(super) fn read(tokens: &[TokenWithSpan], rules: &dyn Rules, depth: usize) -> Option<Vec<Read>> {
    let tokens: Vec<&TokenWithSpan> = tokens.iter().filter(|token| !sql::is_blank(token)).collect();
    let body = match tokens.as_slice() {
        [first, body] if is_word(first, "DO") => body,
        [first, body, second, third] if is_word(first, "DO") && is_language(second, third) => body,
        [first, second, third, body] if is_word(first, "DO") && is_language(second, third) => body,
        _ => return None,
    };
    let Token::DollarQuotedString(text) = &body.token else { return None };
    let inner = sql::tokens(&text.value, rules).ok()?;
    let lines_before = sql::line(body) - 1;
    let tokens = inner.into_iter().filter(|token| !sql::is_blank(token)).collect();
    Some(Block { tokens, at: 0, lines_before, rules, depth, found: Vec::new() }.statements())
}

fn is_language(keyword: &TokenWithSpan, name: &TokenWithSpan) -> bool {
    let is_its = match &name.token {
        Token::Word(word) => word.value.eq_ignore_ascii_case("plpgsql"),
        Token::SingleQuotedString(name) => name.eq_ignore_ascii_case("plpgsql"),
        _ => false,
    };
    is_word(keyword, "LANGUAGE") && is_its
}

fn is_word(token: &TokenWithSpan, word: &str) -> bool {
    matches!(&token.token, Token::Word(own) if own.quote_style.is_none() && own.value.eq_ignore_ascii_case(word))
}

fn is_any_word(token: &TokenWithSpan, words: &[&str]) -> bool {
    words.iter().any(|word| is_word(token, word))
}

struct Block<'a> {
    tokens: Vec<TokenWithSpan>,
    at: usize,
    lines_before: u32,
    rules: &'a dyn Rules,
    depth: usize,
    found: Vec<Read>,
}

impl Block<'_> {
    fn statements(mut self) -> Vec<Read> {
        while let Some(first) = self.tokens.get(self.at) {
            let word = match &first.token {
                Token::Word(word) if word.quote_style.is_none() => word.value.to_ascii_uppercase(),
                _ => String::new(),
            };
            match word.as_str() {
                "BEGIN" | "ELSE" | "EXCEPTION" | "LOOP" => self.at += 1,
                "IF" | "ELSIF" | "ELSEIF" | "WHEN" => self.skip_past("THEN"),
                "CASE" => self.at = self.find("WHEN"),
                "DECLARE" => self.skip_declarations(),
                "FOR" | "FOREACH" | "WHILE" => self.skip_loop(),
                "END" | "RAISE" | "RETURN" | "NULL" | "EXIT" | "CONTINUE" | "ASSERT" | "GET" | "OPEN" | "FETCH"
                | "MOVE" | "CLOSE" => _ = self.statement(),
                "PERFORM" => {
                    let mut statement = self.statement();
                    statement[0].token = Token::make_keyword("SELECT");
                    self.take(&statement);
                }
                "EXECUTE" => self.execute(),
                _ if first.token == Token::ShiftLeft => self.skip_label(),
                _ => {
                    let statement = self.statement();
                    if !is_assignment(&statement) {
                        self.take(&statement);
                    }
                }
            }
        }
        self.found
    }

    /// Returns what stands before the next semicolon, and goes on behind it.
    fn statement(&mut self) -> Vec<TokenWithSpan> {
        let rest = &self.tokens[self.at..];
        let length = rest.iter().position(|token| token.token == Token::SemiColon).unwrap_or(rest.len());
        let statement = rest[..length].to_vec();
        self.at += length + 1;
        statement
    }

    /// Returns where a word stands that is in no brackets and in no `CASE … END` of an expression, or the end.
    fn find(&self, word: &str) -> usize {
        let (mut brackets, mut cases) = (0_usize, 0_usize);
        for (index, token) in self.tokens.iter().enumerate().skip(self.at + 1) {
            match &token.token {
                Token::LParen => brackets += 1,
                Token::RParen => brackets = brackets.saturating_sub(1),
                _ if brackets == 0 && cases == 0 && is_word(token, word) => return index,
                _ if is_word(token, "CASE") => cases += 1,
                _ if is_word(token, "END") => cases = cases.saturating_sub(1),
                _ => {}
            }
        }
        self.tokens.len()
    }

    fn skip_past(&mut self, word: &str) {
        self.at = self.find(word) + 1;
    }

    fn skip_declarations(&mut self) {
        self.at += 1;
        while self.tokens.get(self.at).is_some_and(|token| !is_word(token, "BEGIN")) {
            _ = self.statement();
        }
    }

    fn skip_loop(&mut self) {
        let end = self.find("LOOP");
        let head = self.tokens[self.at..end].to_vec();
        if head.iter().any(|token| is_any_word(token, &["DELETE", "EXECUTE", "INSERT", "MERGE", "UPDATE"])) {
            self.unknown(&head);
        }
        self.at = end + 1;
    }

    fn skip_label(&mut self) {
        let rest = &self.tokens[self.at..];
        self.at += rest.iter().position(|token| token.token == Token::ShiftRight).unwrap_or(rest.len()) + 1;
    }

    /// Reads the text that is executed, where it is written out.
    fn execute(&mut self) {
        let statement = self.statement();
        let text = match statement.as_slice() {
            [_, TokenWithSpan { token: Token::SingleQuotedString(text), .. }] => Some(text.as_str()),
            [_, TokenWithSpan { token: Token::DollarQuotedString(text), .. }] => Some(text.value.as_str()),
            _ => None,
        };
        let read = text.filter(|_| self.depth < DEPTH_LIMIT);
        let Some(Ok(read)) = read.map(|text| sql::read_nested(text, self.rules, self.depth + 1)) else {
            return self.unknown(&statement);
        };
        // What is written in it does not stand where it says.
        let line = self.line(&statement);
        self.found.extend(read.into_iter().map(|read| Read { line, is_sure: false, ..read }));
    }

    fn take(&mut self, statement: &[TokenWithSpan]) {
        let Some(first) = statement.first() else { return };
        let content = match sql::content(statement, first, self.rules) {
            // PL/pgSQL has more of them than SQL.
            Content::NoCommand(words) => Content::Unknown(words),
            content => content,
        };
        self.found.push(Read { line: self.line(statement), content, is_sure: false });
    }

    fn unknown(&mut self, statement: &[TokenWithSpan]) {
        let content = Content::Unknown(sql::words(statement));
        self.found.push(Read { line: self.line(statement), content, is_sure: false });
    }

    fn line(&self, statement: &[TokenWithSpan]) -> u32 {
        self.lines_before.saturating_add(statement.first().map_or(1, sql::line))
    }
}

/// Says whether a statement sets a variable, as `a := 1`, `a.b = 1` and `a[1] := 2` do.
fn is_assignment(statement: &[TokenWithSpan]) -> bool {
    let is_name = |token: &&TokenWithSpan| {
        matches!(token.token, Token::Word(_) | Token::Period | Token::LBracket | Token::RBracket | Token::Number(..))
    };
    let after = statement.iter().find(|token| !is_name(token));
    after.is_some_and(|token| matches!(token.token, Token::Assignment | Token::Eq))
        && !statement.first().is_some_and(|first| sql::is_command(&first.token))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kinds::migrations::Dialect;

    /// Each statement as it is written again, `?` for what is not understood, with its line.
    fn read(text: &str) -> Vec<(u32, String)> {
        let said = |content| match content {
            Content::Known(statement) => statement.to_string(),
            Content::Harmless => String::new(),
            Content::Unknown(_) => "?".to_owned(),
            Content::NoCommand(_) => "no command".to_owned(),
        };
        let read = sql::read(text, Dialect::Postgresql).unwrap();
        read.into_iter().map(|read| (read.line, said(read.content))).collect()
    }

    fn of(line: u32, statement: &str) -> (u32, String) {
        (line, statement.to_owned())
    }

    #[test]
    fn the_statements_of_a_block_are_found_whatever_they_hang_on() {
        let text = "SELECT 1;\nDO $$\nDECLARE\n  a integer := 1;\n  b text;\nBEGIN\n  IF EXISTS (SELECT CASE WHEN true THEN 1 END) THEN\n\
                    \x20   ALTER TABLE t DROP COLUMN c;\n  ELSIF a = 2 THEN a := 3;\n  ELSE\n    DROP TABLE t;\n  END IF;\n\
                    \x20 FOR b IN SELECT c FROM d LOOP\n    DELETE FROM e;\n  END LOOP;\n  <<here>>\n  PERFORM f();\n\
                    EXCEPTION WHEN duplicate_object THEN\n  RAISE NOTICE 'x';\n  NULL;\nEND\n$$;\nDROP TABLE u;";
        let expected = [
            of(1, "SELECT 1"),
            of(8, "ALTER TABLE t DROP COLUMN c"),
            of(11, "DROP TABLE t"),
            of(14, "DELETE FROM e"),
            of(17, "SELECT f()"),
            of(23, "DROP TABLE u"),
        ];
        assert_eq!(read(text), expected);
    }

    #[test]
    fn a_text_that_is_executed_is_read_where_it_is_written_out() {
        assert_eq!(
            read("DO $$ BEGIN\nEXECUTE 'DROP TABLE a;\n\nDROP TABLE b';\nEND $$ LANGUAGE plpgsql"),
            [of(2, "DROP TABLE a"), of(2, "DROP TABLE b")]
        );
        assert_eq!(read("DO $$ BEGIN EXECUTE format('DROP TABLE %I', a); END $$"), [of(1, "?")]);
        assert_eq!(read("DO $$ BEGIN FOR a IN EXECUTE 'x' LOOP NULL; END LOOP; END $$"), [of(1, "?")]);
    }

    #[test]
    fn what_is_no_block_of_plpgsql_is_not_understood() {
        assert_eq!(read("DO LANGUAGE plperl $$ drop(); $$"), [of(1, "?")]);
        assert_eq!(read("DO $$ BEGIN frobnicate a; END $$"), [of(1, "?")]);
        for torn in ["IF a", "DECLARE a", "BEGIN CASE", "<<a", "FOR a IN", "EXECUTE", "PERFORM"] {
            assert!(read(&format!("DO $$ {torn} $$")).len() < 2, "{torn}");
        }
    }
}
