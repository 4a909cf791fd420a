//! The tables that migrations have made so far, to tell what a change of one takes away.

use std::collections::BTreeMap;

use sqlparser::ast::{
    AlterColumnOperation, AlterTableOperation, ColumnDef, ColumnOption, CreateTable, DataType, ObjectName, ObjectType,
    RenameTableNameKind, Statement,
};

/// A column, as far as it matters to those who use it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Column {
    pub(super) data_type: String,
    pub(super) is_required: bool,
    /// Whether a row that does not name it gets a value.
    fills_itself: bool,
}

/// The columns of a table, by their names in small letters.
pub(super) type Columns = BTreeMap<String, Column>;

/// The tables of which all columns are known.
#[derive(Debug, Clone, Default)]
pub(super) struct Schema(BTreeMap<String, Columns>);

/// Returns a name without its quotes, in small letters.
pub(super) fn plain(name: &impl ToString) -> String {
    name.to_string().replace(['"', '`', '[', ']'], "").to_lowercase()
}

impl Column {
    fn of(column: &ColumnDef) -> Self {
        Self::new(&column.data_type, column.options.iter().map(|option| &option.option))
    }

    pub(super) fn new<'a>(data_type: &DataType, options: impl Iterator<Item = &'a ColumnOption>) -> Self {
        let data_type = data_type.to_string().to_lowercase();
        let (mut is_required, mut fills_itself) = (false, data_type.contains("serial"));
        for option in options {
            match option {
                ColumnOption::NotNull | ColumnOption::PrimaryKey(_) => is_required = true,
                ColumnOption::Default(_)
                | ColumnOption::Generated { .. }
                | ColumnOption::Identity(_)
                | ColumnOption::Alias(_) => fills_itself = true,
                _ => {}
            }
        }
        Self { data_type, is_required, fills_itself }
    }

    /// Says whether who adds a row has to name it.
    pub(super) fn is_demanded(&self) -> bool {
        self.is_required && !self.fills_itself
    }
}

/// Returns what `CREATE TABLE` says of the columns; nothing, when it takes them from elsewhere.
pub(super) fn columns(table: &CreateTable) -> Option<Columns> {
    let is_listed = table.query.is_none() && table.like.is_none() && table.clone.is_none() && !table.columns.is_empty();
    let columns = || table.columns.iter().map(|column| (plain(&column.name), Column::of(column))).collect();
    (is_listed && table.inherits.is_none()).then(columns)
}

impl Schema {
    /// Returns the columns of a table; nothing, when they are not known.
    pub(super) fn columns(&self, table: &ObjectName) -> Option<&Columns> {
        self.0.get(&plain(table))
    }

    pub(super) fn column(&self, table: &ObjectName, column: &impl ToString) -> Option<&Column> {
        self.columns(table)?.get(&plain(column))
    }

    /// Forgets every table: a statement that nobody understood may have changed any.
    pub(super) fn forget(&mut self) {
        self.0.clear();
    }

    /// Takes over what a statement does to tables; one that hangs on something may do it or not.
    pub(super) fn run(&mut self, statement: &Statement, is_sure: bool) {
        match statement {
            Statement::CreateTable(_)
            | Statement::Drop { .. }
            | Statement::RenameTable(_)
            | Statement::AlterTable(_)
                if !is_sure =>
            {
                self.forget();
            }
            Statement::CreateTable(table) => {
                let name = plain(&table.name);
                if table.if_not_exists && self.0.contains_key(&name) {
                    return;
                }
                match columns(table) {
                    Some(columns) => _ = self.0.insert(name, columns),
                    None => _ = self.0.remove(&name),
                }
            }
            Statement::Drop { object_type: ObjectType::Table, names, .. } => {
                names.iter().for_each(|name| _ = self.0.remove(&plain(name)));
            }
            Statement::Drop { object_type: ObjectType::Schema | ObjectType::Database, .. } => self.forget(),
            Statement::RenameTable(renamed) => {
                renamed.iter().for_each(|it| self.rename(&it.old_name, &it.new_name));
            }
            Statement::AlterTable(table) => {
                table.operations.iter().for_each(|operation| self.alter(&table.name, operation));
            }
            _ => {}
        }
    }

