//! Statements of a migration, each by itself, so that one that the parser does not know leaves the others known.

use sqlparser::ast::Statement;
use sqlparser::dialect::{Dialect as Rules, GenericDialect, MySqlDialect, PostgreSqlDialect, SQLiteDialect};
use sqlparser::keywords::Keyword;
use sqlparser::parser::Parser;
use sqlparser::tokenizer::{Token, TokenWithSpan, Tokenizer};

use super::{Dialect, block};

/// Deeper nesting is not understood.
const DEPTH_LIMIT: usize = 50;
/// How many words of a statement a message shows.
const SHOWN_WORDS: usize = 4;

/// One statement of a file.
#[derive(Debug)]
pub(super) struct Read {
    pub(super) line: u32,
    pub(super) content: Content,
    /// Whether it is run whatever the database holds: in a block of PL/pgSQL it may hang on something.
    pub(super) is_sure: bool,
}

#[derive(Debug)]
pub(super) enum Content {
    Known(Box<Statement>),
    /// It changes nothing for those who use the schema, whatever else it says.
    Harmless,
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
    read_nested(text, rules, 0)
}

/// Takes a text apart that blocks around it execute, so many of them.
pub(super) fn read_nested(text: &str, rules: &dyn Rules, depth: usize) -> Result<Vec<Read>, Torn> {
    let tokens = tokens(text, rules)?;
    let mut statements = Vec::new();
    each_statement(&tokens, |tokens| {
        let Some(first) = tokens.iter().find(|token| !is_blank(token)) else { return };
        match block::read(tokens, rules, depth) {
            Some(read) => statements.extend(read),
            None => {
                let content = content(tokens, first, rules);
                statements.push(Read { line: line(first), content, is_sure: true });
            }
        }
    });
    Ok(statements)
}

pub(super) fn tokens(text: &str, rules: &dyn Rules) -> Result<Vec<TokenWithSpan>, Torn> {
    Tokenizer::new(rules, text).tokenize_with_location().map_err(|error| Torn {
        what: error.message.trim_end().trim_end_matches(" at").to_owned(),
        line: u32::try_from(error.location.line.max(1)).unwrap_or(u32::MAX),
    })
}

pub(super) fn line(token: &TokenWithSpan) -> u32 {
    u32::try_from(token.span.start.line.max(1)).unwrap_or(u32::MAX)
}

pub(super) fn content(tokens: &[TokenWithSpan], first: &TokenWithSpan, rules: &dyn Rules) -> Content {
    let mut parser = Parser::new(rules).with_recursion_limit(DEPTH_LIMIT).with_tokens_with_locations(tokens.to_vec());
    match parser.parse_statement() {
        Ok(statement) if matches!(parser.peek_token().token, Token::EOF) => Content::Known(Box::new(statement)),
        _ if is_harmless(tokens) => Content::Harmless,
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

pub(super) fn is_blank(token: &TokenWithSpan) -> bool {
    matches!(token.token, Token::Whitespace(_) | Token::EOF)
}

/// Returns the first words of a statement, for a message.
pub(super) fn words(tokens: &[TokenWithSpan]) -> String {
    let words = tokens.iter().filter_map(|token| match &token.token {
        Token::Word(word) => Some(word.value.as_str()),
        _ => None,
    });
    let shown: Vec<String> = words.take(SHOWN_WORDS).map(|word| word.chars().take(40).collect()).collect();
    shown.join(" ")
}

/// Says whether a statement is one of those whose first words tell enough.
fn is_harmless(tokens: &[TokenWithSpan]) -> bool {
    const HARMLESS: &[&[&str]] = &[
        &["COMMENT", "ON"],
        &["CREATE", "EXTENSION"],
        &["CREATE", "SEQUENCE"],
        &["CREATE", "STATISTICS"],
        &["DROP", "INDEX"],
        &["DROP", "STATISTICS"],
    ];
    let words: Vec<String> = tokens
        .iter()
        .filter(|token| !is_blank(token))
        .take(2)
        .map(|token| token.token.to_string().to_ascii_uppercase())
        .collect();
    HARMLESS.iter().any(|known| known.iter().eq(words.iter()))
}

/// Says whether PostgreSQL, MySQL or SQLite has a command that begins so.
pub(super) fn is_command(token: &Token) -> bool {
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
