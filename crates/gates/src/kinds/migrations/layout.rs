//! Which files of a folder are migrations, and which way each of them goes.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::sync::LazyLock;

use regex::Regex;

/// Which way a file goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Way {
    Up,
    Down,
    /// Both, in sections; or up alone, in a file without.
    Either,
    /// Run anew whenever it changes, as Flyway's `R__`: it has no version and no way back.
    Repeatable,
}

/// A file that is, or is part of, a migration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Part {
    /// The folder that holds the migrations.
    pub(super) folder: String,
    pub(super) version: Version,
    pub(super) name: String,
    pub(super) way: Way,
}

/// The number of a migration, such as `20260102030405` or `1.2`.
#[derive(Debug, Clone)]
pub(super) struct Version {
    /// As it is written.
    pub(super) text: String,
    /// What the tool goes by: each number with how many digits it has, so that 9 comes before 10.
    key: Vec<(usize, String)>,
}

impl PartialEq for Version {
    fn eq(&self, other: &Self) -> bool {
        self.key == other.key
    }
}

impl Eq for Version {}

impl Version {
    /// Goes by numbers, however many digits they have; `1` and `001` are one version.
    fn numbers(text: String) -> Self {
        let numbers = text.split(['.', '_', '-']).map(|number| number.trim_start_matches('0'));
        let key = numbers.map(|number| (number.len(), number.to_owned())).collect();
        Self { text, key }
    }

    /// Goes by all digits as one text, as diesel does: `2026-01-02-000000` comes before `2026-01-02-000000-0001`.
    fn digits(text: String) -> Self {
        let key = vec![(0, text.replace('-', ""))];
        Self { text, key }
    }
}

impl Ord for Version {
    fn cmp(&self, other: &Self) -> Ordering {
        self.key.cmp(&other.key)
    }
}

impl PartialOrd for Version {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// Takes the path of a SQL file apart; nothing, when its name is none of a migration.
pub(super) fn part(path: &str) -> Option<Part> {
    static FLYWAY: LazyLock<Regex> = LazyLock::new(|| pattern(r"^([VUB])([0-9][0-9._]*)__(.+)\.sql$"));
    static NUMBERED: LazyLock<Regex> = LazyLock::new(|| pattern(r"^([0-9]+)(?:[_-]([^/]*?))?(?:\.(up|down))?\.sql$"));
    static FOLDER: LazyLock<Regex> = LazyLock::new(|| pattern(r"^([0-9]+(?:-[0-9]+)*)(?:[_-](.*))?$"));
    let (folder, file) = path.rsplit_once('/').unwrap_or(("", path));
    let text = |found: &regex::Captures<'_>, number: usize| {
        found.get(number).map_or_else(String::new, |group| group.as_str().to_owned())
    };
    // Diesel and Prisma have a folder for each migration.
    if matches!(file, "up.sql" | "down.sql" | "migration.sql") {
        let (root, own) = folder.rsplit_once('/').unwrap_or(("", folder));
        let found = FOLDER.captures(own)?;
        let way = if file == "down.sql" { Way::Down } else { Way::Up };
        let version = Version::digits(text(&found, 1));
        return Some(Part { folder: root.to_owned(), version, name: text(&found, 2), way });
    }
    let folder = folder.to_owned();
    if let Some(found) = FLYWAY.captures(file) {
        let way = match &found[1] {
            "U" => Way::Down,
            // Where a new database begins: it is what earlier migrations made of it.
            "B" => Way::Repeatable,
            _ => Way::Up,
        };
        return Some(Part { folder, version: Version::numbers(text(&found, 2)), name: text(&found, 3), way });
    }
    if let Some(name) = file.strip_prefix("R__").and_then(|name| name.strip_suffix(".sql")) {
        let version = Version::numbers(String::new());
        return Some(Part { folder, version, name: name.to_owned(), way: Way::Repeatable });
    }
    let found = NUMBERED.captures(file)?;
    let way = match found.get(3).map(|way| way.as_str()) {
        Some("up") => Way::Up,
        Some(_) => Way::Down,
        None => Way::Either,
    };
    Some(Part { folder, version: Version::numbers(text(&found, 1)), name: text(&found, 2), way })
}

fn pattern(pattern: &str) -> Regex {
    Regex::new(pattern).expect("the pattern is well-formed")
}

/// What a file holds for each way, with every line where the file has it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Sections {
    pub(super) up: String,
    pub(super) down: Option<String>,
    /// Whether the tool is told not to run the migration in a transaction.
    pub(super) is_outside_transaction: bool,
}

/// Parts a file by the marks of dbmate (`-- migrate:up`), goose (`-- +goose Up`) and sql-migrate (`-- +migrate Up`).
pub(super) fn sections(text: &str) -> Sections {
    static MARK: LazyLock<Regex> =
        LazyLock::new(|| pattern(r"(?i)^\s*--\s*(?:migrate:\s*|\+goose\s+|\+migrate\s+)(up|down)\b(.*)$"));
    static APART: LazyLock<Regex> = LazyLock::new(|| {
        pattern(
            r"(?i)^\s*--\s*(?:no-transaction|\+goose\s+no\s+transaction|.*\btransaction\s*:\s*false|.*notransaction)",
        )
    });
    let mut sections = Sections::default();
    let mut is_down = false;
    for line in text.split_inclusive('\n') {
        sections.is_outside_transaction |= APART.is_match(line);
        if let Some(found) = MARK.captures(line.trim_end()) {
            is_down = found[1].eq_ignore_ascii_case("down");
        }
        let empty = if line.ends_with('\n') { "\n" } else { "" };
        if is_down {
            let before = || "\n".repeat(sections.up.matches('\n').count());
            sections.down.get_or_insert_with(before).push_str(line);
            sections.up.push_str(empty);
        } else {
            sections.up.push_str(line);
            if let Some(down) = &mut sections.down {
                down.push_str(empty);
            }
        }
    }
    sections
}

