//! What the gate `typescript` asks for before it says anything, and how it knows an error again.

use std::fs;
use std::path::Path;

use charter_deploy_model::{Finding, Inspection, LookedAt, Measure, Unit};
use charter_gates::baseline::fingerprint;
use charter_gates::{Gate, GateError, Subject};
use charter_host::{Environment, Host, Scope, Secrets, Setup};
use serde_json::{Value, json};
use tempfile::TempDir;

const STRICT: &str = r#"{ "compilerOptions": { "strict": true, "lib": ["es2022"], "types": [] } }"#;

fn project(files: &[(&str, &str)]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (path, content) in files {
        let path = folder.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }
    folder
}

/// Installs a package with a program, as npm would.
fn install(folder: &Path, package: &str, program: &str, script: &str) {
    let folder = folder.join("node_modules").join(package);
    fs::create_dir_all(&folder).unwrap();
    let manifest = json!({ "version": "5.9.3", "bin": { program: "./program.js" } });
    fs::write(folder.join("package.json"), manifest.to_string()).unwrap();
    fs::write(folder.join("program.js"), script).unwrap();
}

#[expect(clippy::disallowed_methods, reason = "what `setup` installed is where the user's data is")]
fn environment() -> Environment {
    let own = Environment::from_iter(std::env::vars_os());
    own.allow(&["HOME", "XDG_DATA_HOME"]).with("PATH", "/usr/local/bin:/usr/bin:/bin")
}

async fn asked(folder: &Path, section: Value, environment: Environment) -> Result<Inspection, GateError> {
    let host = Host::system(environment);
    let secrets = Secrets::default();
    let setup = Setup { host: &host, root: folder, secrets: &secrets };
    let gate: Box<dyn Gate> = charter_gates::standard().build("typescript", section, &setup).unwrap();
    gate.inspect(&Subject::new(folder), &Scope::default()).await
}

async fn looked(folder: &Path, section: Value) -> (Vec<Finding>, Vec<Measure>, LookedAt) {
    match asked(folder, section, environment()).await.unwrap() {
        Inspection::Looked { findings, measures, looked_at } => (findings, measures, looked_at),
        Inspection::NotApplicable { reason } => panic!("{reason}"),
    }
}

fn codes(findings: &[Finding]) -> Vec<&str> {
    findings.iter().map(|finding| finding.code.as_str()).collect()
}

#[tokio::test]
async fn a_project_without_typescript_is_none_of_its_business() {
    let folder = project(&[("index.html", "")]);
    let inspection = asked(folder.path(), json!({}), environment()).await.unwrap();
    assert_eq!(inspection, Inspection::NotApplicable { reason: "there is no `tsconfig.json`".to_owned() });
    let (_, _, looked_at) = looked(folder.path(), json!({ "projects": ["app"] })).await;
    assert_eq!(looked_at.undecided, ["there is no `app`, so its types were not checked"]);
}

#[tokio::test]
async fn what_is_not_installed_is_told_with_the_line_to_type() {
    let manifest = r#"{ "devDependencies": { "typescript": "5.9.3" } }"#;
    for (lock, line) in [("package-lock.json", "npm ci"), ("pnpm-lock.yaml", "pnpm install --frozen-lockfile")] {
        let folder = project(&[("tsconfig.json", STRICT), ("a.ts", ""), ("package.json", manifest), (lock, "")]);
        let (findings, measures, looked_at) = looked(folder.path(), json!({})).await;
        assert!(findings.is_empty() && measures.is_empty() && looked_at.is_nothing());
        let expected = format!("what `package.json` asks for is not installed; install it with `{line}`");
        assert_eq!(looked_at.undecided, [expected]);
    }
    let folder = project(&[("tsconfig.json", STRICT), ("a.ts", "export {};")]);
    let nowhere = environment().with("XDG_DATA_HOME", folder.path());
    let error = asked(folder.path(), json!({}), nowhere).await.unwrap_err();
    assert_eq!(error.to_string(), "`typescript` is not installed; install it with `cargo xtask setup`");
}

#[tokio::test]
async fn each_sort_is_counted_and_never_guessed() {
    let folder =
        project(&[("tsconfig.json", STRICT), ("a.ts", "export const a: number = \"a\", b: number = \"b\";\n")]);
    let (_, measures, _) = looked(folder.path(), json!({})).await;
    let figures: Vec<_> =
        measures.iter().map(|it| (it.name.as_str(), it.subject.as_str(), it.value, it.unit)).collect();
    let expected = [("configuration", 0.0), ("imports", 0.0), ("missing-types", 0.0), ("null-checks", 0.0)];
    let expected = expected.into_iter().chain([("interface-violations", 2.0)]);
    assert_eq!(figures, expected.map(|(name, value)| (name, "tsconfig.json", value, Unit::Ratio)).collect::<Vec<_>>());

    fs::write(folder.path().join("a.ts"), "export const a: number = \"a\n").unwrap();
    let (findings, measures, looked_at) = looked(folder.path(), json!({})).await;
    assert_eq!(codes(&findings), ["typescript/interface-violations"]);
    assert_eq!(measures.iter().map(|it| it.name.as_str()).collect::<Vec<_>>(), ["configuration"]);
    assert_eq!(
        looked_at.undecided,
        ["`tsconfig.json`: the compiler checks no types before its options and syntax are right"]
    );
}

