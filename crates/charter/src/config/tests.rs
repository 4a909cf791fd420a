//! The configuration, as its author meets it.

use std::path::Path;

use charter_deploy_model::{CodeMeta, Environment, Severity};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

const WHOLE: &str = r#"
[application]
name = "docs"
homepage = "https://example.org"

[build]
install = ["npm", "ci"]
lock-file = "package-lock.json"
command = ["npm", "run", "build"]
output = "dist"
carry = [".env"]
in = "worktree"
timeout-seconds = 600
keep = ["node_modules", ".cache"]
environment = { NODE_ENV = "production" }
pass = ["CI"]
secrets = [{ env = "API_TOKEN" }]

[constitution]
enforcement = "standard"

[environments.production]
target = { kind = "docroot", path = "production/site" }
url = "http://127.0.0.1:8080/"
base-path = "/docs"
keep-releases = 3
verify = { timeout-seconds = 20, checks = [{ path = "/", status = 200, contains = "Welcome" }] }
branches = { remote = "origin" }

[gates.page-weight]
max-script-bytes = 100_000

[severity]
"page-weight/script" = "warning"

[[waivers]]
code = "page-weight/script"
subject = "demo/**"
reason = "the demo is being rewritten"
owner = "Dev"
expires = 2027-01-31

[backup]
folder = "/srv/backups"

[records]
folder = "ledger"
"#;

const SMALL: &str = "[application]\nname = \"docs\"\n[build]\noutput = \"public\"\n[environments.production]\ntarget = { kind = \"docroot\", path = \"site\" }\n";

static CODE: CodeMeta = CodeMeta {
    id: "page-weight/script",
    principle: None,
    default_severity: Severity::Error,
    docs: "A page loads too much script.",
};

pub(crate) fn sample_schema() -> Value {
    let gates = json!({ "type": "object", "additionalProperties": false, "properties": {
        "page-weight": { "type": "object", "additionalProperties": false, "properties": {
            "max-script-bytes": { "type": "integer", "minimum": 0 },
            "exclude": { "type": "array", "items": { "type": "string" } } } } } });
    let targets = json!({ "oneOf": [{ "type": "object", "additionalProperties": false, "required": ["path", "kind"],
        "properties": { "kind": { "const": "docroot" }, "path": { "type": "string" }, "keep-assets": { "type": "integer" } } }] });
    with_codes(schema(gates, targets), [&CODE])
}

fn parsed(text: &str) -> Result<Config, ConfigError> {
    parse(text, Path::new("charter.toml"), &sample_schema())
}

/// Everything of an error that somebody could see.
fn rendered(error: &ConfigError) -> String {
    let problems: Vec<String> = error
        .problems()
        .iter()
        .map(|problem| format!("{problem} {problem:?} {:?} {:?}", problem.help, problem.excerpt()))
        .collect();
    format!("{error} {error:?} {error:#?} {:?} {}", error.help(), problems.join("\n"))
}

#[test]
fn a_whole_file_says_what_it_says() {
    let config = parsed(WHOLE).unwrap();
    assert_eq!(config.build.command.as_deref().unwrap(), ["npm", "run", "build"]);
    assert_eq!(config.build.place, Place::Worktree);
    let production = config.environments.get(Environment::Production).unwrap();
    assert_eq!(production.target["path"], "production/site");
    assert_eq!(production.verify.checks[0].contains.as_deref(), Some("Welcome"));
    assert_eq!(config.gates["page-weight"]["max-script-bytes"], 100_000);
    assert_eq!(config.severity["page-weight/script"], Severity::Warning);
    assert_eq!(config.waivers[0].expires.to_string(), "2027-01-31");
    assert_eq!(config.records.folder, Path::new("ledger"));
    assert!(config.environments.get(Environment::Staging).is_none());
}

