//! What every gate must do, as tests that you call.
//!
//! [`gate`] checks all clauses over [`Samples`], which are folders:
//!
//! ```text
//! test-data/<gate>/passes/<any name>/charter.toml   the gate's section, `[gates.<gate>]`; may be absent;
//!                                                  `{preview}` in it stands for the URL of the served site
//!                                    site/          what was built
//!                                    source/        the project's files, committed to git
//!                                    history/<day>/ a commit before, the whole of its files, so many days after 2020-01-01;
//!                                                   as `history/<day>-<branch>/` with a branch made at it
//!                                    changes/       files written over them and not committed
//!                                    branches       branches to make at that commit, one name per line
//!                                    commits        messages of commits to make, parted by lines of `---`
//!                                    live/          the release that users see now
//!                                    target         the kind of target that it is for
//!                                    github/        what GitHub answers: `<path>.json` for each path of the API
//!                                    base-path      the path under which the site is served; `/` when absent
//! test-data/<gate>/blocks/<any name>/…
//! ```
//!
//! Its site is served on loopback for gates that need a preview, and so is the release that users see now. What a
//! sample does not have is absent in its [`Subject`]; the project is a git repository when there is one of `source`,
//! `changes`, `branches` and `commits`, and then the repository `ann/site` on GitHub when there are answers.

mod recorded;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use charter_artifact::Artifact;
use charter_deploy_model::{GateOutcome, GateReport, Inspection, KindMeta, Lane, Verdict};
use charter_gates::verdict::{Exceptions, Policy, judge};
use charter_gates::{Gate, Source, Subject};
use charter_host::{
    Catalog, CatalogError, Command, Environment, Host, Processes, Scope, Secrets, Setup, SystemProcesses,
};
use charter_repository::Repository;
use charter_targets::preview::{self, Preview};
use schemars::generate::SchemaSettings;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::sync::OnceCell;

/// Holds one kind of gate to all clauses of the contract.
///
/// # Panics
/// When it breaks one.
pub async fn gate(catalog: &Catalog<dyn Gate>, id: &str, samples: &Samples) {
    meta_is_well_formed(meta_of(catalog, id));
    default_config_fits_its_schema(catalog, id);
    unknown_field_is_refused(catalog, id);
    for sample in samples.passes.iter().chain(&samples.blocks) {
        same_subject_same_findings(catalog, id, sample).await;
        changes_nothing(catalog, id, sample).await;
        every_code_is_declared(catalog, id, sample).await;
        every_finding_points_somewhere_real(catalog, id, sample).await;
    }
    assert!(!samples.passes.is_empty(), "`{id}` has no sample that passes");
    assert!(!samples.blocks.is_empty(), "`{id}` has no sample that blocks");
    for sample in &samples.passes {
        the_passing_sample_passes(catalog, id, sample).await;
    }
    for sample in &samples.blocks {
        the_blocking_sample_blocks(catalog, id, sample).await;
    }
    let examples = docs_examples(catalog, id).await;
    every_code_is_found_somewhere(catalog, id, samples, &examples).await;
}

/// Subjects on which a gate's verdict is known.
#[derive(Debug)]
pub struct Samples {
    /// Nothing is wrong with these.
    pub passes: Vec<Sample>,
    /// These must be blocked.
    pub blocks: Vec<Sample>,
}

/// One subject, set up in a folder of its own that goes when this goes.
#[derive(Debug)]
pub struct Sample {
    /// What to call it in a message.
    pub name: String,
    /// What the gate looks at.
    pub subject: Subject,
    /// The gate's section of the configuration.
    pub section: Value,
    folder: TempDir,
    _previews: [Option<Preview>; 2],
    /// What the gate saw when it looked first: some look for many seconds, and most clauses are content with that.
    seen: OnceCell<Inspection>,
}

impl Samples {
    /// Sets up the samples of the gate `id` that lie in `folder`, such as `test-data/page-weight`.
    ///
    /// # Panics
    /// When a sample cannot be read.
    pub async fn read(folder: &Path, id: &str) -> Self {
        let mut sorts = Vec::new();
        for sort in ["passes", "blocks"] {
            let mut samples = Vec::new();
            for case in entries(&folder.join(sort)) {
                samples.push(set_up(Case::read(&case), id).await);
            }
            sorts.push(samples);
        }
        let blocks = sorts.pop().unwrap_or_default();
        Self { passes: sorts.pop().unwrap_or_default(), blocks }
    }
}

