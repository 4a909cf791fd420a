//! Statements of a migration, each by itself, so that one that the parser does not know leaves the others known.

use sqlparser::ast::Statement;
use sqlparser::dialect::{Dialect as Rules, GenericDialect, MySqlDialect, PostgreSqlDialect, SQLiteDialect};
use sqlparser::keywords::Keyword;
use sqlparser::parser::Parser;
use sqlparser::tokenizer::{Token, TokenWithSpan, Tokenizer};

use super::Dialect;

/// Deeper nesting is not understood.
const DEPTH_LIMIT: usize = 50;
/// How many words of a statement a message shows.
const SHOWN_WORDS: usize = 4;

/// One statement of a file.
#[derive(Debug)]
pub(super) struct Read {
    pub(super) line: u32,
    pub(super) content: Content,
}

#[derive(Debug)]
pub(super) enum Content {
    Known(Box<Statement>),
    /// The parser does not know it; its first words.
    Unknown(String),
    /// No command of any database begins so; its first words.
    NoCommand(String),
}

/// What is wrong with a text that falls into no statements, and where.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Torn {
    pub(super) what: String,
    pub(super) line: u32,
}

/// Takes a text apart.
pub(super) fn read(text: &str, dialect: Dialect) -> Result<Vec<Read>, Torn> {
    let rules: &dyn Rules = match dialect {
        Dialect::Postgresql => &PostgreSqlDialect {},
        Dialect::Mysql => &MySqlDialect {},
        Dialect::Sqlite => &SQLiteDialect {},
        Dialect::Generic => &GenericDialect {},
    };
    let tokens = Tokenizer::new(rules, text).tokenize_with_location().map_err(|error| Torn {
        what: error.message.trim_end().trim_end_matches(" at").to_owned(),
        line: u32::try_from(error.location.line.max(1)).unwrap_or(u32::MAX),
    })?;
    let mut statements = Vec::new();
    each_statement(&tokens, |tokens| {
        let Some(first) = tokens.iter().find(|token| !is_blank(token)) else { return };
        let line = u32::try_from(first.span.start.line.max(1)).unwrap_or(u32::MAX);
        statements.push(Read { line, content: content(tokens, first, rules) });
    });
    Ok(statements)
}

fn content(tokens: &[TokenWithSpan], first: &TokenWithSpan, rules: &dyn Rules) -> Content {
    let mut parser = Parser::new(rules).with_recursion_limit(DEPTH_LIMIT).with_tokens_with_locations(tokens.to_vec());
    match parser.parse_statement() {
        Ok(statement) if matches!(parser.peek_token().token, Token::EOF) => Content::Known(Box::new(statement)),
        _ if is_command(&first.token) => Content::Unknown(words(tokens)),
        _ => Content::NoCommand(words(tokens)),
    }
}

/// Hands on what stands between semicolons; the body of a trigger or procedure, from `BEGIN` to `END`, is one with it.
fn each_statement(tokens: &[TokenWithSpan], mut take: impl FnMut(&[TokenWithSpan])) {
    let (mut start, mut depth, mut has_body) = (0, 0_usize, false);
    for (index, token) in tokens.iter().enumerate() {
        match &token.token {
            Token::Word(word) => match word.keyword {
                Keyword::TRIGGER | Keyword::PROCEDURE | Keyword::FUNCTION => {
                    has_body |= begins_with(&tokens[start..index], Keyword::CREATE);
                }
                Keyword::BEGIN | Keyword::CASE if has_body => depth += 1,
                Keyword::END if has_body => depth = depth.saturating_sub(1),
                _ => {}
            },
            Token::SemiColon if depth == 0 => {
                take(&tokens[start..index]);
                (start, has_body) = (index + 1, false);
            }
            _ => {}
        }
    }
    take(&tokens[start..]);
}

fn begins_with(tokens: &[TokenWithSpan], keyword: Keyword) -> bool {
    let first = tokens.iter().find(|token| !is_blank(token));
    first.is_some_and(|token| matches!(&token.token, Token::Word(word) if word.keyword == keyword))
}

fn is_blank(token: &TokenWithSpan) -> bool {
    matches!(token.token, Token::Whitespace(_) | Token::EOF)
}

/// Returns the first words of a statement, for a message.
fn words(tokens: &[TokenWithSpan]) -> String {
    let words = tokens.iter().filter_map(|token| match &token.token {
        Token::Word(word) => Some(word.value.as_str()),
        _ => None,
    });
    let shown: Vec<String> = words.take(SHOWN_WORDS).map(|word| word.chars().take(40).collect()).collect();
    shown.join(" ")
}

/// Says whether PostgreSQL, MySQL or SQLite has a command that begins so.
fn is_command(token: &Token) -> bool {
    const COMMANDS: &[&str] = &[
        "ABORT",
        "ALTER",
        "ANALYZE",
        "ATTACH",
        "BEGIN",
        "CALL",
        "CHECK",
        "CHECKPOINT",
        "CLOSE",
        "CLUSTER",
        "COMMENT",
        "COMMIT",
        "COPY",
        "CREATE",
        "DEALLOCATE",
        "DECLARE",
        "DELETE",
        "DELIMITER",
        "DESCRIBE",
        "DETACH",
        "DISCARD",
        "DO",
        "DROP",
        "END",
        "EXECUTE",
        "EXPLAIN",
        "FETCH",
        "FLUSH",
        "GRANT",
        "HANDLER",
        "IMPORT",
        "INSERT",
        "INSTALL",
        "KILL",
        "LISTEN",
        "LOAD",
        "LOCK",
        "MERGE",
        "MOVE",
        "NOTIFY",
        "OPTIMIZE",
        "PRAGMA",
        "PREPARE",
        "PURGE",
        "REASSIGN",
        "REFRESH",
        "REINDEX",
        "RELEASE",
        "RENAME",
        "REPAIR",
        "REPLACE",
        "RESET",
        "REVOKE",
        "ROLLBACK",
        "SAVEPOINT",
        "SECURITY",
        "SELECT",
        "SET",
        "SHOW",
        "START",
        "TABLE",
        "TRUNCATE",
        "UNINSTALL",
        "UNLISTEN",
        "UNLOCK",
        "UPDATE",
        "USE",
        "VACUUM",
        "VALUES",
        "WITH",
        "XA",
    ];
    match token {
        Token::Word(word) => word.quote_style.is_none() && COMMANDS.contains(&word.value.to_ascii_uppercase().as_str()),
        Token::LParen | Token::Backslash => true,
        _ => false,
    }
}
