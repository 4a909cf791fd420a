//! The linter squawk, over the files of new migrations.

use std::fs;
use std::path::Path;
use std::time::Duration;

use charter_host::{Command, Environment, Host, ProcessError, Scope};
use serde::Deserialize;

use crate::{GateError, tools};

const LIMIT: Duration = Duration::from_secs(60);
/// More is not read of what it prints, in bytes.
const OUTPUT_LIMIT: usize = 16 << 20;

/// Rules of squawk that this gate has as its own.
pub(super) const OWN_RULES: &[&str] = &[
    "adding-foreign-key-constraint",
    "adding-not-nullable-field",
    "adding-required-field",
    "ban-drop-column",
    "ban-drop-database",
    "ban-drop-table",
    "ban-truncate-cascade",
    "changing-column-type",
    "constraint-missing-not-valid",
    "disallowed-unique-constraint",
    "renaming-column",
    "renaming-table",
    "require-concurrent-index-creation",
];

/// What it says of a file; lines are counted from 1.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Said {
    /// The number of the file.
    pub(super) file: usize,
    pub(super) line: u32,
    pub(super) rule: String,
    pub(super) message: String,
    pub(super) help: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Violation {
    file: String,
    line: u32,
    message: String,
    help: Option<String>,
    rule_name: String,
}

/// Why it said nothing.
#[derive(Debug)]
pub(super) enum Silent {
    /// It is not installed; what to type.
    Missing(String),
    Broken(String),
}

/// Runs it over texts, in a folder of their own, as the project's `.squawk.toml` says.
pub(super) async fn look(
    texts: Vec<String>,
    own_config: Option<Vec<u8>>,
    host: &Host,
    scope: &Scope,
) -> Result<Result<Vec<Said>, Silent>, GateError> {
    let unwritten =
        |source| GateError::Other { doing: "handing the migrations to squawk".to_owned(), source: Box::new(source) };
    let folder = tempfile::tempdir().map_err(unwritten)?;
    let mut arguments = vec!["--reporter=json".to_owned()];
    if let Some(content) = own_config {
        fs::write(folder.path().join(".squawk.toml"), content).map_err(unwritten)?;
        arguments.push("--config=.squawk.toml".to_owned());
    }
    for (number, text) in texts.iter().enumerate() {
        fs::write(folder.path().join(format!("{number}.sql")), text).map_err(unwritten)?;
        arguments.push(format!("{number}.sql"));
    }
    let program = Command::new("squawk", &arguments, folder.path(), environment(&host.environment), LIMIT);
    let output = match host.processes.run(&program, scope).await {
        Ok(output) => output,
        Err(ProcessError::Cancelled { .. }) => return Err(GateError::Cancelled),
        Err(ProcessError::NotFound { .. }) => {
            let what = format!("`squawk` is not installed; install it with `pip install {}`", tools::SQUAWK);
            return Ok(Err(Silent::Missing(what)));
        }
        Err(error) => return Ok(Err(Silent::Broken(format!("`squawk` could not look: {error}")))),
    };
    if output.stdout.len() >= OUTPUT_LIMIT {
        return Ok(Err(Silent::Broken("`squawk` printed more than can be read".to_owned())));
    }
    Ok(read(&output.stdout, texts.len()).ok_or_else(|| {
        let words = output.last_lines(2).join("; ");
        Silent::Broken(format!("`squawk` said what cannot be read: {words}"))
    }))
}

/// Looks for the program where `setup` puts it before it looks elsewhere.
fn environment(own: &Environment) -> Environment {
    let allowed = own.allow(&["PATH", "HOME", "LANG", "LC_*", "TMPDIR"]);
    let Some(folder) = tools::squawk_folder(own).map(|folder| folder.join("bin")).filter(|folder| folder.is_dir())
    else {
        return allowed;
    };
    let path = own.get("PATH").map(|path| path.to_string_lossy().into_owned()).unwrap_or_default();
    allowed.with("PATH", format!("{}:{path}", folder.display()))
}

/// Reads what it printed; nothing, when that is no list or names files that it was not given.
pub(super) fn read(printed: &[u8], files: usize) -> Option<Vec<Said>> {
    let violations: Vec<Violation> = serde_json::from_slice(printed).ok()?;
    let said = violations.into_iter().map(|violation| {
        let name = Path::new(&violation.file).file_stem()?.to_str()?.parse().ok()?;
        Some(Said {
            file: Some(name).filter(|number| *number < files)?,
            line: violation.line.saturating_add(1),
            rule: violation.rule_name,
            message: violation.message,
            help: violation.help,
        })
    });
    said.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_it_prints_is_read_with_lines_from_one() {
        let printed = br#"[{"file":"1.sql","line":4,"column":0,"level":"Error","message":"m","help":null,
            "rule_name":"syntax-error","column_end":0,"line_end":4}]"#;
        let said = read(printed, 2).unwrap();
        assert_eq!((said[0].file, said[0].line, said[0].rule.as_str()), (1, 5, "syntax-error"));
        assert_eq!(read(printed, 1), None, "a file that it was not given");
        assert_eq!(read(b"[]", 0), Some(vec![]));
        for torn in [&b""[..], b"{}", b"[{}]", b"[{", &[0xff]] {
            assert_eq!(read(torn, 2), None);
        }
    }
}
