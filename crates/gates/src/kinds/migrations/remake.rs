//! What a migration takes away and makes again itself, so that nobody misses it when it is through.

use std::collections::{BTreeMap, BTreeSet};

use sqlparser::ast::{
    AlterTableOperation, ArgMode, CreateTable, Expr, FunctionDesc, GroupByExpr, Insert, ObjectName, ObjectType,
    OperateFunctionArg, Query, RenameTableNameKind, Select, SelectItem, SetExpr, Statement, TableFactor, TableObject,
};

use super::schema::{self, Columns, plain};
use super::step::{Act, Step};

/// What is made by which statement of a migration, and which tables are made anew under their own names.
#[derive(Debug, Default)]
pub(super) struct Remade {
    /// The last statement that makes a view.
    views: BTreeMap<String, usize>,
    functions: Vec<(usize, String, Vec<String>)>,
    /// By the statement that takes the old table away.
    tables: BTreeMap<usize, Rebuilt>,
    /// The other statements of which that consists.
    parts: BTreeSet<usize>,
}

/// A table whose rows are copied into a new one that gets its name.
#[derive(Debug)]
pub(super) struct Rebuilt {
    table: ObjectName,
    columns: Columns,
    /// The columns of the new table that get values from the old one.
    filled: BTreeSet<String>,
    /// The columns of the old one that are read; nothing, when all are.
    read: Option<BTreeSet<String>>,
}

impl Remade {
    /// Looks through the statements of a migration that are run whatever the database holds.
    pub(super) fn find(statements: &[(usize, &Statement)]) -> Self {
        let mut remade = Self::default();
        for &(at, statement) in statements {
            match statement {
                Statement::CreateView(view) => _ = remade.views.insert(plain(&view.name), at),
                Statement::CreateFunction(function) => {
                    remade.functions.push((at, plain(&function.name), given(function.args.as_deref())));
                }
                _ => {}
            }
            if let Some((rebuilt, parts)) = rebuilt(at, statement, statements) {
                remade.tables.insert(at, rebuilt);
                remade.parts.extend(parts);
            }
        }
        remade
    }

    /// Says whether a view is made after the statement `at`.
    pub(super) fn has_view(&self, name: &ObjectName, at: usize) -> bool {
        self.views.get(&plain(name)).is_some_and(|made| *made > at)
    }

    /// Says whether a function that is called alike is made after the statement `at`.
    pub(super) fn has_function(&self, wanted: &FunctionDesc, at: usize) -> bool {
        let name = plain(&wanted.name);
        let mut later = self.functions.iter().filter(|(made, own, _)| *made > at && *own == name);
        match &wanted.args {
            Some(arguments) => later.any(|(.., types)| *types == given(Some(arguments))),
            None => later.next().is_some(),
        }
    }

    pub(super) fn table(&self, at: usize) -> Option<&Rebuilt> {
        self.tables.get(&at)
    }

    /// Says whether a statement is one of those with which a table is made anew.
    pub(super) fn is_part(&self, at: usize) -> bool {
        self.parts.contains(&at)
    }
}

/// Returns the types that a caller gives.
fn given(arguments: Option<&[OperateFunctionArg]>) -> Vec<String> {
    let own = arguments.unwrap_or_default().iter().filter(|argument| !matches!(argument.mode, Some(ArgMode::Out)));
    own.map(|argument| plain(&argument.data_type)).collect()
}

/// Finds out whether a statement takes a table away that is made anew, by either order that SQLite's documentation has:
/// create another, copy, drop, rename (`DROP` is what takes away), or rename, create anew, copy (`RENAME` is).
fn rebuilt(at: usize, statement: &Statement, all: &[(usize, &Statement)]) -> Option<(Rebuilt, Vec<usize>)> {
    let before = || all.iter().take_while(|(index, _)| *index < at);
    let after = || all.iter().skip_while(|(index, _)| *index <= at);
    if let Statement::Drop { object_type: ObjectType::Table, names, cascade: false, .. } = statement {
        let [old] = names.as_slice() else { return None };
        let renames = |statement: &Statement| renamed(statement).is_some_and(|(_, to)| is_same(to, old));
        let (renaming, renaming_statement) = *after().find(|(_, statement)| renames(statement))?;
        let (new, _) = renamed(renaming_statement)?;
        let (making, table) = made(new, before())?;
        let insert = before().skip_while(|(index, _)| *index <= making).find_map(|(_, it)| copied(it, old, new))?;
        return Some((Rebuilt::new(old, table, insert)?, vec![making, renaming]));
    }
    let (old, moved) = renamed(statement)?;
    let (making, table) = made(old, after())?;
    let insert = after().skip_while(|(index, _)| *index <= making).find_map(|(_, it)| copied(it, moved, old))?;
    Some((Rebuilt::new(old, table, insert)?, vec![making]))
}

fn is_same(one: &ObjectName, other: &ObjectName) -> bool {
    plain(one) == plain(other)
}