/// Ids are kebab-case, codes begin with the gate's id, every doc begins with a sentence.
///
/// # Panics
/// When one does not.
pub fn meta_is_well_formed(meta: &KindMeta) {
    let is_kebab = |text: &str| {
        text.split('-')
            .all(|word| !word.is_empty() && word.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit()))
    };
    let is_sentence = |text: &str| text.starts_with(char::is_uppercase) && text.ends_with('.') && text.len() <= 120;
    let KindMeta { id, codes, .. } = *meta;
    assert!(is_kebab(id), "the id `{id}` is not kebab-case");
    assert!(is_sentence(meta.summary()), "the docs of `{id}` do not begin with a short sentence: {:?}", meta.summary());
    assert!(!codes.is_empty(), "`{id}` declares no code, so it can find nothing");
    for code in codes {
        let own = code.id.strip_prefix(id).and_then(|rest| rest.strip_prefix('/'));
        assert!(own.is_some_and(is_kebab), "the code `{}` is not `{id}/` and a kebab-case name", code.id);
        assert!(is_sentence(code.summary()), "the docs of `{}` do not begin with a short sentence", code.id);
    }
    let distinct: BTreeSet<&str> = codes.iter().map(|code| code.id).collect();
    assert_eq!(distinct.len(), codes.len(), "`{id}` declares a code twice");
}

/// An empty section builds and fits the schema, and so does one that spells out every default.
///
/// # Panics
/// When one does not.
pub fn default_config_fits_its_schema(catalog: &Catalog<dyn Gate>, id: &str) {
    let schema = schema_of(catalog);
    let own = &schema["properties"][id];
    let defaults: serde_json::Map<String, Value> = own["properties"]
        .as_object()
        .into_iter()
        .flatten()
        .filter_map(|(key, schema)| Some((key.clone(), schema.get("default")?.clone())))
        .collect();
    for section in [json!({}), Value::Object(defaults)] {
        fits_schema(&schema, id, &section);
        let built = build(catalog, id, section.clone(), Path::new("/"));
        assert!(built.is_ok(), "`{id}` will not be built with its defaults {section}: {built:?}");
    }
}

/// A key the gate does not know is an error, of the schema and of the gate.
///
/// # Panics
/// When it is not.
pub fn unknown_field_is_refused(catalog: &Catalog<dyn Gate>, id: &str) {
    let section = json!({ "no-such-key": 1 });
    let built = build(catalog, id, section.clone(), Path::new("/"));
    let Err(CatalogError::Malformed { message, .. }) = &built else {
        panic!("`{id}` takes any key; give its configuration `#[serde(deny_unknown_fields)]`: {built:?}");
    };
    assert!(message.contains("no-such-key"), "the error does not name the key: {message}");
    let schema = schema_of(catalog);
    assert!(!validator(&schema).is_valid(&json!({ id: section })), "the schema of `{id}` takes any key");
}

/// Looking twice, with a gate built twice, gives the same, in the same order; the same codes, for one that measures
/// time.
///
/// # Panics
/// When it does not.
pub async fn same_subject_same_findings(catalog: &Catalog<dyn Gate>, id: &str, sample: &Sample) {
    let (first, second) = (inspect(catalog, id, sample).await, &look(catalog, id, sample).await);
    match meta_of(catalog, id).lane {
        Lane::Shared => assert_eq!(first, second, "`{id}` saw two different things on `{}`", sample.name),
        Lane::Exclusive => {
            assert_eq!(codes_found(first), codes_found(second), "`{id}` saw two different things on `{}`", sample.name);
        }
    }
}

/// Looking leaves every file as it was.
///
/// # Panics
/// When a file is new, gone or different.
pub async fn changes_nothing(catalog: &Catalog<dyn Gate>, id: &str, sample: &Sample) {
    let before = snapshot(sample.folder.path());
    let _ = look(catalog, id, sample).await;
    let after = snapshot(sample.folder.path());
    let differs: Vec<&PathBuf> = before
        .iter()
        .chain(&after)
        .map(|(path, _)| path)
        .filter(|path| before.get(*path) != after.get(*path))
        .collect();
    assert!(differs.is_empty(), "`{id}` changed files of `{}`: {differs:?}", sample.name);
}