/// One migration: the files of both ways.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Migration {
    pub(super) part: Part,
    pub(super) up: Option<String>,
    pub(super) down: Option<String>,
}

/// Puts files together to migrations, in the order in which they are run; two that say the same are both returned.
pub(super) fn migrations(paths: impl Iterator<Item = String>) -> Vec<Migration> {
    let mut by_name: BTreeMap<(String, Version, String, bool), Migration> = BTreeMap::new();
    for (path, part) in paths.filter_map(|path| part(&path).map(|part| (path, part))) {
        let is_repeatable = part.way == Way::Repeatable;
        // The way back may have a name of its own, as with Flyway.
        let key = (part.folder.clone(), part.version.clone(), part.name.clone(), is_repeatable);
        let migration = by_name.entry(key).or_insert_with(|| Migration { part: part.clone(), up: None, down: None });
        match part.way {
            Way::Down => migration.down = Some(path),
            Way::Up | Way::Either | Way::Repeatable => {
                migration.part = part;
                migration.up = Some(path);
            }
        }
    }
    by_name.into_values().collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_names_of_every_tool_are_known() {
        for (path, folder, version, way) in [
            ("migrations/20260102030405_users.sql", "migrations", "20260102030405", Way::Either),
            ("migrations/000001_users.up.sql", "migrations", "000001", Way::Up),
            ("migrations/000001_users.down.sql", "migrations", "000001", Way::Down),
            ("a/migrations/2026-01-02-030405_users/up.sql", "a/migrations", "2026-01-02-030405", Way::Up),
            ("a/migrations/2026-01-02-030405_users/down.sql", "a/migrations", "2026-01-02-030405", Way::Down),
            ("prisma/migrations/20260102_init/migration.sql", "prisma/migrations", "20260102", Way::Up),
            ("sql/V1.2__users.sql", "sql", "1.2", Way::Up),
            ("sql/U1_2__users.sql", "sql", "1_2", Way::Down),
            ("sql/R__view.sql", "sql", "", Way::Repeatable),
            ("1.sql", "", "1", Way::Either),
        ] {
            let part = part(path).unwrap_or_else(|| panic!("{path} is a migration"));
            assert_eq!((part.folder.as_str(), part.version.text.as_str(), part.way), (folder, version, way), "{path}");
        }
        for path in ["migrations/schema.sql", "migrations/users/up.sql", "migrations/seed_1.sql"] {
            assert_eq!(part(path), None, "{path}");
        }
    }

    #[test]
    fn versions_are_ordered_as_numbers() {
        let version = |text: &str| Version::numbers(text.to_owned());
        assert!(version("9") < version("10"));
        assert!(version("1.9") < version("1.10"));
        assert!(version("1") < version("1.1"));
        assert_eq!(version("001").cmp(&version("1")), Ordering::Equal);
    }

    #[test]
    fn diesel_goes_by_the_digits_of_a_folder() {
        let version = |folder: &str| part(&format!("migrations/{folder}/up.sql")).unwrap().version;
        let in_order = [
            "20140925132254_users",
            "2024-03-13_170000_orders",
            "2026-05-27-120000_names",
            "2026-05-27-120000-0000_versions",
            "2026-05-28-010203_nicks",
        ];
        for pair in in_order.windows(2) {
            assert!(version(pair[0]) < version(pair[1]), "{pair:?}");
        }
        assert_eq!(version("2026-05-27-120000_names"), version("20260527120000_nicks"));
    }

    #[test]
    fn sections_keep_their_lines() {
        let parted = sections("-- +goose Up\nCREATE TABLE a (b int);\n-- +goose Down\nDROP TABLE a;\n");
        assert_eq!(parted.up, "-- +goose Up\nCREATE TABLE a (b int);\n\n\n");
        assert_eq!(parted.down.as_deref(), Some("\n\n-- +goose Down\nDROP TABLE a;\n"));
        assert_eq!(sections("SELECT 1;").down, None);
        assert!(sections("-- migrate:up transaction:false\n").is_outside_transaction);
    }

    proptest! {
        #[test]
        fn no_line_is_lost_or_moved(lines in prop::collection::vec("(-- migrate:up|-- migrate:down|a;|)", 0..12)) {
            let text = lines.join("\n");
            let Sections { up, down, .. } = sections(&text);
            let down = down.unwrap_or_default();
            for (number, line) in lines.iter().enumerate().filter(|(_, line)| !line.is_empty()) {
                let at = |text: &str| text.split('\n').nth(number) == Some(line.as_str());
                prop_assert!(at(&up) != at(&down));
            }
        }
    }
}