fn renamed(statement: &Statement) -> Option<(&ObjectName, &ObjectName)> {
    let Statement::AlterTable(table) = statement else { return None };
    match table.operations.as_slice() {
        [
            AlterTableOperation::RenameTable { table_name: RenameTableNameKind::As(to) | RenameTableNameKind::To(to) },
        ] => Some((&table.name, to)),
        _ => None,
    }
}

fn made<'a>(
    name: &ObjectName,
    statements: impl Iterator<Item = &'a (usize, &'a Statement)>,
) -> Option<(usize, &'a CreateTable)> {
    let makes = |(at, statement): &(usize, &'a Statement)| match statement {
        Statement::CreateTable(table) if is_same(&table.name, name) => Some((*at, table)),
        _ => None,
    };
    statements.filter_map(makes).last()
}

/// Returns the statement when it copies every row of one table into another.
fn copied<'a>(statement: &'a Statement, from: &ObjectName, to: &ObjectName) -> Option<(&'a Insert, &'a Select)> {
    let Statement::Insert(insert) = statement else { return None };
    let is_into = matches!(&insert.table, TableObject::TableName(name) if is_same(name, to));
    if !is_into || insert.or.is_some() || insert.ignore || insert.replace_into || insert.on.is_some() {
        return None;
    }
    let select = every_row(insert.source.as_deref()?)?;
    let [source] = select.from.as_slice() else { return None };
    let is_from =
        matches!(&source.relation, TableFactor::Table { name, args: None, sample: None, .. } if is_same(name, from));
    (is_from && source.joins.is_empty()).then_some((insert, select))
}

fn every_row(query: &Query) -> Option<&Select> {
    let Query { with: None, body, limit_clause: None, fetch: None, .. } = query else { return None };
    let SetExpr::Select(select) = body.as_ref() else { return None };
    let is_ungrouped =
        matches!(&select.group_by, GroupByExpr::Expressions(by, more) if by.is_empty() && more.is_empty());
    let has_all = select.distinct.is_none()
        && select.top.is_none()
        && select.selection.is_none()
        && select.having.is_none()
        && select.qualify.is_none();
    (is_ungrouped && has_all).then_some(select)
}

impl Rebuilt {
    fn new(table: &ObjectName, made: &CreateTable, (insert, select): (&Insert, &Select)) -> Option<Self> {
        let columns = schema::columns(made)?;
        let filled = match insert.columns.is_empty() {
            true => columns.keys().cloned().collect(),
            false => insert.columns.iter().map(plain).collect(),
        };
        let mut read = Some(BTreeSet::new());
        for item in &select.projection {
            match item {
                SelectItem::Wildcard(_) | SelectItem::QualifiedWildcard(..) => read = None,
                SelectItem::UnnamedExpr(expression) | SelectItem::ExprWithAlias { expr: expression, .. } => {
                    if let Some(read) = &mut read {
                        read.extend(names(expression));
                    }
                }
                SelectItem::ExprWithAliases { .. } => return None,
            }
        }
        Some(Self { table: table.clone(), columns, filled, read })
    }

    /// Says what those who use the table lose by it, when these were its columns.
    pub(super) fn acts(&self, old: Option<&Columns>) -> Vec<Act> {
        let table = &self.table;
        let Some(old) = old else {
            return vec![Act::contract(format!("makes the table `{table}` anew, whose columns are not known"))];
        };
        let mut acts = Vec::new();
        for (name, column) in old {
            let Some(new) = self.columns.get(name) else {
                let is_read = self.read.as_ref().is_none_or(|read| read.contains(name));
                acts.push(match is_read {
                    true => Act::contract(format!("renames the column `{name}` of `{table}`")),
                    false => Act::destroy(format!("drops the column `{name}` of `{table}`")),
                });
                continue;
            };
            if !self.filled.contains(name) {
                acts.push(Act::destroy(format!("empties the column `{name}` of `{table}`")));
            } else if new.data_type != column.data_type {
                acts.push(Act::contract(format!("changes the type of the column `{name}` of `{table}`")));
            } else if new.is_required && !column.is_required {
                acts.push(Act::contract(format!("demands a value in the column `{name}` of `{table}`")));
            }
        }
        let added = self.columns.iter().filter(|(name, column)| !old.contains_key(*name) && column.is_demanded());
        acts.extend(added.map(|(name, _)| {
            Act::contract(format!("adds the column `{name}` to `{table}`, NOT NULL and without a default"))
        }));
        if acts.is_empty() {
            acts.push(Act::of(Step::Migrate));
        }
        acts
    }
}

/// Returns the columns that an expression names, wherever in it.
fn names(expression: &Expr) -> BTreeSet<String> {
    let text = expression.to_string();
    let words = text.split(|letter: char| !(letter.is_alphanumeric() || letter == '_'));
    words.map(str::to_lowercase).collect()
}