/// A finding's code is one that the gate declares.
///
/// # Panics
/// When it is not.
pub async fn every_code_is_declared(catalog: &Catalog<dyn Gate>, id: &str, sample: &Sample) {
    let meta = meta_of(catalog, id);
    for code in codes_found(inspect(catalog, id, sample).await) {
        assert!(meta.code(&code).is_some(), "`{id}` found `{code}` on `{}`, which it does not declare", sample.name);
    }
}

/// A finding has a subject and a message, and its locations are lines of files that exist.
///
/// # Panics
/// When one does not.
pub async fn every_finding_points_somewhere_real(catalog: &Catalog<dyn Gate>, id: &str, sample: &Sample) {
    let Inspection::Looked { findings, .. } = inspect(catalog, id, sample).await else { return };
    let subject = &sample.subject;
    let roots: Vec<&Path> = subject
        .artifact
        .iter()
        .map(|artifact| artifact.root.as_path())
        .chain(subject.source.iter().map(|source| source.repository.root()))
        .collect();
    for finding in findings {
        assert!(!finding.subject.is_empty(), "a waiver can name no subject: {finding:?}");
        assert!(!finding.message.trim().is_empty(), "nobody learns what is wrong: {finding:?}");
        for location in &finding.locations {
            let path = Path::new(&location.path);
            assert!(path.is_relative(), "a location that only this machine understands: {finding:?}");
            let file = roots.iter().map(|root| root.join(path)).find(|path| path.exists());
            let file = file.unwrap_or_else(|| panic!("there is no `{}`: {finding:?}", location.path));
            if let Some(line) = location.line {
                let lines = String::from_utf8_lossy(&fs::read(&file).expect("a location is a file")).lines().count();
                assert!((1..=lines).contains(&(line as usize)), "there is no such line: {finding:?}");
            }
        }
    }
}

/// Nothing is wrong with the passing sample, under strict enforcement.
///
/// # Panics
/// When the verdict is not that it passed.
pub async fn the_passing_sample_passes(catalog: &Catalog<dyn Gate>, id: &str, sample: &Sample) {
    fits_schema(&schema_of(catalog), id, &sample.section);
    let report = judged(catalog, id, sample).await;
    assert_eq!(report.verdict, Verdict::Passed, "`{}`: {report:#?}", sample.name);
}

/// The blocking sample is blocked, under strict enforcement.
///
/// # Panics
/// When the verdict is another.
pub async fn the_blocking_sample_blocks(catalog: &Catalog<dyn Gate>, id: &str, sample: &Sample) {
    fits_schema(&schema_of(catalog), id, &sample.section);
    let report = judged(catalog, id, sample).await;
    assert_eq!(report.verdict, Verdict::Blocked, "`{}`: {report:#?}", sample.name);
    assert!(report.blocks, "`{}`: {report:#?}", sample.name);
}

/// The examples in the docs of the gate and of its codes do what they say; returns them.
///
/// An example is a fenced code block whose first word is its language and whose last is `passes` or `blocks=<code>`.
/// `html` is the only page of a site, `branches` are names of branches of a repository, `commits` messages of commits; in any other language, or for
/// another path, the word between says which file it is: `site=<path>` of the site, `source=<path>` of the project,
/// such as ```` ```yaml,source=.github/workflows/ci.yml,blocks=zero-actions/push ````. Of an `html` page it may say
/// where the site is served: `under=/docs/`. A `toml` block that promises
/// nothing is the configuration of the next example in the same docs; so is one that says no more than which file it
/// is, such as ```` ```json,source=package.json ````, a further file of it.
///
/// # Panics
/// When one does not, or a block says something else.
pub async fn docs_examples(catalog: &Catalog<dyn Gate>, id: &str) -> Vec<Sample> {
    let mut shown = Vec::new();
    for (case, expected) in examples(meta_of(catalog, id)) {
        let sample = set_up(case, id).await;
        fits_schema(&schema_of(catalog), id, &sample.section);
        let report = judged(catalog, id, &sample).await;
        match expected {
            Expected::Passes => assert_eq!(report.verdict, Verdict::Passed, "{}: {report:#?}", sample.name),
            Expected::Blocks(code) => {
                assert_eq!(report.verdict, Verdict::Blocked, "{}: {report:#?}", sample.name);
                let found = report.findings.iter().any(|finding| finding.code == code);
                assert!(found, "{} does not show `{code}`: {report:#?}", sample.name);
            }
        }
        shown.push(sample);
    }
    shown
}

