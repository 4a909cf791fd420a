//! What a statement does to those who still use the schema as it was.

use std::collections::BTreeSet;

use sqlparser::ast::{
    AlterIndexOperation, AlterTableOperation, AlterTypeOperation, CreateIndex, Delete, DropBehavior, Expr, FromTable,
    FunctionDesc, ObjectName, ObjectType, Statement, TableFactor, Update,
};

use super::remake::Remade;
use super::schema::{Schema, plain};
use super::{Dialect, alter};

/// The three steps of changing a schema while it is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Step {
    /// Nothing that is there changes for its users.
    Expand,
    /// Rows are brought over.
    Migrate,
    /// Something that its users know is no longer there, or no longer so.
    Contract,
}

/// What is to be said of a statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Act {
    pub(super) step: Option<Step>,
    /// What it contracts or destroys, such as ``drops the table `users` ``.
    pub(super) what: String,
    pub(super) is_destructive: bool,
    /// What may fail on a table with rows in it or keep others waiting, and what to do instead.
    pub(super) hazard: Option<(&'static str, String, &'static str)>,
}

impl Act {
    pub(super) fn of(step: Step) -> Self {
        Self { step: Some(step), what: String::new(), is_destructive: false, hazard: None }
    }

    pub(super) fn contract(what: String) -> Self {
        Self { what, ..Self::of(Step::Contract) }
    }

    pub(super) fn destroy(what: String) -> Self {
        Self { is_destructive: true, ..Self::contract(what) }
    }

    pub(super) fn hazard(self, kind: &'static str, what: String, instead: &'static str) -> Self {
        Self { hazard: Some((kind, what, instead)), ..self }
    }

    pub(super) fn none() -> Self {
        Self { step: None, ..Self::of(Step::Expand) }
    }
}

/// What a migration has made so far: nobody else uses it yet.
#[derive(Debug, Default)]
struct Made(BTreeSet<String>);

impl Made {
    fn has(&self, name: &ObjectName) -> bool {
        self.0.contains(&plain(name))
    }

    fn add(&mut self, name: &ObjectName) {
        self.0.insert(plain(name));
    }
}

/// What is known of the database while the statements of a migration are judged one after the other.
#[derive(Debug)]
pub(super) struct Database<'a> {
    dialect: Dialect,
    schema: &'a mut Schema,
    made: Made,
    remade: Remade,
    made_functions: BTreeSet<String>,
    /// Views and functions that were taken away to be made again.
    awaited: BTreeSet<String>,
}

impl<'a> Database<'a> {
    pub(super) fn new(dialect: Dialect, schema: &'a mut Schema, remade: Remade) -> Self {
        Self {
            dialect,
            schema,
            made: Made::default(),
            remade,
            made_functions: BTreeSet::new(),
            awaited: BTreeSet::new(),
        }
    }

    /// Runs the statement `at`, and says what it does; several things, when it has several parts.
    pub(super) fn run(&mut self, statement: &Statement, at: usize, is_sure: bool) -> Vec<Act> {
        let acts = self.acts(statement, at);
        self.schema.run(statement, is_sure);
        acts
    }

    /// Runs what nobody understood.
    pub(super) fn run_unknown(&mut self) {
        self.schema.forget();
    }

