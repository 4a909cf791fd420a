//! Changes of a database's schema can be taken back, and leave those who still use the old one alone.

use std::collections::{BTreeMap, BTreeSet};

use async_trait::async_trait;
use charter_deploy_model::{Finding, Inspection, KindMeta, LeftOut, Location, LookedAt};
use charter_host::{Host, Refusal, Scope, Setup};
use charter_repository::{BlobId, FileSort, RepositoryError};
use globset::GlobMatcher;
use schemars::JsonSchema;
use serde::Deserialize;

use crate::gate::blocking;
use crate::{DependsOn, Gate, GateError, Source, Subject, glob, since};

mod alter;
mod block;
mod layout;
mod plan;
mod remake;
mod schema;
mod sql;
mod squawk;
mod statements;
mod step;
mod template;

use layout::{Migration, Way};
use schema::Schema;
use squawk::Silent;
use statements::Asked;

/// A larger file is not judged, in bytes.
const SIZE_LIMIT: u64 = 4 << 20;
/// Where it is written how migrations are taken back, unless `plans` says otherwise.
const PLANS: &[&str] = &["docs/rollback*.md", "docs/rollback/**/*.md", "docs/runbook*.md", "docs/migrations/**/*.md"];

charter_deploy_model::kind! {
    /// Holds migrations of a database to what makes them safe: a way back, an order, and no harm to the release before.
    ///
    /// It reads SQL files as diesel, dbmate, Flyway, golang-migrate, goose, Prisma, sql-migrate and sqlx name them. What a migration
    /// does is told by its statements, which [sqlparser](https://docs.rs/sqlparser) reads: it *expands* the schema, *migrates*
    /// rows, or *contracts*, which takes away something that the release before still uses. A contracting or destroying
    /// statement needs a rollback plan: a comment `-- rollback-plan: …` in the migration, which is a sentence or the path of a file,
    /// or a section of a file among `plans` whose heading names the version.
    ///
    /// Statements are judged of migrations that are new since the last deployment, all of them before the first one; how
    /// files are named and whether they have a way back is judged of all. Statements against tables that the same migration made
    /// harm nobody. What it makes again is not taken away: a view, whatever its columns; a function with the same arguments; a
    /// table that is copied whole into another one that gets its name, as far as the migrations tell its columns and they stay.
    /// A statement that the parser does not know makes the result inconclusive.
    ///
    /// The statements of a block `DO $$ … $$` are judged as if all of them were run. In a template, as `{{ .Schema }}` of Go or
    /// `${schema}` of Flyway, the last word is filled in as a name; a template with conditions makes the result inconclusive.
    ///
    /// For PostgreSQL, [squawk](https://squawkhq.com) adds its rules when it is installed, with the project's `.squawk.toml`;
    /// `squawk = "required"` makes the result inconclusive without it.
    ///
    /// ```toml
    /// [gates.migrations]
    /// squawk = "off"
    /// ```
    ///
    /// ```sql,source=migrations/1_users.up.sql
    /// CREATE TABLE users (id bigint PRIMARY KEY, name text NOT NULL);
    /// CREATE INDEX users_by_name ON users (name);
    /// ```
    ///
    /// ```sql,source=migrations/1_users.down.sql,passes
    /// DROP TABLE users;
    /// ```
    pub static META: "migrations", needs Source, lane Shared {
        /// A migration has no way back.
        ///
        /// Its file or section for the way down is missing, or holds no statement.
        ///
        /// ```sql,source=migrations/1_users.sql,blocks=migrations/no-down
        /// CREATE TABLE users (id bigint PRIMARY KEY);
        /// ```
        "migrations/no-down": Error, principle Some(BranchPreservation);
        /// Two migrations have one version.
        ///
        /// Which of them is run first, or at all, depends on the tool.
        ///
        /// ```sql,source=migrations/01_users.sql
        /// -- migrate:up
        /// CREATE TABLE users (id bigint PRIMARY KEY);
        /// -- migrate:down
        /// DROP TABLE users;
        /// ```
        ///
        /// ```sql,source=migrations/1_orders.sql,blocks=migrations/duplicate-version
        /// -- migrate:up
        /// CREATE TABLE orders (id bigint PRIMARY KEY);
        /// -- migrate:down
        /// DROP TABLE orders;
        /// ```
        "migrations/duplicate-version": Error, principle None;
        /// A new migration comes before one that is live.
        ///
        /// Databases that have the later one never run it, or refuse to go on. Give it a version after all that are live.
        "migrations/order": Error, principle None;
        /// A migration that is live was changed or deleted.
        ///
        /// Databases that ran it keep what it was, new ones get what it is now. Undo the change, and write a new migration.
        "migrations/changed": Error, principle None;
        /// A SQL file among the migrations has a name that no tool takes for one.
        ///
        /// Name it as your tool wants it, or move it, or leave it out with `exclude`.
        ///
        /// ```sql,source=migrations/users.sql,blocks=migrations/name
        /// CREATE TABLE users (id bigint PRIMARY KEY);
        /// ```
        "migrations/name": Warning, principle None;
        /// A migration is no SQL.
        ///
        /// A quote or a comment has no end, no command begins so, or squawk, which knows PostgreSQL's grammar, refuses it.
        ///
        /// ```sql,source=migrations/1_users.sql,blocks=migrations/syntax
        /// -- migrate:up
        /// CRAETE TABLE users (id bigint PRIMARY KEY);
        /// -- migrate:down
        /// DROP TABLE users;
        /// ```
        "migrations/syntax": Error, principle None;
        /// A migration destroys rows, and there is no rollback plan.
        ///
        /// It drops a table, column or schema, or empties a table. No way down brings the rows back: say where from they come.
        ///
        /// ```sql,source=migrations/2_drop.sql,blocks=migrations/destructive
        /// -- migrate:up
        /// DROP TABLE old_users;
        /// -- migrate:down
        /// CREATE TABLE old_users (id bigint);
        /// ```
        ///
        /// ```toml
        /// [gates.migrations]
        /// squawk = "off"
        /// ```
        ///
        /// ```sql,source=migrations/2_drop.sql,passes
        /// -- migrate:up
        /// -- rollback-plan: restore the table from the dump that the deployment makes before it.
        /// DROP TABLE old_users;
        /// -- migrate:down
        /// CREATE TABLE old_users (id bigint);
        /// ```
        "migrations/destructive": Error, principle Some(UserPreservation);
        /// A migration takes away what the release before uses, and there is no rollback plan.
        ///
        /// It renames, demands values, changes a type, or drops a view or function. The release before breaks while both
        /// run, and when it is rolled back to. Expand first, deploy, and contract in a later release.
        ///
        /// ```sql,source=migrations/2_rename.sql,blocks=migrations/contract
        /// -- migrate:up
        /// ALTER TABLE users RENAME COLUMN name TO full_name;
        /// -- migrate:down
        /// ALTER TABLE users RENAME COLUMN full_name TO name;
        /// ```
        "migrations/contract": Error, principle Some(UserPreservation);
        /// A migration expands and contracts at once.
        ///
        /// Then no release fits both what is before it and what is after. Make two of it, a release apart.
        ///
        /// ```sql,source=migrations/2_rename.sql,blocks=migrations/mixed
        /// -- migrate:up
        /// -- rollback-plan: run the way down; nothing is lost.
        /// ALTER TABLE users ADD COLUMN full_name text;
        /// ALTER TABLE users RENAME COLUMN name TO old_name;
        /// -- migrate:down
        /// ALTER TABLE users RENAME COLUMN old_name TO name;
        /// ALTER TABLE users DROP COLUMN full_name;
        /// ```
        "migrations/mixed": Warning, principle Some(UserPreservation);
        /// A statement may fail on a table with rows in it, or keeps others waiting.
        ///
        /// An index not made concurrently, a column that is NOT NULL and has no default, a constraint that is checked at once, a
        /// type that changes, an update of every row.
        ///
        /// ```sql,source=migrations/2_index.sql,blocks=migrations/unsafe
        /// -- migrate:up
        /// CREATE INDEX users_by_name ON users (name);
        /// -- migrate:down
        /// DROP INDEX users_by_name;
        /// ```
        "migrations/unsafe": Warning, principle Some(UserPreservation);
        /// Squawk warns of a statement.
        ///
        /// The finding begins with the name of its rule; <https://squawkhq.com/docs/rules> explains each. Rules that this gate has itself
        /// are not said twice.
        ///
        /// ```sql,source=migrations/2_column.sql,blocks=migrations/squawk
        /// -- migrate:up
        /// ALTER TABLE users ADD COLUMN nick varchar(20);
        /// -- migrate:down
        /// ALTER TABLE users DROP COLUMN nick;
        /// ```
        "migrations/squawk": Warning, principle None;
    }
}