/// Every code is shown by a sample or one of the examples in the docs, so that none is dead or untested.
///
/// # Panics
/// When one is not.
pub async fn every_code_is_found_somewhere(
    catalog: &Catalog<dyn Gate>,
    id: &str,
    samples: &Samples,
    examples: &[Sample],
) {
    let meta = meta_of(catalog, id);
    let mut found = BTreeSet::new();
    for sample in samples.passes.iter().chain(&samples.blocks) {
        found.extend(codes_found(inspect(catalog, id, sample).await));
    }
    for example in examples {
        found.extend(codes_found(inspect(catalog, id, example).await));
    }
    for code in meta.codes {
        assert!(found.contains(code.id), "no sample and no example shows `{}`", code.id);
    }
}

fn meta_of(catalog: &Catalog<dyn Gate>, id: &str) -> &'static KindMeta {
    catalog.kinds().find(|kind| kind.id == id).unwrap_or_else(|| panic!("there is no gate `{id}` in the catalog"))
}

fn build(catalog: &Catalog<dyn Gate>, id: &str, section: Value, root: &Path) -> Result<Box<dyn Gate>, CatalogError> {
    let host = Host::system(programs());
    catalog.build(id, section, &Setup { host: &host, root, secrets: &Secrets::default() })
}

async fn inspect<'a>(catalog: &Catalog<dyn Gate>, id: &str, sample: &'a Sample) -> &'a Inspection {
    sample.seen.get_or_init(|| look(catalog, id, sample)).await
}

async fn look(catalog: &Catalog<dyn Gate>, id: &str, sample: &Sample) -> Inspection {
    let gate = build(catalog, id, sample.section.clone(), &sample.subject.project)
        .unwrap_or_else(|error| panic!("`{id}` will not be built for `{}`: {error}", sample.name));
    assert_eq!(gate.meta().id, id, "the gate says that it is another");
    gate.inspect(&sample.subject, &Scope::default())
        .await
        .unwrap_or_else(|error| panic!("`{id}` could not look at `{}`: {error:?}", sample.name))
}

async fn judged(catalog: &Catalog<dyn Gate>, id: &str, sample: &Sample) -> GateReport {
    let outcome = GateOutcome::Inspected(inspect(catalog, id, sample).await.clone());
    judge(&Policy::default(), meta_of(catalog, id), outcome, &Exceptions::default(), jiff::civil::Date::MIN)
}

fn codes_found(inspection: &Inspection) -> BTreeSet<String> {
    match inspection {
        Inspection::Looked { findings, .. } => findings.iter().map(|finding| finding.code.clone()).collect(),
        Inspection::NotApplicable { .. } => BTreeSet::new(),
    }
}

fn schema_of(catalog: &Catalog<dyn Gate>) -> Value {
    let mut generator = SchemaSettings::draft2020_12().into_generator();
    let mut schema = catalog.schema(&mut generator);
    schema["$defs"] = Value::Object(generator.take_definitions(true));
    schema
}

fn validator(schema: &Value) -> jsonschema::Validator {
    // The numeric formats that schemars writes, such as `uint64`, are not the standard's.
    jsonschema::options()
        .should_ignore_unknown_formats(true)
        .build(schema)
        .unwrap_or_else(|error| panic!("the catalog's schema is none: {error}"))
}

fn fits_schema(schema: &Value, id: &str, section: &Value) {
    if let Err(error) = validator(schema).validate(&json!({ id: section })) {
        panic!("the section {section} does not fit the schema of `{id}`: {error}");
    }
}

fn snapshot(folder: &Path) -> BTreeMap<PathBuf, (Vec<u8>, SystemTime)> {
    files(folder)
        .into_iter()
        .map(|path| {
            let modified = fs::metadata(&path).and_then(|metadata| metadata.modified()).expect("files have times");
            (path.clone(), (fs::read(&path).expect("the file was just listed"), modified))
        })
        .collect()
}