#[test]
fn a_small_file_gets_the_defaults() {
    let config = parsed(SMALL).unwrap();
    let production = config.environments.production.as_ref().unwrap();
    assert_eq!((production.base_path.as_str(), production.keep_releases), ("/", 5));
    assert_eq!(production.verify.checks, [Check { path: "/".to_owned(), status: 200, contains: None }]);
    assert_eq!((config.build.timeout_seconds, config.build.place), (900, Place::Worktree));
    assert_eq!(config.build.keep, ["node_modules"]);
    assert_eq!(config.constitution.enforcement, Enforcement::Strict);
    assert_eq!((config.records.folder.as_path(), config.backup.folder), (Path::new("production"), None));
}

#[test]
fn each_mistake_is_named_with_its_line_its_key_and_what_was_meant() {
    // What to replace in WHOLE, by what; then line, key, and the nearest valid word.
    let mistakes: &[(&str, &str, usize, &str, Option<&str>)] = &[
        ("verify = {", "verfy = {", 27, "environments.production.verfy", Some("verify")),
        (
            "timeout-seconds = 20",
            "timout-seconds = 20",
            27,
            "environments.production.verify.timout-seconds",
            Some("timeout-seconds"),
        ),
        ("contains =", "contain =", 27, "environments.production.verify.checks[0].contain", Some("contains")),
        ("[environments.production]", "[environments.producton]", 22, "environments.producton", Some("production")),
        ("[constitution]", "[constitutoin]", 19, "constitutoin", Some("constitution")),
        ("\"standard\"", "\"standrad\"", 20, "constitution.enforcement", Some("standard")),
        ("\"docroot\"", "\"docrot\"", 23, "environments.production.target.kind", Some("docroot")),
        ("kind = \"docroot\", ", "", 23, "environments.production.target.kind", None),
        (
            "path = \"production/site\"",
            "pth = \"x\", path = \"y\"",
            23,
            "environments.production.target.pth",
            Some("path"),
        ),
        ("[gates.page-weight]", "[gates.page-wieght]", 30, "gates.page-wieght", Some("page-weight")),
        ("max-script-bytes", "max-scripts-bytes", 31, "gates.page-weight.max-scripts-bytes", Some("max-script-bytes")),
        ("100_000", "\"100 kB\"", 31, "gates.page-weight.max-script-bytes", None),
        (
            "\"page-weight/script\" = ",
            "\"page-weight/scripts\" = ",
            34,
            "severity.\"page-weight/scripts\"",
            Some("page-weight/script"),
        ),
        (
            "code = \"page-weight/script\"",
            "code = \"page-weight/scrpt\"",
            37,
            "waivers[0].code",
            Some("page-weight/script"),
        ),
        ("owner = \"Dev\"\n", "", 36, "waivers[0].owner", None),
        ("owner = \"Dev\"", "owner = \" \"", 40, "waivers[0].owner", None),
        ("2027-01-31", "\"the end of January\"", 41, "waivers[0].expires", None),
        ("2027-01-31", "\"2027-02-30\"", 41, "waivers[0].expires", None),
        ("name = \"docs\"\n", "", 2, "application.name", None),
        ("name = \"docs\"", "name = 5", 3, "application.name", None),
        ("\"https://example.org\"", "\"example.org\"", 4, "application.homepage", None),
        ("\"http://127.0.0.1:8080/\"", "\"ftp://127.0.0.1/\"", 24, "environments.production.url", None),
        ("http://127", "http://dev:hunter2@127", 24, "environments.production.url", None),
        ("\"/docs\"", "\"docs\"", 25, "environments.production.base-path", None),
        ("keep-releases = 3", "keep-releases = 1", 26, "environments.production.keep-releases", None),
        (
            "keep-releases = 3",
            "keep-releases = 99999999999999999999",
            26,
            "environments.production.keep-releases",
            None,
        ),
        ("\"Welcome\"", "\"\"", 27, "environments.production.verify.checks[0].contains", None),
        ("status = 200", "status = 20", 27, "environments.production.verify.checks[0].status", None),
        (
            "[{ path = \"/\", status = 200, contains = \"Welcome\" }]",
            "[]",
            27,
            "environments.production.verify.checks",
            None,
        ),
        ("\"dist\"", "\"/var/www\"", 10, "build.output", None),
        ("\"dist\"", "\"a/../../b\"", 10, "build.output", None),
        ("\"dist\"", "\".\"", 10, "build.output", None),
        ("[\"npm\", \"run\", \"build\"]", "[]", 9, "build.command", None),
        ("[\"npm\", \"run\", \"build\"]", "[\"npm\", 5]", 9, "build.command[1]", None),
        ("[\"npm\", \"run\", \"build\"]", "\"npm run build\"", 9, "build.command", None),
        ("install = [\"npm\", \"ci\"]\n", "", 7, "build.lock-file", None),
        ("[\".env\"]", "[\"../.env\"]", 11, "build.carry[0]", None),
        ("\"worktree\"", "\"worktre\"", 12, "build.in", Some("worktree")),
        ("timeout-seconds = 600", "timeout-seconds = 0", 13, "build.timeout-seconds", None),
        ("timeout-seconds = 600", "timeout-seconds = 1.5", 13, "build.timeout-seconds", None),
        ("\"API_TOKEN\"", "\"hunter2-hunter2\"", 17, "build.secrets[0].env", None),
        ("NODE_ENV = \"production\"", "API_TOKEN = \"hunter2\"", 15, "build.environment", None),
        ("\"origin\"", "\"--all\"", 28, "environments.production.branches.remote", None),
        ("\"/srv/backups\"", "\"~/backups\"", 44, "backup.folder", None),
    ];
    for &(what, by, line, key, nearest) in mistakes {
        assert_eq!(WHOLE.matches(what).count().min(1), 1, "{what}");
        let error = parsed(&WHOLE.replacen(what, by, 1)).expect_err(by);
        let told: Vec<_> = error
            .problems()
            .iter()
            .map(|problem| (problem.line, problem.key.as_deref().unwrap_or_default(), problem.nearest.as_deref()))
            .collect();
        assert!(told.contains(&(line, key, nearest)), "{what} -> {by}: {told:?}");
        assert!(told.len() <= 2, "{what} -> {by}: {told:?}");
        assert!(!rendered(&error).contains("hunter2"), "{what} -> {by}");
    }
}