/// Whose SQL the migrations are.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Dialect {
    /// PostgreSQL's.
    #[default]
    Postgresql,
    /// That of MySQL and MariaDB.
    Mysql,
    /// SQLite's.
    Sqlite,
    /// What most databases take.
    Generic,
}

/// Whether squawk is asked.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Squawk {
    /// When it is installed.
    #[default]
    WhenInstalled,
    /// Always; without it the result is inconclusive.
    Required,
    /// Never.
    Off,
}

/// The section `[gates.migrations]`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct MigrationsConfig {
    /// Globs over the files of the project that are migrations.
    pub files: Vec<String>,
    /// Globs over files that are none.
    pub exclude: Vec<String>,
    /// Whose SQL they are.
    pub dialect: Dialect,
    /// Whether squawk is asked, which knows PostgreSQL only.
    pub squawk: Squawk,
    /// Globs over the Markdown files in which rollback plans are.
    pub plans: Vec<String>,
    /// Whether each migration needs a way back.
    pub require_down: bool,
}

impl Default for MigrationsConfig {
    fn default() -> Self {
        let globs = |globs: &[&str]| globs.iter().map(|&glob| glob.to_owned()).collect();
        Self {
            files: globs(&["**/migrations/**/*.sql", "**/db/migrate/**/*.sql", "**/db/migration/**/*.sql"]),
            exclude: Vec::new(),
            dialect: Dialect::default(),
            squawk: Squawk::default(),
            plans: globs(PLANS),
            require_down: true,
        }
    }
}