/// What a sample is made from: relative paths and what is in the files.
#[derive(Debug, Default)]
struct Case {
    name: String,
    config: String,
    site: BTreeMap<PathBuf, Vec<u8>>,
    source: BTreeMap<PathBuf, Vec<u8>>,
    changes: BTreeMap<PathBuf, Vec<u8>>,
    branches: Vec<String>,
    commits: Vec<String>,
    history: Vec<Earlier>,
    /// Symbolic links of the site, and where they point.
    links: BTreeMap<PathBuf, PathBuf>,
    live: BTreeMap<PathBuf, Vec<u8>>,
    target: String,
    github: BTreeMap<PathBuf, Vec<u8>>,
    base_path: String,
}

/// A commit before the one that is judged.
#[derive(Debug)]
struct Earlier {
    /// After 2020-01-01.
    day: i64,
    branch: Option<String>,
    files: BTreeMap<PathBuf, Vec<u8>>,
}

impl Earlier {
    fn read(folder: &Path) -> Self {
        let name = folder.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        let (day, branch) = name.split_once('-').map_or((name, None), |(day, branch)| (day, Some(branch.to_owned())));
        let day = day.parse().unwrap_or_else(|_| panic!("`{}` does not begin with a number of days", folder.display()));
        let relative = |path: &PathBuf| path.strip_prefix(folder).expect("it is listed below its root").to_owned();
        let content = |path: &PathBuf| fs::read(path).expect("it is listed");
        Self { day, branch, files: files(folder).iter().map(|path| (relative(path), content(path))).collect() }
    }
}

impl Case {
    fn read(folder: &Path) -> Self {
        let text = |name: &str| fs::read_to_string(folder.join(name)).unwrap_or_default();
        let tree = |name: &str| {
            let root = folder.join(name);
            let relative = |path: &PathBuf| path.strip_prefix(&root).expect("it is listed below its root").to_owned();
            files(&root).into_iter().map(|path| (relative(&path), fs::read(&path).expect("it is listed"))).collect()
        };
        Self {
            name: folder.display().to_string(),
            config: text("charter.toml"),
            site: tree("site"),
            source: tree("source"),
            changes: tree("changes"),
            branches: text("branches").lines().map(str::to_owned).collect(),
            commits: messages(&text("commits")),
            history: entries(&folder.join("history")).iter().map(|folder| Earlier::read(folder)).collect(),
            links: links(&folder.join("site")),
            live: tree("live"),
            target: text("target").trim().to_owned(),
            github: tree("github"),
            base_path: text("base-path").trim().to_owned(),
        }
    }
}

async fn set_up(case: Case, id: &str) -> Sample {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let project = folder.path().join("project");
    let has_no_history = case.branches.is_empty() && case.commits.is_empty() && case.history.is_empty();
    let is_repository = !(case.source.is_empty() && case.changes.is_empty() && has_no_history);
    let source = if is_repository { Some(commit(&project, &case).await) } else { None };
    write(&project, &case.changes);
    // Beside the project, as if it were ignored: a site within would be a change that is not committed.
    let site = folder.path().join("site");
    let built = artifact(&site, &case.site, &case.links);
    let live = artifact(&folder.path().join("live"), &case.live, &BTreeMap::new());
    let target = Some(case.target).filter(|target| !target.is_empty());
    let github = if case.github.is_empty() { None } else { Some(Arc::new(recorded::serve(case.github).await)) };
    let base_path = if case.base_path.is_empty() { "/".to_owned() } else { case.base_path };
    let serve = async |artifact: Option<&Arc<Artifact>>| match artifact {
        Some(artifact) => Some(preview::serve(&artifact.root, &base_path).await.expect("a port of loopback is free")),
        None => None,
    };
    let previews = [serve(built.as_ref()).await, serve(live.as_ref()).await];
    let [url, live_url] = previews.each_ref().map(|preview| Some(preview.as_ref()?.url().to_owned()));
    let config: Value = toml::from_str(&case.config.replace("{preview}", url.as_deref().unwrap_or_default()))
        .unwrap_or_else(|error| panic!("the configuration of `{}` is malformed: {error}", case.name));
    let section = config.pointer(&format!("/gates/{id}")).cloned().unwrap_or_else(|| json!({}));
    let (preview, live_preview) = (url, live_url);
    let subject = Subject {
        source,
        artifact: built,
        preview,
        base_path,
        live,
        live_preview,
        target,
        github,
        ..Subject::new(project)
    };
    Sample { name: case.name, subject, section, folder, _previews: previews, seen: OnceCell::new() }
}