#[test]
fn all_problems_are_told_at_once_in_the_order_of_the_file() {
    let text = SMALL.replace("name = \"docs\"", "").replace("output", "outptu").replace("path", "pth");
    let error = parsed(&text).unwrap_err();
    let keys: Vec<_> = error.problems().iter().filter_map(|problem| problem.key.as_deref()).collect();
    assert_eq!(keys, ["application.name", "build.outptu", "environments.production.target.pth"]);
    assert_eq!(error.to_string(), "`charter.toml` has 3 problems");
}

#[test]
fn a_missing_table_is_told_even_of_an_empty_file() {
    let error = parsed("").unwrap_err();
    let keys: Vec<_> = error.problems().iter().map(|problem| (problem.line, problem.key.as_deref().unwrap())).collect();
    assert_eq!(keys, [(1, "application"), (1, "build"), (1, "environments")]);
    let error = parsed("[application]\nname='a'\n[build]\noutput='a'\n[environments]\n").unwrap_err();
    assert_eq!(error.problems()[0].message, "`environments` names none");
}

#[test]
fn what_is_shown_as_it_is_may_lie_outside_the_project() {
    let outside = SMALL.replace("\"public\"", "\"../site\"");
    assert_eq!(parsed(&outside).unwrap().build.output, Path::new("../site"));
    let in_tree = outside.replace("output", "command = [\"make\"]\nin = \"tree\"\noutput");
    assert!(parsed(&in_tree).is_ok());
    assert!(parsed(&in_tree.replace("\"tree\"", "\"worktree\"")).is_err());
}

#[test]
fn the_same_waiver_twice_is_refused() {
    let waiver = "[[waivers]]\ncode = 'page-weight/script'\nreason = 'r'\nowner = 'o'\nexpires = '2027-01-31'\nsubject = 'a/**'\n";
    let twice = format!("{SMALL}{waiver}{waiver}");
    let error = parsed(&twice).unwrap_err();
    assert_eq!(error.problems().len(), 1);
    assert_eq!((error.problems()[0].line, error.problems()[0].key.as_deref()), (13, Some("waivers[1]")));
    assert!(parsed(&format!("{SMALL}{waiver}{}", waiver.replace("a/**", "b/**"))).is_ok());
}