/// Reads migrations, and has squawk read the new ones.
#[derive(Debug, Clone)]
pub struct Migrations {
    files: Vec<GlobMatcher>,
    exclude: Vec<GlobMatcher>,
    plans: Vec<GlobMatcher>,
    dialect: Dialect,
    squawk: Squawk,
    require_down: bool,
    host: Host,
}

/// Builds the gate.
///
/// # Errors
/// When a glob is malformed, or squawk is required for another database than PostgreSQL.
pub fn gate(config: MigrationsConfig, setup: &Setup<'_>) -> Result<Box<dyn Gate>, Refusal> {
    if config.squawk == Squawk::Required && config.dialect != Dialect::Postgresql {
        return Err(Refusal("`squawk` knows no other `dialect` than `postgresql`".to_owned()));
    }
    Ok(Box::new(Migrations {
        files: glob::compile_all("files", &config.files)?,
        exclude: glob::compile_all("exclude", &config.exclude)?,
        plans: glob::compile_all("plans", &config.plans)?,
        dialect: config.dialect,
        squawk: config.squawk,
        require_down: config.require_down,
        host: setup.host.clone(),
    }))
}

/// What was read of the commit and of the last deployment.
#[derive(Debug, Default)]
struct Seen {
    migrations: u64,
    findings: Vec<Finding>,
    undecided: Vec<String>,
    new: Vec<statements::Judged>,
    squawk_config: Option<Vec<u8>>,
}