fn artifact(
    root: &Path,
    files: &BTreeMap<PathBuf, Vec<u8>>,
    links: &BTreeMap<PathBuf, PathBuf>,
) -> Option<Arc<Artifact>> {
    write(root, files);
    for (path, target) in links {
        fs::remove_file(root.join(path)).expect("it was written as a file");
        symlink(target, root.join(path)).expect("a link can be made");
    }
    let read = || Artifact::read(root, None, &Scope::default()).expect("the sample's site can be read");
    (!files.is_empty()).then(|| Arc::new(read()))
}

fn write(root: &Path, files: &BTreeMap<PathBuf, Vec<u8>>) {
    fs::create_dir_all(root).expect("a folder can be made");
    for (path, content) in files {
        let path = root.join(path);
        fs::create_dir_all(path.parent().unwrap_or(root)).expect("a folder can be made");
        fs::write(path, content).expect("a file can be written");
    }
}

async fn commit(project: &Path, case: &Case) -> Source {
    let git = async |arguments: &[&str], day: Option<i64>| {
        let identity = ["-c", "user.name=Ann", "-c", "user.email=ann@example.org", "-c", "commit.gpgsign=false"];
        let arguments = identity.into_iter().chain(arguments.iter().copied());
        let environment = day.map_or_else(programs, |day| {
            // The first second of 2020, in UTC.
            let time = format!("{} +0000", 1_577_836_800 + day * 86_400);
            programs().with("GIT_AUTHOR_DATE", &time).with("GIT_COMMITTER_DATE", &time)
        });
        let command = Command::new("git", arguments, project, environment, Duration::from_secs(60));
        let output = SystemProcesses.run(&command, &Scope::default()).await.expect("git is installed");
        assert!(output.succeeded(), "{command}: {:?}", output.last_lines(5));
    };
    fs::create_dir_all(project).expect("a folder can be made");
    git(&["init", "--quiet", "--initial-branch=main"], None).await;
    let mut last = None;
    for Earlier { day, branch, files } in &case.history {
        write(project, files);
        git(&["add", "--all"], None).await;
        git(&["commit", "--quiet", "--allow-empty", "--message", "Earlier"], Some(*day)).await;
        if let Some(branch) = branch {
            git(&["branch", branch], None).await;
        }
        for path in files.keys() {
            fs::remove_file(project.join(path)).expect("it was just written");
        }
        last = last.max(Some(*day));
    }
    write(project, &case.source);
    git(&["add", "--all"], None).await;
    let sample = ["Sample".to_owned()];
    for message in if case.commits.is_empty() { &sample[..] } else { &case.commits } {
        git(&["commit", "--quiet", "--allow-empty", "--message", message], last.map(|day| day + 1)).await;
    }
    for branch in case.branches.iter().filter(|branch| !branch.is_empty() && *branch != "main") {
        git(&["branch", branch], None).await;
    }
    let repository = Repository::discover(project).expect("the repository was just made");
    let commit = repository.head().expect("it has a commit").hash;
    Source { repository, commit }
}

fn messages(text: &str) -> Vec<String> {
    text.split("---\n").map(|message| message.trim().to_owned()).filter(|message| !message.is_empty()).collect()
}

/// Programs, those that `setup` installed among them, and none of the user's own settings.
#[expect(clippy::disallowed_methods, reason = "only the environment tells where the user's data is")]
fn programs() -> Environment {
    let own = Environment::from_iter(std::env::vars_os());
    (own.allow(&["HOME", "XDG_DATA_HOME"]))
        .with("PATH", "/usr/local/bin:/usr/bin:/bin")
        .with("GIT_CONFIG_GLOBAL", "/dev/null")
        .with("GIT_CONFIG_NOSYSTEM", "1")
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.expect("a folder can be listed").path()).collect();
    paths.sort();
    paths
}