#[test]
fn a_line_that_is_not_toml_is_told_without_its_text() {
    for (text, line) in [
        ("[build]\noutput = hunter2\n", 2),
        ("[build]\ntoken: hunter2\n", 2),
        ("[build\noutput = 'hunter2'\n", 1),
        ("name = \"hunter2\nother = 1\n", 1),
        ("name = '''\nhunter2\n", 3),
        ("name = 'a'\nname = 'hunter2'\n", 2),
        ("[build]\nhunter2==\n", 2),
    ] {
        let error = parsed(text).unwrap_err();
        assert!(error.problems().iter().any(|problem| problem.line == line), "{text}: {:?}", error.problems());
        assert!(!rendered(&error).contains("hunter2"), "{text}: {}", rendered(&error));
    }
}

#[test]
fn an_excerpt_shows_keys_and_no_values() {
    let excerpt_of = |text: &str, key: &str| {
        let error = parsed(text).unwrap_err();
        let problem = error.problems().iter().find(|problem| problem.key.as_deref() == Some(key)).unwrap();
        let excerpt = problem.excerpt().unwrap().clone();
        (excerpt.line_number, excerpt.text.clone(), excerpt.text[excerpt.marked].to_owned())
    };
    assert_eq!(
        excerpt_of(&WHOLE.replace("contains", "contain"), "environments.production.verify.checks[0].contain"),
        (
            27,
            "verify = { timeout-seconds = …, checks = [{ path = …, status = …, contain = … }] }".to_owned(),
            "contain".to_owned()
        )
    );
    assert_eq!(
        excerpt_of(&SMALL.replace("\"docs\"", "5 # hunter2"), "application.name"),
        (2, "name = …".to_owned(), "…".to_owned())
    );
    assert_eq!(
        excerpt_of(&format!("{SMALL}[environments.staging]\n"), "environments.staging.target"),
        (7, "[environments.staging]".to_owned(), "[environments.staging]".to_owned())
    );
    // A line in the middle of a value shows nothing of it.
    let inside = SMALL.replace("\"docs\"", "'''\nhunter2''' # x\ntoken = 'x'");
    assert_eq!(excerpt_of(&inside, "application.token").1, "token = …");
}

#[test]
fn a_missing_file_says_how_to_get_one() {
    let error = load(Path::new("/nowhere/charter.toml"), &sample_schema()).unwrap_err();
    assert!(matches!(error, ConfigError::Missing { .. }));
    assert!(error.help().unwrap().contains("init"));
}

#[test]
fn what_a_builder_refuses_is_found_in_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(FILE);
    std::fs::write(&path, WHOLE).unwrap();
    for (key, line, shown) in [
        ("environments.production.target.path", 23, "target = { kind = …, path = … }"),
        ("environments.production.target.keep-assets", 23, "target = { kind = …, path = … }"),
        ("environments.staging.target", 22, "[environments.production]"),
        ("waivers[0].subject", 38, "subject = …"),
    ] {
        let error = refused(&path, &sample_schema(), key, "is refused");
        let problem = &error.problems()[0];
        assert_eq!((problem.key.as_deref(), problem.to_string().as_str()), (Some(key), "is refused"));
        assert_eq!((problem.line, problem.excerpt().unwrap().text.as_str()), (line, shown));
    }
}

#[test]
fn a_file_that_is_not_utf8_is_unreadable() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(FILE);
    std::fs::write(&path, b"name = \"\xff\"").unwrap();
    let error = load(&path, &sample_schema()).unwrap_err();
    assert!(matches!(error, ConfigError::Unreadable { .. }));
    assert_eq!(error.help().as_deref(), Some("save the file as UTF-8"));
}