#[async_trait]
impl Gate for Migrations {
    fn meta(&self) -> &'static KindMeta {
        &META
    }

    fn depends_on(&self) -> DependsOn {
        DependsOn::Moment
    }

    async fn inspect(&self, subject: &Subject, scope: &Scope) -> Result<Inspection, GateError> {
        let source = subject.source()?.clone();
        let own = self.clone();
        let Some(seen) = blocking(move || own.look(&source)).await? else {
            return Ok(Inspection::NotApplicable { reason: "there are no migrations".to_owned() });
        };
        let Seen { migrations, mut findings, mut undecided, mut new, squawk_config } = seen;
        let mut looked_at = LookedAt::of("migrations", migrations);
        let texts: Vec<String> = new.iter().map(|judged| judged.text.clone()).collect();
        let mut refused: BTreeSet<(usize, u32)> = BTreeSet::new();
        if self.squawk != Squawk::Off && self.dialect == Dialect::Postgresql && !new.is_empty() {
            scope.progress(0, None, "asking squawk");
            match squawk::look(texts, squawk_config, &self.host, scope).await? {
                Ok(said) => {
                    looked_at.counts.insert("squawked".to_owned(), new.len() as u64);
                    let is_no_sql = |it: &&squawk::Said| it.rule == "syntax-error" && !new[it.file].is_template();
                    refused = said.iter().filter(is_no_sql).map(|it| (it.file, it.line)).collect();
                    findings.extend(said.iter().filter_map(|said| new[said.file].squawked(said)));
                }
                Err(Silent::Missing(what)) if self.squawk == Squawk::WhenInstalled => {
                    looked_at.left_out.insert("migrations/squawk".to_owned(), LeftOut { why: what, could_be: true });
                }
                Err(Silent::Missing(what) | Silent::Broken(what)) => undecided.push(what),
            }
        }
        for (number, judged) in new.iter().enumerate() {
            // What is no SQL at all need not be understood as well.
            if !refused.iter().any(|(file, _)| *file == number) {
                undecided.extend(judged.undecided.iter().cloned());
            }
            for (step, count) in &judged.steps {
                *looked_at.counts.entry((*step).to_owned()).or_default() += count;
            }
            looked_at.counts.entry("planned".to_owned()).or_default();
            *looked_at.counts.entry("planned".to_owned()).or_default() += judged.planned;
        }
        looked_at.counts.insert("new".to_owned(), new.len() as u64);
        findings.extend(new.into_iter().flat_map(|judged| judged.findings));
        findings.sort();
        findings.dedup();
        looked_at.undecided = undecided;
        Ok(Inspection::Looked { findings, measures: Vec::new(), looked_at })
    }
}

fn failed(source: RepositoryError) -> GateError {
    GateError::Other { doing: "reading the migrations of the commit".to_owned(), source: source.into() }
}

impl Migrations {
    fn reads(&self, path: &str) -> bool {
        path.ends_with(".sql") && glob::any(&self.files, path) && !glob::any(&self.exclude, path)
    }

