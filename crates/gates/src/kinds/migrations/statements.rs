//! What the statements of one migration come to.

use std::collections::BTreeMap;

use charter_deploy_model::{Finding, Location};
use sqlparser::ast::Statement;

use super::remake::Remade;
use super::schema::Schema;
use super::sql::{self, Content};
use super::step::{Act, Database, Step};
use super::{Dialect, squawk};

/// What is to be said of one migration.
#[derive(Debug, Default)]
pub(super) struct Judged {
    path: String,
    /// What is run, each line where the file has it.
    pub(super) text: String,
    is_template: bool,
    pub(super) findings: Vec<Finding>,
    pub(super) undecided: Vec<String>,
    /// How many statements are of which step.
    pub(super) steps: BTreeMap<&'static str, u64>,
    /// How many statements would be findings if there were no plan.
    pub(super) planned: u64,
}

/// Says whether a text has a statement in it.
pub(super) fn is_some(text: &str, dialect: Dialect) -> bool {
    sql::read(text, dialect).map_or(!text.trim().is_empty(), |statements| !statements.is_empty())
}

/// A migration that is to be judged.
#[derive(Debug)]
pub(super) struct Asked<'a> {
    pub(super) path: &'a str,
    /// What is run, each line where the file has it.
    pub(super) text: &'a str,
    /// Whether names were filled in that the file leaves open.
    pub(super) is_template: bool,
    pub(super) is_planned: bool,
}

/// Runs what a migration runs that is live.
pub(super) fn run(text: &str, dialect: Dialect, schema: &mut Schema) {
    for read in sql::read(text, dialect).unwrap_or_default() {
        match &read.content {
            Content::Known(known) => schema.run(known, read.is_sure),
            Content::Harmless => {}
            Content::Unknown(_) | Content::NoCommand(_) => schema.forget(),
        }
    }
}

/// Judges what a migration runs, and runs it.
pub(super) fn judge(asked: &Asked<'_>, dialect: Dialect, schema: &mut Schema) -> Judged {
    let Asked { path, text, is_template, is_planned } = *asked;
    let mut judged = Judged { path: path.to_owned(), text: text.to_owned(), is_template, ..Judged::default() };
    let statements = match sql::read(text, dialect) {
        Ok(statements) => statements,
        Err(torn) => {
            judged.refuse(torn.line, &torn.what);
            schema.forget();
            return judged;
        }
    };
    let sure: Vec<(usize, &Statement)> = statements
        .iter()
        .enumerate()
        .filter_map(|(at, read)| match &read.content {
            Content::Known(known) if read.is_sure => Some((at, known.as_ref())),
            _ => None,
        })
        .collect();
    let mut database = Database::new(dialect, schema, Remade::find(&sure));
    let mut firsts: BTreeMap<Step, u32> = BTreeMap::new();
    for (at, statement) in statements.iter().enumerate() {
        let line = statement.line;
        match &statement.content {
            Content::Known(known) => {
                for act in database.run(known, at, statement.is_sure) {
                    judged.take(act, line, is_planned, &mut firsts);
                }
            }
            Content::Harmless => {}
            Content::Unknown(words) => {
                database.run_unknown();
                let what =
                    format!("`{path}`: the statement `{words} …` of line {line} is not understood, and not judged");
                judged.undecided.push(what);
            }
            Content::NoCommand(words) => {
                database.run_unknown();
                judged.refuse(line, &format!("no command begins with `{words}`"));
            }
        }
    }
    if let (Some(expands), Some(contracts)) = (firsts.get(&Step::Expand), firsts.get(&Step::Contract)) {
        let message = format!("`{path}` expands the schema in line {expands} and contracts it in line {contracts}");
        let finding = judged.finding("mixed", *contracts, message).key("mixed");
        judged.findings.push(finding.help("make two migrations of it, and deploy a release between them"));
    }
    judged
}

impl Judged {
    pub(super) fn is_template(&self) -> bool {
        self.is_template
    }

