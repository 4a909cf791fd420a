//! What the statements of one migration come to.

use std::collections::BTreeMap;

use charter_deploy_model::{Finding, Location};

use super::layout::Sections;
use super::sql::{self, Content};
use super::step::{self, Act, Made, Step};
use super::{Dialect, squawk};

/// What is to be said of one migration.
#[derive(Debug, Default)]
pub(super) struct Judged {
    path: String,
    /// What is run, each line where the file has it.
    pub(super) text: String,
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

/// Judges what a migration runs.
pub(super) fn judge(path: &str, sections: &Sections, dialect: Dialect, is_planned: bool) -> Judged {
    let mut judged = Judged { path: path.to_owned(), text: sections.up.clone(), ..Judged::default() };
    let statements = match sql::read(&sections.up, dialect) {
        Ok(statements) => statements,
        Err(torn) => {
            judged.findings.push(syntax(path, torn.line, &torn.what));
            return judged;
        }
    };
    let mut made = Made::default();
    let mut firsts: BTreeMap<Step, u32> = BTreeMap::new();
    for statement in &statements {
        let line = statement.line;
        match &statement.content {
            Content::Known(known) => {
                for act in step::acts(known, dialect, &mut made) {
                    judged.take(act, line, is_planned, &mut firsts);
                }
            }
            Content::Unknown(words) => judged
                .undecided
                .push(format!("`{path}`: the statement `{words} …` of line {line} is not understood, and not judged")),
            Content::NoCommand(words) => {
                judged.findings.push(syntax(path, line, &format!("no command begins with `{words}`")));
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
    fn finding(&self, code: &str, line: u32, message: String) -> Finding {
        Finding::new(format!("migrations/{code}"), &self.path, message)
            .at(Location::file(&self.path).line(line).in_source())
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
    pub(super) fn squawked(&self, said: &squawk::Said) -> Option<Finding> {
        let is_own = squawk::OWN_RULES.contains(&said.rule.as_str()) && self.undecided.is_empty();
        if is_own {
            return None;
        }
        // One that ends with a line break has its last line before it.
        let line = said.line.min(u32::try_from(self.text.lines().count()).unwrap_or(u32::MAX)).max(1);
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