    fn look(&self, source: &Source) -> Result<Option<Seen>, GateError> {
        let all = source.repository.files(&source.commit).map_err(failed)?;
        let every: BTreeSet<String> = all.iter().map(|file| file.path.clone()).collect();
        let blobs = source.repository.blobs().map_err(failed)?;
        let text = |blob: BlobId| -> Result<Option<String>, RepositoryError> {
            match blobs.size(blob)? {
                size if size > SIZE_LIMIT => Ok(None),
                _ => blobs.read(blob, |content| std::str::from_utf8(content).ok().map(str::to_owned)),
            }
        };
        let mut seen = Seen::default();
        let mut own: BTreeMap<&str, BlobId> = BTreeMap::new();
        let mut documents = Vec::new();
        for file in all.iter().filter(|file| file.sort != FileSort::Link) {
            if self.reads(&file.path) {
                own.insert(&file.path, file.blob);
            } else if glob::any(&self.plans, &file.path) {
                documents.extend(text(file.blob).map_err(failed)?.map(|text| (file.path.clone(), text)));
            } else if file.path == ".squawk.toml" {
                seen.squawk_config = text(file.blob).map_err(failed)?.map(String::into_bytes);
            }
        }
        let live = self.live(source)?;
        if own.is_empty() && live.is_empty() {
            return Ok(None);
        }
        seen.findings.extend(own.keys().filter(|path| layout::part(path).is_none()).map(|path| misnamed(path)));
        let migrations = layout::migrations(own.keys().map(|path| (*path).to_owned()));
        seen.migrations = migrations.len() as u64;
        seen.findings.extend(duplicates(&migrations));
        seen.findings.extend(gone(&live, &own));
        let mut schemas: BTreeMap<&str, Schema> = BTreeMap::new();
        for migration in &migrations {
            let Some((path, blob)) = migration.up.as_deref().and_then(|path| Some((path, *own.get(path)?))) else {
                seen.findings.extend(migration.down.as_deref().map(misnamed));
                continue;
            };
            let Some(content) = text(blob).map_err(failed)? else {
                schemas.remove(migration.part.folder.as_str());
                seen.undecided.push(format!("`{path}` is not UTF-8 or larger than 4 MiB, and was not judged"));
                continue;
            };
            let sections = layout::sections(&content);
            let down = match migration.down.as_deref().and_then(|path| own.get(path)) {
                Some(blob) => text(*blob).map_err(failed)?,
                None => sections.down.clone(),
            };
            let is_repeatable = migration.part.way == Way::Repeatable;
            let has_down = down.as_deref().is_some_and(|down| statements::is_some(down, self.dialect));
            if self.require_down && !is_repeatable && !has_down {
                seen.findings.push(no_down(path, migration, down.is_some()));
            }
            let filled = template::fill(&sections.up);
            let schema = schemas.entry(&migration.part.folder).or_default();
            if let Some(was) = live.get(path).filter(|_| !is_repeatable) {
                let is_same = *was == blob
                    || text(*was).map_err(failed)?.is_some_and(|was| layout::sections(&was).up == sections.up);
                seen.findings.extend((!is_same).then(|| changed(path, "was changed")));
                match filled.open {
                    Some(_) => schema.forget(),
                    None => statements::run(&filled.text, self.dialect, schema),
                }
                continue;
            }
            seen.findings.extend(late(path, migration, &live));
            if let Some(line) = filled.open {
                schema.forget();
                seen.undecided
                    .push(format!("`{path}` is a template, and what is run hangs on line {line}: not judged"));
                continue;
            }
            let is_planned = plan::is_there(&migration.part, &sections.up, &documents, &every);
            let asked = Asked { path, text: &filled.text, is_template: filled.is_template, is_planned };
            // Those are run after all others, so that what the tables are then is not known yet.
            let mut unknown = Schema::default();
            let schema = if is_repeatable { &mut unknown } else { schema };
            seen.new.push(statements::judge(&asked, self.dialect, schema));
        }
        Ok(Some(seen))
    }

    /// Returns the migrations of the release that users see now.
    fn live(&self, source: &Source) -> Result<BTreeMap<String, BlobId>, GateError> {
        let since = since::deployment(source, 1)?;
        let (Some(_), Some(base)) = (since.branch, since.base) else { return Ok(BTreeMap::new()) };
        let files = source.repository.files(&base).map_err(failed)?;
        let is_one = |path: &str| self.reads(path) && layout::part(path).is_some_and(|part| part.way != Way::Down);
        Ok(files.into_iter().filter(|file| is_one(&file.path)).map(|file| (file.path, file.blob)).collect())
    }
}

