//! What a statement does to those who still use the schema as it was.

use std::collections::BTreeSet;

use sqlparser::ast::{
    AlterColumnOperation, AlterIndexOperation, AlterTableOperation, AlterTypeOperation, ColumnDef, ColumnOption,
    CreateIndex, Delete, Expr, FromTable, ObjectName, ObjectType, Statement, TableConstraint, TableFactor, Update,
};

use super::Dialect;

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
    fn of(step: Step) -> Self {
        Self { step: Some(step), what: String::new(), is_destructive: false, hazard: None }
    }

    fn contract(what: String) -> Self {
        Self { what, ..Self::of(Step::Contract) }
    }

    fn destroy(what: String) -> Self {
        Self { is_destructive: true, ..Self::contract(what) }
    }

    fn hazard(self, kind: &'static str, what: String, instead: &'static str) -> Self {
        Self { hazard: Some((kind, what, instead)), ..self }
    }

    fn none() -> Self {
        Self { step: None, ..Self::of(Step::Expand) }
    }
}

/// What a migration has made so far: nobody else uses it yet.
#[derive(Debug, Default)]
pub(super) struct Made(BTreeSet<String>);

impl Made {
    fn has(&self, name: &ObjectName) -> bool {
        self.0.contains(&plain(name))
    }

    fn add(&mut self, name: &ObjectName) {
        self.0.insert(plain(name));
    }
}

fn plain(name: &ObjectName) -> String {
    name.to_string().replace(['"', '`', '[', ']'], "").to_lowercase()
}