fn links(folder: &Path) -> BTreeMap<PathBuf, PathBuf> {
    let relative = |path: &PathBuf| path.strip_prefix(folder).expect("it is listed below its folder").to_owned();
    files(folder).iter().filter_map(|path| Some((relative(path), fs::read_link(path).ok()?))).collect()
}

fn files(folder: &Path) -> Vec<PathBuf> {
    entries(folder).into_iter().flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}

/// What an example in the docs says of itself.
#[derive(Debug)]
enum Expected {
    Passes,
    Blocks(String),
}

fn examples(meta: &KindMeta) -> Vec<(Case, Expected)> {
    let docs = std::iter::once((meta.id, meta.docs)).chain(meta.codes.iter().map(|code| (code.id, code.docs)));
    docs.flat_map(|(of, docs)| {
        let mut config = String::new();
        let (mut site, mut source) = (BTreeMap::new(), BTreeMap::new());
        let mut examples = Vec::new();
        for (number, (info, content)) in blocks(docs).into_iter().enumerate() {
            let name = format!("example {} in the docs of `{of}`", number + 1);
            let Some((language, promise)) = info.split_once(',') else {
                if info == "toml" {
                    config = content;
                }
                continue;
            };
            match promise.split_once('=') {
                Some(("site", path)) if !path.contains(',') => {
                    site.insert(path.into(), content.into_bytes());
                    continue;
                }
                Some(("source", path)) if !path.contains(',') => {
                    source.insert(path.into(), content.into_bytes());
                    continue;
                }
                _ => {}
            }
            let case = Case { name: name.clone(), config: std::mem::take(&mut config), ..Case::default() };
            let (place, promise) = promise.split_once(',').map_or(("", promise), |(place, promise)| (place, promise));
            let file = |path: &str| BTreeMap::from([(path.into(), content.clone().into_bytes())]);
            let case = match (language, place.split_once('=')) {
                (_, Some(("site", path))) => Case { site: file(path), ..case },
                (_, Some(("source", path))) => Case { source: file(path), ..case },
                ("html", None) => Case { site: file("index.html"), ..case },
                ("html", Some(("under", path))) => {
                    Case { site: file("index.html"), base_path: path.to_owned(), ..case }
                }
                ("commits", None) => Case { commits: messages(&content), ..case },
                ("branches", None) => Case { branches: content.lines().map(str::to_owned).collect(), ..case },
                _ => panic!("{name}: no sample can be made of `{info}`"),
            };
            let mut case = case;
            case.site.append(&mut site);
            case.source.append(&mut source);
            let expected = match promise.split_once('=') {
                None if promise == "passes" => Expected::Passes,
                Some(("blocks", code)) => Expected::Blocks(code.to_owned()),
                _ => panic!("{name}: `{promise}` is neither `passes` nor `blocks=<code>`"),
            };
            examples.push((case, expected));
        }
        examples
    })
    .collect()
}

/// Returns the fenced code blocks of a Markdown text: what stands behind the fence, and the lines between.
fn blocks(docs: &str) -> Vec<(String, String)> {
    let mut blocks = Vec::new();
    let mut open: Option<(String, String)> = None;
    for line in docs.lines() {
        // Doc comments begin with a blank.
        let line = line.strip_prefix(' ').unwrap_or(line);
        match (&mut open, line.strip_prefix("```")) {
            (None, Some(info)) => open = Some((info.trim().to_owned(), String::new())),
            (Some(_), Some(_)) => blocks.extend(open.take()),
            (Some((_, content)), None) => {
                content.push_str(line);
                content.push('\n');
            }
            (None, None) => {}
        }
    }
    assert!(open.is_none(), "a code block has no end: {docs}");
    blocks
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn code_blocks_are_found_with_what_they_say_of_themselves() {
        let docs = " A gate.\n\n ```toml\n key = 1\n ```\n ```html,passes\n <p>\n   x\n ```\n";
        assert_eq!(
            blocks(docs),
            [("toml".to_owned(), "key = 1\n".to_owned()), ("html,passes".to_owned(), "<p>\n  x\n".to_owned())]
        );
    }
}