#[tokio::test]
async fn an_error_is_known_again_when_its_line_moves_and_not_when_it_changes() {
    let error = "export const a: number = \"a\";\n";
    let folder = project(&[("tsconfig.json", STRICT), ("a.ts", error)]);
    let prints = async |text: &str| {
        fs::write(folder.path().join("a.ts"), text).unwrap();
        let (findings, ..) = looked(folder.path(), json!({})).await;
        findings.iter().map(fingerprint).collect::<Vec<_>>()
    };
    let before = prints(error).await;
    assert_eq!(prints(&format!("// A line more.\n\n  {error}")).await, before);
    assert_ne!(prints(&error.replace("\"a\"", "\"b\"")).await, before);
}

#[tokio::test]
async fn a_checker_that_hangs_dies_or_talks_nonsense_is_no_pass() {
    for (script, expected) in [
        ("setTimeout(() => {}, 1e9)", "`program.js` came to no result: `"),
        ("process.kill(process.pid, 'SIGKILL')", "`tsconfig.json`: `tsc --showConfig` was killed by signal 9"),
        ("console.log('{')", "the options of `tsconfig.json` cannot be read: "),
        ("console.log('No memory'); process.exitCode = 3", "status 3 and said nothing that can be read: No memory"),
        (
            &format!("{SHOWS_OPTIONS} process.exitCode = 2"),
            "`tsconfig.json`: `tsc` exited with status 2 and said nothing that can be read",
        ),
    ] {
        let folder = project(&[("tsconfig.json", STRICT), ("a.ts", "")]);
        install(folder.path(), "typescript", "tsc", script);
        let (findings, measures, looked_at) = looked(folder.path(), json!({ "timeout-seconds": 2 })).await;
        assert!(findings.is_empty() && measures.is_empty(), "{script}: {findings:?} {measures:?}");
        assert!(looked_at.undecided.len() == 1 && looked_at.undecided[0].contains(expected), "{looked_at:?}");
    }
}

/// A compiler that only says what the options are.
const SHOWS_OPTIONS: &str = r#"
if (process.argv[2] === "--showConfig") {
    console.log('{"compilerOptions":{"strict":true},"files":["./a.ts"]}');
    process.exit(0);
}
"#;

#[tokio::test]
async fn astro_judges_its_files_and_the_compiler_only_the_options() {
    let manifest = r#"{ "devDependencies": { "@astrojs/check": "0.9.5" } }"#;
    let folder =
        project(&[("tsconfig.json", STRICT), ("a.ts", "\n"), ("b.astro", "---\n---\n"), ("package.json", manifest)]);
    let compiler = format!(
        "{SHOWS_OPTIONS}
        console.log(\"a.ts(1,1): error TS2307: Cannot find module './b.astro'.\");
        console.log(\"error TS2688: Cannot find type definition file for 'node'.\");
        process.exitCode = 2;"
    );
    install(folder.path(), "typescript", "tsc", &compiler);
    let (_, measures, looked_at) = looked(folder.path(), json!({})).await;
    assert!(measures.is_empty());
    assert_eq!(
        looked_at.undecided,
        ["`tsconfig.json`: `@astrojs/check` is asked for and not installed; install it with `npm ci`"]
    );
    let says = |errors: u32| {
        let all = if errors == 1 { "error" } else { "errors" };
        format!(
            "console.log('b.astro:1:1 - error ts(2322): No.\\n\\nResult (2 files): \\n- {errors} {all}'); process.exitCode = 1"
        )
    };
    install(folder.path(), "@astrojs/check", "astro-check", &says(1));
    let (findings, _, looked_at) = looked(folder.path(), json!({})).await;
    assert_eq!(codes(&findings), ["typescript/configuration", "typescript/interface-violations"]);
    assert_eq!(findings[1].locations[0].path, "b.astro");
    assert_eq!((looked_at.undecided.len(), looked_at.counts["files"]), (0, 2));
    install(folder.path(), "@astrojs/check", "astro-check", &says(2));
    let (_, _, looked_at) = looked(folder.path(), json!({})).await;
    assert_eq!(looked_at.undecided, ["`tsconfig.json`: `astro-check` counts 2 errors, of which 1 could be read"]);
}
