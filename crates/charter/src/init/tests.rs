//! Proposals for projects of many kinds.

use std::fs;

use charter_deploy_model::Environment;
use serde_json::json;
use tempfile::TempDir;

use super::*;

fn project(files: &[(&str, &str)]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (path, content) in files {
        let path = folder.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }
    folder
}

/// Detects, renders and parses: what is proposed must be a configuration.
fn proposed(files: &[(&str, &str)]) -> (Proposal, config::Config) {
    let folder = project(files);
    let proposal = detect(folder.path()).unwrap();
    let text = render(&proposal);
    let targets = json!({ "oneOf": [{ "type": "object", "additionalProperties": false, "required": ["path", "kind"],
        "properties": { "kind": { "const": "docroot" }, "path": { "type": "string" } } }] });
    let schema = config::schema(json!({ "type": "object" }), targets);
    let config = config::parse(&text, Path::new(config::FILE), &schema)
        .unwrap_or_else(|error| panic!("{:?}\n{text}", error.problems()));
    let document: Value = toml::from_str(&text).unwrap();
    assert!(jsonschema::is_valid(&schema, &document), "{text}");
    (proposal, config)
}

const PACKAGE: &str = r#"{ "name": "@team/site", "homepage": "https://example.org", "description": "A \"site\"\u007f",
    "scripts": { "build": "astro build" }, "devDependencies": { "astro": "^5.0.0", "vite": "6" } }"#;

#[test]
fn a_folder_of_plain_pages_works_as_it_stands() {
    for folder in FOLDERS {
        let page = format!("{folder}/index.html");
        let (proposal, config) = proposed(&[(&page, "<h1>Welcome</h1>")]);
        assert_eq!((proposal.output.as_str(), proposal.build), (folder, None));
        assert_eq!(config.build.output, Path::new(folder));
        assert_eq!(config.build.command, None);
        let production = config.environments.get(Environment::Production).unwrap();
        assert_eq!(production.target, json!({ "kind": "docroot", "path": "production/site" }));
    }
}

#[test]
fn an_astro_project_is_built_with_its_own_package_manager() {
    let cases: &[(&[&str], &str, &str)] = &[
        (&["package-lock.json"], "npm ci", "npm run build"),
        (&["pnpm-lock.yaml"], "pnpm install --frozen-lockfile", "pnpm run build"),
        (&["yarn.lock"], "yarn install --frozen-lockfile", "yarn run build"),
        (&["yarn.lock", ".yarnrc.yml"], "yarn install --immutable", "yarn run build"),
        (&[], "npm install", "npm run build"),
    ];
    for &(locks, install, command) in cases {
        let mut files = vec![("package.json", PACKAGE), (".env", "A=1"), ("public/index.html", "")];
        files.extend(locks.iter().map(|name| (*name, "")));
        let (proposal, config) = proposed(&files);
        assert_eq!(config.build.install.unwrap().join(" "), install);
        assert_eq!(config.build.command.unwrap().join(" "), command);
        assert_eq!(config.build.lock_file.as_deref(), locks.first().map(Path::new));
        assert_eq!(config.build.output, Path::new("dist"));
        assert_eq!(config.build.carry, [Path::new(".env")]);
        assert_eq!(config.application.name, "site");
        assert_eq!(config.application.homepage.as_deref(), Some("https://example.org"));
        assert_eq!(config.application.description.as_deref(), Some("A \"site\"\u{7f}"));
        assert_eq!(proposal.notes.iter().any(|note| note.contains("no lock file")), locks.is_empty());
    }
}

#[test]
fn each_generator_has_its_own_output() {
    for (dependency, output) in [("astro", "dist"), ("vite", "dist"), ("@11ty/eleventy", "_site"), ("next", "out")] {
        let package = json!({ "dependencies": { dependency: "1" } }).to_string();
        let files = [
            ("package.json", package.as_str()),
            ("package-lock.json", "{}"),
            ("next.config.mjs", "export default { output: 'export' }"),
        ];
        let (_, config) = proposed(&files);
        assert_eq!(config.build.output, Path::new(output));
        assert_eq!(config.build.command.unwrap()[0], "npx", "there is no script to run");
    }
}

#[test]
fn next_without_an_export_is_refused() {
    let package = ("package.json", r#"{ "dependencies": { "next": "15" } }"#);
    for files in [vec![package], vec![package, ("next.config.js", "module.exports = {}")]] {
        let error = detect(project(&files).path()).unwrap_err();
        assert!(matches!(error, InitError::NeedsServer { .. }), "{error}");
        assert!(error.help().unwrap().contains("export"));
    }
}

#[test]
fn a_container_alone_is_refused_and_explained() {
    let error = detect(project(&[("Dockerfile", "FROM scratch")]).path()).unwrap_err();
    assert!(matches!(error, InitError::Container { .. }), "{error}");
    assert!(error.help().unwrap().contains("static sites"));
    let (proposal, _) = proposed(&[("Dockerfile", "FROM nginx"), ("dist/index.html", "")]);
    assert_eq!(proposal.output, "dist");
}

#[test]
fn pages_at_the_top_and_empty_projects_are_refused() {
    let error = detect(project(&[("index.html", "")]).path()).unwrap_err();
    assert!(matches!(error, InitError::AtTheTop { .. }), "{error}");
    let error = detect(project(&[("public/readme.txt", "")]).path()).unwrap_err();
    assert!(matches!(error, InitError::NothingFound { .. }), "{error}");
    let error = detect(project(&[("package.json", "{ not json")]).path()).unwrap_err();
    assert!(matches!(error, InitError::Malformed { .. }), "{error}");
}

#[test]
fn writing_never_replaces_a_configuration() {
    let folder = project(&[("public/index.html", ""), ("charter.toml", "mine")]);
    let proposal = detect(folder.path()).unwrap();
    let error = write(folder.path(), &proposal).unwrap_err();
    assert!(matches!(error, InitError::AlreadyThere { .. }), "{error}");
    assert_eq!(fs::read_to_string(folder.path().join("charter.toml")).unwrap(), "mine");
    assert!(!folder.path().join(".gitignore").exists(), "nothing is changed");
}

#[test]
fn gitignore_grows_once() {
    let cases = [
        (None, "production/\n"),
        (Some("node_modules"), "node_modules\nproduction/\n"),
        (Some("node_modules\n"), "node_modules\nproduction/\n"),
        (Some("/production\n"), "/production\n"),
        (Some("!production/\n"), "!production/\nproduction/\n"),
    ];
    for (before, after) in cases {
        let folder = project(&[("public/index.html", "")]);
        let ignore = folder.path().join(".gitignore");
        if let Some(before) = before {
            fs::write(&ignore, before).unwrap();
        }
        let proposal = detect(folder.path()).unwrap();
        let written = write(folder.path(), &proposal).unwrap();
        assert_eq!(fs::read_to_string(&ignore).unwrap(), after);
        assert_eq!(written.contains(&ignore), before != Some("/production\n"));

        fs::remove_file(folder.path().join(config::FILE)).unwrap();
        assert_eq!(write(folder.path(), &proposal).unwrap(), [folder.path().join(config::FILE)]);
        assert_eq!(fs::read_to_string(&ignore).unwrap(), after);
    }
}