fn finding(code: &str, path: &str, message: String) -> Finding {
    Finding::new(format!("migrations/{code}"), path, message).at(Location::file(path).in_source()).key(code)
}

fn misnamed(path: &str) -> Finding {
    finding("name", path, format!("`{path}` is named as no tool that is known names a migration, and was not judged"))
        .help("name it `<version>_<name>.up.sql` and `.down.sql`, or leave it out with `exclude`")
}

fn no_down(path: &str, migration: &Migration, is_empty: bool) -> Finding {
    let message = match (is_empty, &migration.down) {
        (true, Some(down)) => format!("`{path}` has a way back, `{down}`, without a statement in it"),
        (true, None) => format!("the section for the way back of `{path}` has no statement in it"),
        (false, _) => format!("`{path}` has no way back"),
    };
    finding("no-down", path, message).help("write what undoes it; what cannot be undone needs a waiver that says so")
}

fn duplicates(migrations: &[Migration]) -> Vec<Finding> {
    let of_same = |one: &Migration, other: &Migration| {
        one.part.folder == other.part.folder
            && one.part.version == other.part.version
            && one.part.way != Way::Repeatable
            && other.part.way != Way::Repeatable
    };
    let pairs = migrations.windows(2).filter(|pair| of_same(&pair[0], &pair[1]));
    let paths = pairs.filter_map(|pair| Some((pair[0].up.as_deref()?, pair[1].up.as_deref()?, &pair[1].part.version)));
    paths
        .map(|(first, second, version)| {
            let message = format!("`{second}` has the version {} of `{first}` as well", version.text);
            let help = "give the newer one the next version, unless it is live";
            finding("duplicate-version", second, message).key(first).at(Location::file(first).in_source()).help(help)
        })
        .collect()
}

fn late(path: &str, migration: &Migration, live: &BTreeMap<String, BlobId>) -> Option<Finding> {
    if migration.part.way == Way::Repeatable {
        return None;
    }
    let of_folder = live.keys().filter_map(|path| Some((path, layout::part(path)?)));
    let (last, _) = of_folder
        .filter(|(_, part)| part.folder == migration.part.folder && part.version > migration.part.version)
        .max_by(|(_, one), (_, other)| one.version.cmp(&other.version))?;
    let message = format!("`{path}` is new and comes before `{last}`, which is live");
    Some(finding("order", path, message).help("give it a version after all that are live"))
}

fn changed(path: &str, how: &str) -> Finding {
    finding("changed", path, format!("`{path}` is live and {how}"))
        .help("undo that, and write a new migration for what should change")
}

/// Finds the live migrations that are no longer there.
fn gone(live: &BTreeMap<String, BlobId>, own: &BTreeMap<&str, BlobId>) -> Vec<Finding> {
    let gone = live.keys().filter(|path| !own.contains_key(path.as_str()));
    // There is no file that a location could lead to.
    gone.map(|path| Finding { locations: Vec::new(), ..changed(path, "was deleted") }).collect()
}

/// Reads any text as migrations of every database, and what squawk could say of it, for the fuzzer.
#[cfg(feature = "fuzzing")]
pub(crate) fn fuzz(content: &[u8]) {
    let Ok(text) = std::str::from_utf8(content) else { return };
    let lines = text.matches('\n').count() + 1;
    let sections = layout::sections(text);
    let filled = template::fill(&sections.up);
    for dialect in [Dialect::Postgresql, Dialect::Mysql, Dialect::Sqlite, Dialect::Generic] {
        let asked = Asked { path: "migrations/1_a.sql", text: &filled.text, is_template: false, is_planned: false };
        let judged = statements::judge(&asked, dialect, &mut Schema::default());
        for location in judged.findings.iter().flat_map(|finding| &finding.locations) {
            assert!(location.line.is_none_or(|line| (1..=lines).contains(&(line as usize))), "a line is outside");
        }
    }
    let _ = layout::part(text);
    let _ = squawk::read(content, 1);
}
