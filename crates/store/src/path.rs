//! Which paths can be a record's, and which files are no records.

use crate::{Key, StoreError};

/// First segments that hold no records: the log itself, deployments under way, and what is shown to users.
const NOT_RECORDS: [&str; 3] = ["log", "journal", "site"];

/// Folders in which a file that nobody logged is looked for even when the log names nothing in them.
pub(crate) const FOLDERS: [&str; 8] =
    ["approvals", "configuration", "deployments", "holds", "incidents", "integrity", "maintenance", "monitoring"];

/// Where unreadable files are moved.
pub(crate) const QUARANTINE: &str = "integrity/quarantine";

/// Where recorded prunings are.
pub(crate) const PRUNINGS: &str = "integrity/prunings";

/// What the name of a compressed record ends with, behind its own.
pub(crate) const ARCHIVED: &str = ".zst";

/// Returns the key of a record's path.
///
/// # Errors
/// [`StoreError::BadPath`] unless it is a `.json` file in a folder for records.
pub(crate) fn check_record_path(path: &str) -> Result<Key, StoreError> {
    match path.parse::<Key>() {
        Ok(key) if is_record(path) => Ok(key),
        _ => Err(StoreError::BadPath { path: path.to_owned() }),
    }
}

/// Says whether a file of this path would be taken for a record.
pub(crate) fn is_record(path: &str) -> bool {
    let Some((first, rest)) = path.split_once('/') else { return false };
    let name = rest.rsplit('/').next().unwrap_or(rest);
    !NOT_RECORDS.contains(&first) && name.ends_with(".json") && name != "index.json" && !is_derived_or_aside(path)
}

fn is_derived_or_aside(path: &str) -> bool {
    let is_current = path
        .strip_prefix("configuration/")
        .is_some_and(|name| !name.contains('/') && (name == "current.json" || name.starts_with("current-")));
    is_current || path.strip_prefix(QUARANTINE).is_some_and(|rest| rest.starts_with('/'))
}

/// Returns the folder that a record is directly in.
pub(crate) fn folder_of(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn derived_files_and_other_rooms_files_are_no_records() {
        for path in ["deployments/a.json", "configuration/history/current.json", "monitoring/2026/11/21/uptime-1.json"]
        {
            assert!(is_record(path), "{path}");
        }
        for path in [
            "store.json",
            "a.json",
            "deployments/index.json",
            "deployments/a.txt",
            "configuration/current.json",
            "configuration/current-staging.json",
            "integrity/quarantine/x/report.json",
            "log/a.json",
            "journal/a.json",
        ] {
            assert!(!is_record(path), "{path}");
        }
    }
}