    fn acts(&mut self, statement: &Statement, at: usize) -> Vec<Act> {
        let one = |act: Act| vec![act];
        match statement {
            Statement::CreateTable(table) => {
                // One that is there already stays as it is.
                if !(table.if_not_exists && self.schema.columns(&table.name).is_some()) {
                    self.made.add(&table.name);
                }
                one(Act::of(if self.remade.is_part(at) { Step::Migrate } else { Step::Expand }))
            }
            Statement::CreateView(view) => {
                if self.awaited.remove(&plain(&view.name)) {
                    return one(Act::of(Step::Migrate));
                }
                self.made.add(&view.name);
                one(Act::of(Step::Expand))
            }
            Statement::CreateFunction(function) => {
                let is_awaited = self.awaited.remove(&plain(&function.name));
                // One that replaces another may be in use.
                if !is_awaited && !function.or_replace {
                    self.made_functions.insert(plain(&function.name));
                }
                one(Act::of(if is_awaited { Step::Migrate } else { Step::Expand }))
            }
            Statement::CreateIndex(index) => one(create_index(index, self.dialect, &self.made)),
            Statement::AlterTable(table) => self.alter_table(&table.name, &table.operations, at),
            Statement::AlterType(alter) => one(match alter.operation {
                AlterTypeOperation::AddValue(_) => Act::of(Step::Expand),
                AlterTypeOperation::Rename(_) => Act::contract(format!("renames the type `{}`", alter.name)),
                AlterTypeOperation::RenameValue(_) => {
                    Act::contract(format!("renames a value of the type `{}`", alter.name))
                }
            }),
            Statement::AlterIndex { operation: AlterIndexOperation::RenameIndex { .. }, .. } => {
                one(Act::of(Step::Expand))
            }
            Statement::RenameTable(renamed) => {
                renamed.iter().map(|it| Act::contract(format!("renames the table `{}`", it.old_name))).collect()
            }
            Statement::Drop { object_type, names, cascade, temporary, .. } => {
                let drop = |name: &ObjectName| match self.made.has(name) || *temporary {
                    true => vec![Act::none()],
                    false => self.drop(*object_type, name, *cascade, at),
                };
                names.iter().flat_map(drop).collect()
            }
            Statement::DropFunction(drop) => self.drop_functions("function", &drop.func_desc, drop.drop_behavior, at),
            Statement::DropProcedure { proc_desc, drop_behavior, .. } => {
                self.drop_functions("procedure", proc_desc, *drop_behavior, at)
            }
            Statement::DropDomain(drop) => one(Act::contract(format!("drops the domain `{}`", drop.name))),
            Statement::DropExtension(drop) => {
                drop.names.iter().map(|name| Act::contract(format!("drops the extension `{name}`"))).collect()
            }
            Statement::DropTrigger(_) | Statement::DropPolicy(_) => one(Act::of(Step::Migrate)),
            Statement::Truncate(truncate) => {
                let emptied = |name: &ObjectName| match self.made.has(name) {
                    true => Act::none(),
                    false => Act::destroy(format!("empties the table `{name}`")),
                };
                truncate.table_names.iter().map(|table| emptied(&table.name)).collect()
            }
            Statement::Delete(delete) => one(delete_rows(delete, &self.made)),
            Statement::Update(update) => one(update_rows(update, &self.made)),
            Statement::Insert(_) | Statement::Merge(_) | Statement::Copy { .. } | Statement::LoadData { .. } => {
                one(Act::of(Step::Migrate))
            }
            // A function that is called may do anything; the sequences of a dump are set so.
            Statement::Query(_) | Statement::Call(_) => one(Act::of(Step::Migrate)),
            Statement::Revoke(_) => one(Act::contract("takes rights away".to_owned())),
            Statement::Set(_)
            | Statement::StartTransaction { .. }
            | Statement::Commit { .. }
            | Statement::Rollback { .. }
            | Statement::Savepoint { .. }
            | Statement::ReleaseSavepoint { .. }
            | Statement::Analyze(_)
            | Statement::Vacuum(_)
            | Statement::Pragma { .. }
            | Statement::Use(_)
            | Statement::Reset(_)
            | Statement::Lock(_)
            | Statement::LockTables { .. }
            | Statement::UnlockTables => one(Act::none()),
            _ => one(Act::of(Step::Expand)),
        }
    }

    fn alter_table(&mut self, table: &ObjectName, operations: &[AlterTableOperation], at: usize) -> Vec<Act> {
        let acts = match self.remade.table(at) {
            Some(rebuilt) if !self.made.has(table) => rebuilt.acts(self.schema.columns(table)),
            _ if self.remade.is_part(at) => vec![Act::of(Step::Migrate)],
            _ if self.made.has(table) => vec![Act::of(Step::Expand); operations.len()],
            _ => operations.iter().map(|it| alter::act(it, table, self.dialect, self.schema)).collect(),
        };
        for operation in operations {
            if let AlterTableOperation::RenameTable { table_name } = operation {
                use sqlparser::ast::RenameTableNameKind::{As, To};
                let (As(name) | To(name)) = table_name;
                self.made.add(name);
            }
        }
        acts
    }