    fn finding(&self, code: &str, line: u32, message: String) -> Finding {
        Finding::new(format!("migrations/{code}"), &self.path, message)
            .at(Location::file(&self.path).line(line).in_source())
    }

    /// Takes down that it is no SQL. What a template is when it is filled in otherwise, its tool alone knows.
    fn refuse(&mut self, line: u32, what: &str) {
        match self.is_template {
            true => self.doubt(line, what),
            false => self.findings.push(syntax(&self.path, line, what)),
        }
    }

    /// Says once that a template is not judged whole.
    fn doubt(&mut self, line: u32, what: &str) {
        let known = format!("`{}` is a template", self.path);
        if !self.undecided.iter().any(|other| other.starts_with(&known)) {
            self.undecided.push(format!("{known}, and with names filled in it is no SQL in line {line}: {what}"));
        }
    }

    fn take(&mut self, act: Act, line: u32, is_planned: bool, firsts: &mut BTreeMap<Step, u32>) {
        let Some(step) = act.step else { return };
        let name = match step {
            Step::Expand => "expand",
            Step::Migrate => "migrate",
            Step::Contract => "contract",
        };
        *self.steps.entry(name).or_default() += 1;
        firsts.entry(step).or_insert(line);
        if let Some((kind, what, instead)) = act.hazard {
            let finding =
                self.finding("unsafe", line, format!("`{}`: {what}", self.path)).key(format!("{kind}: {what}"));
            self.findings.push(finding.help(instead));
        }
        if step != Step::Contract {
            return;
        }
        if is_planned {
            self.planned += 1;
            return;
        }
        let code = if act.is_destructive { "destructive" } else { "contract" };
        let message = format!("`{}` {}, and there is no rollback plan", self.path, act.what);
        let help = "write how to take it back in a comment `-- rollback-plan: …`, or do it in a release of its own";
        let finding = self.finding(code, line, message).key(act.what).help(help);
        self.findings.push(finding);
    }

    /// Returns what squawk says, where this gate does not say it itself.
    pub(super) fn squawked(&mut self, said: &squawk::Said) -> Option<Finding> {
        let is_own = squawk::OWN_RULES.contains(&said.rule.as_str()) && self.undecided.is_empty();
        if is_own {
            return None;
        }
        // One that ends with a line break has its last line before it.
        let line = said.line.min(u32::try_from(self.text.lines().count()).unwrap_or(u32::MAX)).max(1);
        if said.rule == "syntax-error" && self.is_template {
            self.doubt(line, &said.message);
            return None;
        }
        if said.rule == "syntax-error" {
            return Some(syntax(&self.path, line, &said.message));
        }
        let message = format!("`{}`: {}: {}", self.path, said.rule, said.message.trim());
        let text = self.text.lines().nth(line as usize - 1).unwrap_or_default().trim();
        let finding = self.finding("squawk", line, message).key(format!("{}: {text}", said.rule));
        Some(match &said.help {
            Some(help) => finding.help(help.clone()),
            None => finding.help(format!("https://squawkhq.com/docs/{} says more", said.rule)),
        })
    }
}