    fn rename(&mut self, from: &ObjectName, to: &ObjectName) {
        match self.0.remove(&plain(from)) {
            Some(columns) => _ = self.0.insert(plain(to), columns),
            None => _ = self.0.remove(&plain(to)),
        }
    }

    fn alter(&mut self, table: &ObjectName, operation: &AlterTableOperation) {
        if let AlterTableOperation::RenameTable {
            table_name: RenameTableNameKind::As(to) | RenameTableNameKind::To(to),
        } = operation
        {
            return self.rename(table, to);
        }
        let Some(columns) = self.0.get_mut(&plain(table)) else { return };
        match operation {
            AlterTableOperation::AddColumn { column_def, .. } => {
                columns.entry(plain(&column_def.name)).or_insert_with(|| Column::of(column_def));
            }
            AlterTableOperation::DropColumn { column_names, .. } => {
                column_names.iter().for_each(|name| _ = columns.remove(&plain(name)));
            }
            AlterTableOperation::RenameColumn { old_column_name, new_column_name } => {
                if let Some(column) = columns.remove(&plain(old_column_name)) {
                    columns.insert(plain(new_column_name), column);
                }
            }
            AlterTableOperation::ChangeColumn { old_name, new_name, data_type, options, .. } => {
                columns.remove(&plain(old_name));
                columns.insert(plain(new_name), Column::new(data_type, options.iter()));
            }
            AlterTableOperation::ModifyColumn { col_name, data_type, options, .. } => {
                columns.insert(plain(col_name), Column::new(data_type, options.iter()));
            }
            AlterTableOperation::AlterColumn { column_name, op } => {
                let Some(column) = columns.get_mut(&plain(column_name)) else { return };
                match op {
                    AlterColumnOperation::SetNotNull => column.is_required = true,
                    AlterColumnOperation::DropNotNull => column.is_required = false,
                    AlterColumnOperation::SetDataType { data_type, .. } => {
                        column.data_type = data_type.to_string().to_lowercase();
                    }
                    AlterColumnOperation::SetDefault { .. } | AlterColumnOperation::AddGenerated { .. } => {
                        column.fills_itself = true;
                    }
                    AlterColumnOperation::DropDefault => column.fills_itself = false,
                }
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kinds::migrations::Dialect;
    use crate::kinds::migrations::sql::{self, Content};

    fn after(text: &str) -> Schema {
        let mut schema = Schema::default();
        for read in sql::read(text, Dialect::Sqlite).unwrap() {
            let Content::Known(statement) = read.content else { panic!("{:?}", read.content) };
            schema.run(&statement, true);
        }
        schema
    }

    #[test]
    fn tables_are_followed_through_their_changes() {
        let schema = after(
            "CREATE TABLE a (b int NOT NULL, c text DEFAULT 'x' NOT NULL);
             ALTER TABLE a ADD COLUMN d text;
             ALTER TABLE a RENAME COLUMN b TO e;
             ALTER TABLE a DROP COLUMN c;
             ALTER TABLE a RENAME TO \"F\";",
        );
        let [(name, columns)] = &schema.0.into_iter().collect::<Vec<_>>()[..] else { panic!("one table") };
        assert_eq!(name, "f");
        assert_eq!(columns.keys().collect::<Vec<_>>(), ["d", "e"]);
        assert!(columns["e"].is_demanded() && !columns["d"].is_demanded());
    }

    #[test]
    fn a_table_of_which_not_all_is_known_is_not_known() {
        assert!(after("CREATE TABLE a AS SELECT * FROM b;").0.is_empty());
        assert!(after("CREATE TABLE a (b int); DROP TABLE a;").0.is_empty());
        assert!(after("CREATE TABLE a (b int); ALTER TABLE c RENAME TO a;").0.is_empty());
    }
}