/// Says what a statement does; several things, when it has several parts.
pub(super) fn acts(statement: &Statement, dialect: Dialect, made: &mut Made) -> Vec<Act> {
    let one = |act: Act| vec![act];
    match statement {
        Statement::CreateTable(table) => {
            made.add(&table.name);
            one(Act::of(Step::Expand))
        }
        Statement::CreateView(view) => {
            made.add(&view.name);
            one(Act::of(Step::Expand))
        }
        Statement::CreateIndex(index) => one(create_index(index, dialect, made)),
        Statement::AlterTable(table) => {
            let is_new = made.has(&table.name);
            let act = |operation| match is_new {
                true => Act::of(Step::Expand),
                false => alter_table(operation, &table.name, dialect),
            };
            let acts = table.operations.iter().map(act).collect();
            for operation in &table.operations {
                if let AlterTableOperation::RenameTable { table_name } = operation {
                    use sqlparser::ast::RenameTableNameKind::{As, To};
                    let (As(name) | To(name)) = table_name;
                    made.add(name);
                }
            }
            acts
        }
        Statement::AlterType(alter) => one(match alter.operation {
            AlterTypeOperation::AddValue(_) => Act::of(Step::Expand),
            AlterTypeOperation::Rename(_) => Act::contract(format!("renames the type `{}`", alter.name)),
            AlterTypeOperation::RenameValue(_) => {
                Act::contract(format!("renames a value of the type `{}`", alter.name))
            }
        }),
        Statement::AlterIndex { operation: AlterIndexOperation::RenameIndex { .. }, .. } => one(Act::of(Step::Expand)),
        Statement::RenameTable(renamed) => {
            renamed.iter().map(|it| Act::contract(format!("renames the table `{}`", it.old_name))).collect()
        }
        Statement::Drop { object_type, names, cascade, temporary, .. } => {
            let drop = |name: &ObjectName| match made.has(name) || *temporary {
                true => Act::none(),
                false => drop(*object_type, name, *cascade),
            };
            names.iter().map(drop).collect()
        }
        Statement::DropFunction(drop) => {
            drop.func_desc.iter().map(|it| Act::contract(format!("drops the function `{}`", it.name))).collect()
        }
        Statement::DropProcedure { .. } => one(Act::contract("drops a procedure".to_owned())),
        Statement::DropDomain(drop) => one(Act::contract(format!("drops the domain `{}`", drop.name))),
        Statement::DropExtension(drop) => {
            drop.names.iter().map(|name| Act::contract(format!("drops the extension `{name}`"))).collect()
        }
        Statement::DropTrigger(_) | Statement::DropPolicy(_) => one(Act::of(Step::Migrate)),
        Statement::Truncate(truncate) => {
            let emptied = |name: &ObjectName| match made.has(name) {
                true => Act::none(),
                false => Act::destroy(format!("empties the table `{name}`")),
            };
            truncate.table_names.iter().map(|table| emptied(&table.name)).collect()
        }
        Statement::Delete(delete) => one(delete_rows(delete, made)),
        Statement::Update(update) => one(update_rows(update, made)),
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

fn create_index(index: &CreateIndex, dialect: Dialect, made: &Made) -> Act {
    let act = Act::of(Step::Expand);
    if dialect != Dialect::Postgresql || index.concurrently || made.has(&index.table_name) {
        return act;
    }
    let what = format!("nobody can write to `{}` while the index is made", index.table_name);
    act.hazard("index", what, "write `CREATE INDEX CONCURRENTLY`, in a migration without a transaction")
}

fn drop(sort: ObjectType, name: &ObjectName, cascade: bool) -> Act {
    let cascade = if cascade { " and whatever needs it" } else { "" };
    match sort {
        ObjectType::Table => Act::destroy(format!("drops the table `{name}`{cascade}")),
        ObjectType::Schema => Act::destroy(format!("drops the schema `{name}`{cascade}")),
        ObjectType::Database => Act::destroy(format!("drops the database `{name}`")),
        ObjectType::Index => Act::of(Step::Expand),
        sort => Act::contract(format!("drops the {} `{name}`{cascade}", sort.to_string().to_lowercase())),
    }
}

fn alter_table(operation: &AlterTableOperation, table: &ObjectName, dialect: Dialect) -> Act {
    match operation {
        AlterTableOperation::DropColumn { column_names, .. } => {
            let names: Vec<String> = column_names.iter().map(|name| format!("`{name}`")).collect();
            Act::destroy(format!("drops the column {} of `{table}`", names.join(", ")))
        }
        AlterTableOperation::DropPartitions { .. } => Act::destroy(format!("drops partitions of `{table}`")),
        AlterTableOperation::RenameColumn { old_column_name, .. } => {
            Act::contract(format!("renames the column `{old_column_name}` of `{table}`"))
        }
        AlterTableOperation::RenameTable { .. } => Act::contract(format!("renames the table `{table}`")),
        AlterTableOperation::ChangeColumn { old_name, new_name, .. } if old_name != new_name => {
            Act::contract(format!("renames the column `{old_name}` of `{table}`"))
        }
        AlterTableOperation::ChangeColumn { old_name: name, .. }
        | AlterTableOperation::ModifyColumn { col_name: name, .. }
        | AlterTableOperation::AlterColumn { column_name: name, op: AlterColumnOperation::SetDataType { .. } } => {
            let what = format!("`{table}` is written anew and locked while the type of `{name}` changes");
            Act::contract(format!("changes the type of the column `{name}` of `{table}`")).hazard(
                "type",
                what,
                "add a column of the new type, bring the rows over, and drop the old one later",
            )
        }
        AlterTableOperation::AlterColumn { column_name: name, op: AlterColumnOperation::SetNotNull } => {
            let what = format!("it fails when a row of `{table}` has no `{name}`, and all are read while it is locked");
            Act::contract(format!("demands a value in the column `{name}` of `{table}`")).hazard(
                "not-null",
                what,
                "add a CHECK (… IS NOT NULL) NOT VALID first, and validate it in a migration of its own",
            )
        }
        AlterTableOperation::AddColumn { column_def, .. } => add_column(column_def, table),
        AlterTableOperation::AddConstraint { constraint, not_valid } => {
            add_constraint(constraint, *not_valid, table, dialect)
        }
        AlterTableOperation::DropPrimaryKey { .. } => Act::contract(format!("drops the primary key of `{table}`")),
        AlterTableOperation::DetachPartition { .. } => Act::contract(format!("takes a partition out of `{table}`")),
        _ => Act::of(Step::Expand),
    }
}

fn add_column(column: &ColumnDef, table: &ObjectName) -> Act {
    let has = |wanted: fn(&ColumnOption) -> bool| column.options.iter().any(|option| wanted(&option.option));
    let is_required = has(|option| matches!(option, ColumnOption::NotNull | ColumnOption::PrimaryKey(_)));
    let fills_itself = has(|option| {
        matches!(
            option,
            ColumnOption::Default(_)
                | ColumnOption::Generated { .. }
                | ColumnOption::Identity(_)
                | ColumnOption::Alias(_)
        )
    }) || column.data_type.to_string().to_ascii_lowercase().contains("serial");
    let name = &column.name;
    if !is_required || fills_itself {
        return Act::of(Step::Expand);
    }
    let what = format!("rows that are in `{table}` have no value for `{name}`, and its users do not give one");
    Act::contract(format!("adds the column `{name}` to `{table}`, NOT NULL and without a default")).hazard(
        "not-null",
        what,
        "give it a default, or add it without NOT NULL and fill it first",
    )
}

fn add_constraint(constraint: &TableConstraint, not_valid: bool, table: &ObjectName, dialect: Dialect) -> Act {
    let act = Act::of(Step::Expand);
    let is_postgres = dialect == Dialect::Postgresql;
    match constraint {
        TableConstraint::ForeignKey(_) | TableConstraint::Check(_) if is_postgres && !not_valid => {
            let what = format!("all rows of `{table}` are checked while it is locked");
            act.hazard("constraint", what, "add it NOT VALID, and VALIDATE it in a migration of its own")
        }
        TableConstraint::Unique(_) | TableConstraint::PrimaryKey(_) if is_postgres => {
            let what = format!("nobody can use `{table}` while its index is made");
            act.hazard("constraint", what, "make the index CONCURRENTLY first, and add the constraint USING INDEX")
        }
        _ => act,
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