    fn drop(&mut self, sort: ObjectType, name: &ObjectName, cascade: bool, at: usize) -> Vec<Act> {
        let is_view = matches!(sort, ObjectType::View | ObjectType::MaterializedView);
        if is_view && self.remade.has_view(name, at) {
            self.awaited.insert(plain(name));
            return vec![remade("view", name, cascade)];
        }
        match self.remade.table(at) {
            Some(rebuilt) => rebuilt.acts(self.schema.columns(name)),
            None => vec![dropped(sort, name, cascade)],
        }
    }

    fn drop_functions(
        &mut self,
        sort: &str,
        functions: &[FunctionDesc],
        behavior: Option<DropBehavior>,
        at: usize,
    ) -> Vec<Act> {
        let is_cascade = matches!(behavior, Some(DropBehavior::Cascade));
        let mut acts = Vec::new();
        for function in functions {
            let name = &function.name;
            acts.push(match self.remade.has_function(function, at) {
                _ if self.made_functions.contains(&plain(name)) => Act::none(),
                true => {
                    self.awaited.insert(plain(name));
                    remade(sort, name, is_cascade)
                }
                false => Act::contract(format!("drops the {sort} `{name}`{}", and_more(is_cascade))),
            });
        }
        acts
    }
}

/// What is made again harms nobody; what went with it may be gone.
fn remade(sort: &str, name: &ObjectName, cascade: bool) -> Act {
    match cascade {
        true => Act::contract(format!("drops whatever needs the {sort} `{name}`")),
        false => Act::of(Step::Migrate),
    }
}

fn and_more(cascade: bool) -> &'static str {
    if cascade { " and whatever needs it" } else { "" }
}

fn create_index(index: &CreateIndex, dialect: Dialect, made: &Made) -> Act {
    let act = Act::of(Step::Expand);
    if dialect != Dialect::Postgresql || index.concurrently || made.has(&index.table_name) {
        return act;
    }
    let what = format!("nobody can write to `{}` while the index is made", index.table_name);
    act.hazard("index", what, "write `CREATE INDEX CONCURRENTLY`, in a migration without a transaction")
}

fn dropped(sort: ObjectType, name: &ObjectName, cascade: bool) -> Act {
    let cascade = and_more(cascade);
    match sort {
        ObjectType::Table => Act::destroy(format!("drops the table `{name}`{cascade}")),
        ObjectType::Schema => Act::destroy(format!("drops the schema `{name}`{cascade}")),
        ObjectType::Database => Act::destroy(format!("drops the database `{name}`")),
        ObjectType::Index => Act::of(Step::Expand),
        sort => Act::contract(format!("drops the {} `{name}`{cascade}", sort.to_string().to_lowercase())),
    }
}

fn delete_rows(delete: &Delete, made: &Made) -> Act {
    let (FromTable::WithFromKeyword(tables) | FromTable::WithoutKeyword(tables)) = &delete.from;
    let names: Vec<&ObjectName> = tables.iter().filter_map(|table| name_of(&table.relation)).collect();
    let is_bounded = delete.selection.as_ref().is_some_and(|condition| !is_always(condition))
        || delete.using.is_some()
        || delete.limit.is_some();
    if is_bounded || names.iter().all(|name| made.has(name)) {
        return Act::of(Step::Migrate);
    }
    let names: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    Act::destroy(format!("deletes every row of {}", names.join(", ")))
}

fn update_rows(update: &Update, made: &Made) -> Act {
    let act = Act::of(Step::Migrate);
    let Some(name) = name_of(&update.table.relation) else { return act };
    let is_bounded = update.selection.is_some() || update.from.is_some() || update.limit.is_some();
    if is_bounded || made.has(name) {
        return act;
    }
    let what = format!("every row of `{name}` is written anew and locked until the migration ends");
    act.hazard("update", what, "bring the rows over in parts, by a WHERE")
}

fn name_of(table: &TableFactor) -> Option<&ObjectName> {
    match table {
        TableFactor::Table { name, .. } => Some(name),
        _ => None,
    }
}

/// Says whether a condition holds for every row, as `true` and `1 = 1` do.
fn is_always(condition: &Expr) -> bool {
    let text = condition.to_string().to_ascii_lowercase();
    matches!(text.as_str(), "true" | "1" | "1 = 1" | "(true)" | "(1 = 1)")
}
