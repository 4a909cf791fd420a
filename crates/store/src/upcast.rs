//! From a schema's version to the next. A step is never taken out: files of its version may be anywhere.

use serde_json::{Map, Value, json};

/// `configuration/1` had the budgets of the heaviest page directly in `performance`, and null where there were none.
pub(crate) fn configuration_1(mut value: Value) -> Value {
    if let Some(members) = value.as_object_mut() {
        match members.remove("performance") {
            Some(Value::Object(mut budgets)) => {
                budgets.retain(|_, budget| !budget.is_null());
                members.insert("performance".to_owned(), under_targets(budgets));
            }
            None | Some(Value::Null) => {}
            Some(other) => {
                members.insert("performance".to_owned(), other);
            }
        }
    }
    value
}

fn under_targets(budgets: Map<String, Value>) -> Value {
    json!({ "targets": { "bundleSize": budgets } })
}