fn syntax(path: &str, line: u32, what: &str) -> Finding {
    Finding::new("migrations/syntax", path, format!("`{path}` is no SQL: {what}"))
        .at(Location::file(path).line(line).in_source())
        .key(what)
        .help("correct the statement; a database would refuse it")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is said of the second of two migrations, without the name of its file, and what is left open.
    fn of(first: &str, second: &str, dialect: Dialect) -> (Vec<String>, Vec<String>) {
        let mut schema = Schema::default();
        let ask = |text: &str, schema: &mut Schema| {
            let filled = crate::kinds::migrations::template::fill(text);
            let is_template = filled.is_template;
            judge(&Asked { path: "a", text: &filled.text, is_template, is_planned: false }, dialect, schema)
        };
        ask(first, &mut schema);
        let judged = ask(second, &mut schema);
        let own = |finding: &Finding| {
            let message = finding.message.trim_start_matches("`a`").trim_start_matches(':').trim();
            let code = finding.code.to_string().replace("migrations/", "");
            format!("{code}: {}", message.trim_end_matches(", and there is no rollback plan"))
        };
        (judged.findings.iter().map(own).collect(), judged.undecided)
    }

    fn findings(first: &str, second: &str, dialect: Dialect) -> Vec<String> {
        let (findings, undecided) = of(first, second, dialect);
        assert_eq!(undecided, Vec::<String>::new());
        findings
    }

    const NONE: [String; 0] = [];

    #[test]
    fn a_view_that_is_made_again_is_not_taken_away() {
        let judged = |text: &str| findings("", text, Dialect::Postgresql);
        assert_eq!(judged("DROP VIEW a; CREATE VIEW a AS SELECT 1;"), NONE);
        assert_eq!(judged("CREATE VIEW a AS SELECT 1; DROP VIEW a;"), NONE, "nobody else used it yet");
        let dropped = ["contract: drops the view `a`"];
        assert_eq!(judged("DROP VIEW a;"), dropped);
        assert_eq!(judged("DROP VIEW a; CREATE VIEW a AS SELECT 1; DROP VIEW a;"), dropped);
        assert_eq!(judged("DROP VIEW a; CREATE VIEW b AS SELECT 1;")[..1], dropped);
        assert_eq!(
            judged("DROP VIEW a CASCADE; CREATE VIEW a AS SELECT 1;"),
            ["contract: drops whatever needs the view `a`"]
        );
    }

    #[test]
    fn a_function_that_is_made_again_has_the_same_arguments() {
        let judged = |text: &str| findings("", text, Dialect::Postgresql);
        let make = "CREATE FUNCTION f(a int, b text) RETURNS int AS $$ SELECT 1 $$ LANGUAGE sql;";
        assert_eq!(judged(&format!("DROP FUNCTION f(int, text); {make}")), NONE);
        assert_eq!(judged(&format!("DROP FUNCTION f; {make}")), NONE);
        assert_eq!(judged(&format!("{make} DROP FUNCTION f;")), NONE, "nobody else used it yet");
        assert_eq!(judged(&format!("DROP FUNCTION f(int); {make}"))[0], "contract: drops the function `f`");
    }

    #[test]
    fn what_harms_nobody_need_not_be_understood() {
        let text = "COMMENT ON FUNCTION f(int) IS 'x'; CREATE STATISTICS s ON a, b FROM t; DROP INDEX CONCURRENTLY IF EXISTS i;";
        assert_eq!(findings("", text, Dialect::Postgresql), NONE);
        assert_eq!(of("", "COMMENT x;", Dialect::Postgresql).1.len(), 1);
    }

    #[test]
    fn a_table_that_is_copied_and_replaced_is_not_destroyed() {
        let before = "CREATE TABLE t (a int, b text NOT NULL, c text);";
        let judged = |make: &str, copy: &str| {
            let second = format!(
                "CREATE TABLE n ({make}); INSERT INTO n {copy} FROM t; DROP TABLE t; ALTER TABLE n RENAME TO t;"
            );
            findings(before, &second, Dialect::Sqlite)
        };
        let same = "a int, b text NOT NULL, c text";
        assert_eq!(judged(same, "SELECT *"), NONE);
        assert_eq!(judged(same, "SELECT a, b, c"), NONE);
        assert_eq!(judged("a int, b text, c text, d int DEFAULT 1", "(a, b, c) SELECT a, b, c"), NONE);
        assert_eq!(judged("a int, b text", "SELECT a, b"), ["destructive: drops the column `c` of `t`"]);
        assert_eq!(judged(same, "(a, b) SELECT a, b"), ["destructive: empties the column `c` of `t`"]);
        assert_eq!(
            judged("a int, b text NOT NULL, d text", "SELECT a, b, c"),
            ["contract: renames the column `c` of `t`"]
        );
        assert_eq!(
            judged("a text, b text NOT NULL, c text NOT NULL, d int NOT NULL", "SELECT a, b, c, 1"),
            [
                "contract: changes the type of the column `a` of `t`",
                "contract: demands a value in the column `c` of `t`",
                "contract: adds the column `d` to `t`, NOT NULL and without a default"
            ]
        );
    }

    #[test]
    fn a_table_of_which_something_stays_behind_is_destroyed() {
        let before = "CREATE TABLE t (a int);";
        let destroyed = "destructive: drops the table `t`";
        for copy in [
            "INSERT INTO n SELECT a FROM t WHERE a > 1;",
            "INSERT INTO n SELECT DISTINCT a FROM t;",
            "INSERT INTO n SELECT a FROM t LIMIT 1;",
            "INSERT OR IGNORE INTO n SELECT a FROM t;",
            "INSERT INTO n SELECT t.a FROM t JOIN u ON t.a = u.a;",
            "INSERT INTO n SELECT a FROM u;",
            "",
        ] {
            let second = format!("CREATE TABLE n (a int); {copy} DROP TABLE t; ALTER TABLE n RENAME TO t;");
            assert!(findings(before, &second, Dialect::Sqlite).contains(&destroyed.to_owned()), "{copy}");
        }
        let second = "CREATE TABLE n (a int); INSERT INTO n SELECT a FROM t; DROP TABLE t;";
        assert!(findings(before, second, Dialect::Sqlite).contains(&destroyed.to_owned()), "none gets its name");
        let second = "CREATE TABLE n (a int); INSERT INTO n SELECT a FROM t; DROP TABLE t; ALTER TABLE n RENAME TO t;";
        let unknown = ["contract: makes the table `t` anew, whose columns are not known"];
        assert_eq!(findings("", second, Dialect::Sqlite), unknown);
        assert_eq!(
            findings(&format!("{before} DO $$ BEGIN ALTER TABLE t ADD b int; END $$;"), second, Dialect::Postgresql)
                [..1],
            unknown
        );
    }

    #[test]
    fn a_table_that_is_renamed_first_is_not_renamed() {
        let before = "CREATE TABLE t (a int, b text);";
        let second = "ALTER TABLE t RENAME TO o; CREATE TABLE t (a int, b text); INSERT INTO t SELECT a, b FROM o; DROP TABLE o;";
        assert_eq!(findings(before, second, Dialect::Sqlite), NONE);
        let second = "ALTER TABLE t RENAME TO o; CREATE TABLE t (a int); INSERT INTO t SELECT a FROM o; DROP TABLE o;";
        assert_eq!(findings(before, second, Dialect::Sqlite), ["destructive: drops the column `b` of `t`"]);
    }

    #[test]
    fn what_a_column_was_before_is_known() {
        let before = "CREATE TABLE t (a varchar(10) NOT NULL);";
        assert_eq!(findings(before, "ALTER TABLE t ALTER COLUMN a SET NOT NULL;", Dialect::Postgresql), NONE);
        assert_eq!(findings(before, "ALTER TABLE t MODIFY a varchar(10);", Dialect::Mysql), NONE);
        let changed = "ALTER TABLE t MODIFY a varchar(20) NOT NULL;";
        assert_eq!(findings(before, changed, Dialect::Mysql)[1], "contract: changes the type of the column `a` of `t`");
        assert_eq!(findings("", "ALTER TABLE t ALTER COLUMN a SET NOT NULL;", Dialect::Postgresql).len(), 2);
    }

    #[test]
    fn a_template_that_is_no_sql_is_said_once_to_be_open() {
        let (findings, undecided) = of("", "CRAETE {{ .What }}; CRAETE x;", Dialect::Postgresql);
        assert_eq!(findings, NONE);
        assert_eq!(undecided.len(), 1, "{undecided:?}");
        let (findings, _) = of("", "DROP TABLE {{ .Schema }}.t;", Dialect::Postgresql);
        assert_eq!(findings, ["destructive: drops the table `template_Schema.t`"]);
    }
}