#[test]
fn the_record_has_secrets_by_name_and_budgets_only_where_configured() {
    let id: ConfigurationId = "20261121-020711-config".parse().unwrap();
    let record = parsed(WHOLE).unwrap().to_record(Environment::Production, &["page-weight".to_owned()], id);
    assert_eq!(record.version.to_string(), "1.0.0");
    assert_eq!(record.environment_variables.secrets, ["API_TOKEN"]);
    assert_eq!(record.environment_variables.variables["NODE_ENV"], "production");
    assert_eq!(record.deployment.health_check_timeout, 20);
    assert_eq!(record.deployment.health_check_url.as_deref(), Some("http://127.0.0.1:8080/"));
    assert_eq!(record.deployment.validation_steps, ["page-weight"]);
    let budgets = record.performance.unwrap().targets.unwrap().bundle_size.unwrap();
    assert_eq!((budgets.javascript, budgets.css, budgets.total), (Some(100_000), None, None));

    let record = parsed(SMALL).unwrap().to_record(Environment::Production, &[], id);
    assert_eq!((record.performance, record.deployment.health_check_url), (None, None));
}

#[test]
fn the_schema_agrees_with_a_validator_of_its_own() {
    let schema = sample_schema();
    jsonschema::meta::validate(&schema).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    for text in [WHOLE, SMALL] {
        let document = Document::parse(text, &schema).unwrap().to_json();
        let errors: Vec<String> = validator.iter_errors(&document).map(|error| error.to_string()).collect();
        assert!(errors.is_empty(), "{errors:?}");
    }
    let unknown = Document::parse("[aplication]", &schema).unwrap().to_json();
    assert!(!validator.is_valid(&unknown));
}

#[test]
fn every_key_of_the_schema_is_described() {
    fn undescribed(schema: &Value, path: &str, found: &mut Vec<String>) {
        for (key, inner) in schema.get("properties").and_then(Value::as_object).into_iter().flatten() {
            let path = format!("{path}.{key}");
            if inner.get("description").is_none() {
                found.push(path.clone());
            }
            undescribed(inner, &path, found);
            undescribed(&inner["items"], &path, found);
        }
    }
    let mut found = Vec::new();
    undescribed(&schema(json!({ "type": "object" }), json!({ "type": "object" })), "", &mut found);
    assert_eq!(found, Vec::<String>::new());
}

#[test]
fn the_schema_never_speaks_of_null() {
    assert!(!schema(json!({}), json!({})).to_string().contains("null"));
}

proptest! {
    #[test]
    fn a_planted_secret_is_never_shown(
        secret in "ghp_[A-Za-z0-9=#.,\\[\\]{} ]{12,30}",
        key in "[a-z][a-z-]{0,11}",
        shape in 0..12_usize,
    ) {
        let planted = match shape {
            0 => format!("{SMALL}{key}x = \"{secret}\"\n"),
            1 => format!("zz-{key} = '{secret}'\n{SMALL}"),
            2 => SMALL.replace("\"public\"", &format!("[\"{secret}\"]")),
            3 => SMALL.replace("name = \"docs\"", &format!("name = {{ {key} = \"{secret}\" }}")),
            4 => SMALL.replace("\"docroot\"", &format!("\"{secret}\"")),
            5 => format!("{SMALL}[gates.page-weight]\nmax-script-bytes = \"{secret}\"\n"),
            6 => format!("{SMALL}keep-releases = 1 # {secret}\n"),
            7 => format!("{SMALL}verify = {{ checks = [\n  {{ path = \"{secret}\" }}, 5 ] }}\n"),
            8 => format!("{SMALL}url = '''\n{secret}'''\n"),
            9 => format!("{SMALL}{key} {secret}\n"),
            10 => format!("{SMALL}{key} = {secret}\n"),
            _ => format!("{SMALL}{key} = \"{secret}\n"),
        };
        let error = parsed(&planted).unwrap_err();
        let shown = rendered(&error);
        // Of a secret with punctuation a line that is no TOML might show a part, so every word of it counts.
        for word in secret.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).filter(|word| word.len() > 5) {
            prop_assert!(!shown.contains(word), "{} in {}", word, shown);
        }
    }

    #[test]
    fn no_text_makes_the_reader_panic(text in "[a-z=\\[\\]{}\"'#.,\n é…0-9-]{0,80}") {
        if let Err(error) = parsed(&text) {
            rendered(&error);
        }
        if let Err(error) = parsed(&format!("{SMALL}{text}")) {
            rendered(&error);
        }
    }
}
