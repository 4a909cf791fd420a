//! What `ALTER TABLE` does to those who still use the table as it was.

use sqlparser::ast::{AlterColumnOperation, AlterTableOperation, ColumnDef, Ident, ObjectName, TableConstraint};

use super::Dialect;
use super::schema::{Column, Schema};
use super::step::{Act, Step};

/// Says what one part of `ALTER TABLE` does to a table that was there before.
pub(super) fn act(operation: &AlterTableOperation, table: &ObjectName, dialect: Dialect, schema: &Schema) -> Act {
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
        AlterTableOperation::ChangeColumn { old_name: name, data_type, options, .. }
        | AlterTableOperation::ModifyColumn { col_name: name, data_type, options, .. } => {
            let new = Column::new(data_type, options.iter());
            match schema.column(table, name) {
                Some(old) if old.data_type == new.data_type => match new.is_required && !old.is_required {
                    true => demand(name, table),
                    false => Act::none(),
                },
                _ => change_type(name, table),
            }
        }
        AlterTableOperation::AlterColumn { column_name: name, op } => match (op, schema.column(table, name)) {
            (AlterColumnOperation::SetDataType { data_type, .. }, Some(old))
                if old.data_type == data_type.to_string().to_lowercase() =>
            {
                Act::none()
            }
            (AlterColumnOperation::SetDataType { .. }, _) => change_type(name, table),
            (AlterColumnOperation::SetNotNull, Some(old)) if old.is_required => Act::none(),
            (AlterColumnOperation::SetNotNull, _) => demand(name, table),
            _ => Act::of(Step::Expand),
        },
        AlterTableOperation::AddColumn { column_def, .. } => add_column(column_def, table),
        AlterTableOperation::AddConstraint { constraint, not_valid } => {
            add_constraint(constraint, *not_valid, table, dialect)
        }
        AlterTableOperation::DropPrimaryKey { .. } => Act::contract(format!("drops the primary key of `{table}`")),
        AlterTableOperation::DetachPartition { .. } => Act::contract(format!("takes a partition out of `{table}`")),
        _ => Act::of(Step::Expand),
    }
}

fn change_type(name: &Ident, table: &ObjectName) -> Act {
    let what = format!("`{table}` is written anew and locked while the type of `{name}` changes");
    Act::contract(format!("changes the type of the column `{name}` of `{table}`")).hazard(
        "type",
        what,
        "add a column of the new type, bring the rows over, and drop the old one later",
    )
}

fn demand(name: &Ident, table: &ObjectName) -> Act {
    let what = format!("it fails when a row of `{table}` has no `{name}`, and all are read while it is locked");
    Act::contract(format!("demands a value in the column `{name}` of `{table}`")).hazard(
        "not-null",
        what,
        "add a CHECK (… IS NOT NULL) NOT VALID first, and validate it in a migration of its own",
    )
}

fn add_column(column: &ColumnDef, table: &ObjectName) -> Act {
    let is_demanded = Column::new(&column.data_type, column.options.iter().map(|it| &it.option)).is_demanded();
    let name = &column.name;
    if !is_demanded {
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
