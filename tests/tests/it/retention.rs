//! Records go when the policy says so, never what is needed, and a crash anywhere leaves a sound store.

use std::collections::BTreeMap;
use std::fs;
use std::io::{Read as _, Seek as _, SeekFrom};
use std::sync::Arc;

use charter_backup::{BackupEngine, Content, SnapshotEngine};
use charter_deploy_model::{ProductionDeployment, UptimeIncident};
use charter_host::lock::{self, Holder};
use charter_host::{Clock, Scope};
use charter_store::{FileBackend, Store};
use charter_tests::{Ran, Site, command, run};
use jiff::{Timestamp, ToSpan};
use serde_json::{Value, json};

use crate::PROGRAM;

/// A deployment as it was recorded years ago, to production unless said otherwise.
fn old(id: &str, changes: &Value) -> ProductionDeployment {
    let stamp = id.trim_end_matches("-deployment");
    let time = format!(
        "{}-{}-{}T{}:{}:{}Z",
        &stamp[..4],
        &stamp[4..6],
        &stamp[6..8],
        &stamp[9..11],
        &stamp[11..13],
        &stamp[13..15]
    );
    let mut record = json!({
        "deploymentId": id,
        "commitHash": "0123456789abcdef0123456789abcdef01234567",
        "branchName": format!("{stamp}-prod-long-ago"),
        "timestamp": time,
        "finishedAt": time,
        "environment": "production",
        "deploymentType": "update",
        "triggerSource": "manual",
        "deployedBy": "ann",
        "buildInfo": { "optimizations": [] },
        "validation": {},
        "status": "success",
        "deploymentUrl": "https://example.org/",
        "releaseId": format!("{stamp}-0123456789ab"),
        "errors": [],
        "warnings": ["the words of a warning, to give the record some length ".repeat(20)],
        "metadata": { "constitutionalCompliance": true, "performanceBaseline": true, "userImpact": "none" },
    });
    let members = record.as_object_mut().unwrap();
    for (name, value) in changes.as_object().unwrap() {
        members.insert(name.clone(), value.clone());
    }
    serde_json::from_value(record).unwrap()
}

/// Opens the site's records beside the program.
async fn store(site: &Site) -> Store {
    let records = site.project().join("production");
    Store::open(Arc::new(FileBackend::open(&records).unwrap())).await.unwrap()
}

/// Puts deployments on record that nobody made here.
fn put_on_record(site: &Site, deployments: &[ProductionDeployment]) {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let store = store(site).await;
        // The last one is the newest; the order of the others does not matter here.
        let (newest, others) = deployments.split_last().unwrap();
        let mut running = tokio::task::JoinSet::new();
        for deployment in others {
            let (store, deployment) = (store.clone(), deployment.clone());
            running.spawn(async move { store.append(&deployment).await.unwrap() });
        }
        running.join_all().await;
        store.append(newest).await.unwrap();
    });
}

const OLDEST: &str = "20210301-080000-deployment";
const OLD: &str = "20220301-080000-deployment";

/// A project that has been deployed to for years, whose last two versions are of today.
fn years_old() -> Site {
    let site = Site::new(PROGRAM);
    let today = now().to_zoned(jiff::tz::TimeZone::UTC);
    let months_ago =
        |months: i32| today.checked_sub(months.months()).unwrap().strftime("%Y%m%d-%H%M%S-deployment").to_string();
    put_on_record(&site, &[old(OLDEST, &json!({}))]);
    put_on_record(&site, &[old(OLD, &json!({ "previousReleaseId": "20210301-080000-0123456789ab" }))]);
    put_on_record(&site, &[old("20230301-080000-deployment", &json!({ "status": "failed" }))]);
    put_on_record(&site, &[old(&months_ago(8), &json!({}))]);
    put_on_record(&site, &[old(&months_ago(2), &json!({}))]);
    site.run(&["deploy"]).expect(0);
    site.publish_version(2);
    site.run(&["deploy"]).expect(0);
    site
}

#[expect(clippy::disallowed_methods, reason = "the program under test reads the same clock")]
fn now() -> Timestamp {
    Timestamp::now()
}

/// What is to be done with each record, by its path.
fn actions(site: &Site) -> BTreeMap<String, (String, Value)> {
    let ran = site.run(&["retention", "plan", "--all", "--format", "json"]).expect(0);
    let plan: Value = serde_json::from_str(ran.stdout.lines().last().unwrap()).unwrap();
    let of = |record: &Value| {
        let text = |name: &str| record[name].as_str().unwrap().to_owned();
        (text("path"), (text("action"), record["why"].clone()))
    };
    plan["records"].as_array().unwrap().iter().map(of).collect()
}

/// Every file of the records, with its bytes.
fn files(site: &Site) -> BTreeMap<String, Vec<u8>> {
    let records = site.project().join("production");
    let found = run(command("find").current_dir(&records).args(["-type", "f", "-not", "-path", "./site/*"])).expect(0);
    found.stdout.lines().map(|path| (path.to_owned(), fs::read(records.join(path)).unwrap())).collect()
}

/// The names in the folder of deployments.
fn names(site: &Site) -> Vec<String> {
    let entries = fs::read_dir(site.project().join("production/deployments")).unwrap();
    let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn the_plan_changes_nothing_and_is_what_is_done() {
    let site = years_old();
    let before = files(&site);
    let said = site.run(&["retention", "plan"]).expect(0);
    assert!(said.stdout.contains("3 records to be removed and 1 to be compressed"), "{}", said.text());
    assert!(said.stdout.contains("past 1 year"), "{}", said.text());
    assert_eq!(files(&site), before, "a plan changes nothing");

    let actions = actions(&site);
    let count = |action: &str| actions.values().filter(|(it, _)| it == action).count();
    assert_eq!((count("prune"), count("archive")), (3, 1), "{actions:?}");
    let live = actions.values().filter(|(_, why)| why["pin"] == "live").count();
    let staged = actions.values().filter(|(_, why)| why["pin"] == "staged").count();
    assert_eq!((live, staged), (1, 1), "{actions:?}");

    let done = site.run(&["retention", "apply"]).expect(0);
    assert!(done.stdout.contains("3 records removed and 1 compressed"), "{}", done.text());
    let left = names(&site);
    assert_eq!(left.iter().filter(|name| name.ends_with("-deployment.json.zst")).count(), 1, "{left:?}");
    assert_eq!(left.iter().filter(|name| name.ends_with("-deployment.json")).count(), 3, "{left:?}");
    assert!(!left.iter().any(|name| name.starts_with("2021") || name.starts_with("2022")), "{left:?}");
    site.run(&["verify"]).expect(0);
    assert_eq!(site.journals(), Vec::<String>::new());

    let again = site.run(&["retention", "apply"]).expect(0);
    assert!(again.stdout.contains("nothing was to be done"), "{}", again.text());
    let pruned = site.run(&["retention", "pruned"]).expect(0);
    for word in [OLDEST, OLD, "20230301-080000-deployment", "failed", "0123456789ab"] {
        assert!(pruned.stdout.contains(word), "history still tells what was: {}", pruned.text());
    }
    // What is compressed is told as before, and what is gone is not forgotten.
    let history = site.run(&["history"]).expect(0);
    assert_eq!(history.stdout.matches("-deployment").count(), 4, "{}", history.text());
    assert!(history.stderr.contains("3 older ones were removed"), "{}", history.text());
    let shown = site.run(&["show", OLD]).expect(2);
    assert!(shown.text().contains("was removed"), "{}", shown.text());

    site.run(&["rollback"]).expect(0);
    assert_eq!(site.version_seen(), Some(1), "going back works as before");
    site.publish_version(3);
    site.run(&["deploy"]).expect(0);
    site.run(&["verify"]).expect(0);
}

#[test]
fn a_record_of_a_pruning_tells_policy_and_reasons() {
    let site = years_old();
    site.run(&["retention", "apply"]).expect(0);
    let folder = site.project().join("production/integrity/prunings");
    let names: Vec<_> = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    let record = names.iter().find(|path| !path.ends_with("index.json")).unwrap();
    let record: Value = serde_json::from_slice(&fs::read(record).unwrap()).unwrap();
    assert_eq!(record["schema"], "pruning/1");
    assert_eq!(record["count"], 3);
    assert_eq!(record["paths"].as_array().unwrap().len(), 3);
    assert_eq!(record["policy"]["deployments"]["retention"], "1 year");
    assert_eq!((&record["first"], &record["last"]), (&json!("2021-03-01T08:00:00Z"), &json!("2023-03-01T08:00:00Z")));
    let first = &record["records"][0];
    assert_eq!(
        (&first["id"], &first["status"], &first["environment"]),
        (&json!(OLDEST), &json!("success"), &json!("production"))
    );
    assert_eq!(first["why"]["reason"], "expired");
}

#[test]
fn a_hold_keeps_a_deployment_until_it_is_lifted() {
    let site = years_old();
    let refused = site.run(&["retention", "hold", "20200101-000000-deployment", "--reason", "an incident"]);
    assert_eq!(refused.code, Some(12), "{}", refused.text());
    site.run(&["retention", "hold", "nonsense", "--reason", "an incident"]).expect(2);
    site.run(&["retention", "hold", OLD, "--reason", " "]).expect(2);

    site.run(&["retention", "hold", OLD, "--reason", "the outage of that day"]).expect(0);
    let actions = self::actions(&site);
    let path = |id: &str| format!("deployments/{id}.json");
    assert_eq!(actions[&path(OLD)].1["reason"], "held", "{actions:?}");
    assert_eq!(actions[&path(OLDEST)].1["reason"], "referred-to", "what it replaced stays: {actions:?}");
    site.run(&["retention", "apply"]).expect(0);
    assert!(names(&site).iter().any(|name| name.starts_with(OLDEST)));

    let listed = site.run(&["retention", "holds"]).expect(0);
    assert!(
        listed.stdout.contains("in force") && listed.stdout.contains("the outage of that day"),
        "{}",
        listed.text()
    );
    let hold = listed.stdout.split_whitespace().find(|word| word.ends_with("-hold")).unwrap().to_owned();
    site.run(&["retention", "lift", &hold, "--reason", "the report is written"]).expect(0);
    site.run(&["retention", "lift", &hold, "--reason", "again"]).expect(12);
    assert!(site.run(&["retention", "holds"]).expect(0).stdout.contains("lifted"));
    site.run(&["retention", "apply"]).expect(0);
    assert!(!names(&site).iter().any(|name| name.starts_with(OLD) || name.starts_with(OLDEST)));
    site.run(&["verify"]).expect(0);
    let late = site.run(&["retention", "hold", OLD, "--reason", "too late"]).expect(12);
    assert!(late.text().contains("was pruned"), "{}", late.text());
}

#[test]
fn an_incident_keeps_the_deployment_it_was_laid_to() {
    let site = years_old();
    let incident: UptimeIncident = serde_json::from_value(json!({
        "incidentId": "20220301-090000-incident",
        "deploymentId": OLD,
        "startTime": "2022-03-01T09:00:00Z",
        "endTime": "2022-03-01T10:00:00Z",
        "duration": 3600.0,
        "severity": "major",
        "status": "resolved",
        "description": "every page answered with an error",
        "impactedServices": ["https://example.org/"],
    }))
    .unwrap();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async { store(&site).await.append(&incident).await.unwrap() });
    let why = actions(&site)[&format!("deployments/{OLD}.json")].1.clone();
    assert_eq!(why, json!({ "reason": "referred-to", "by": "incidents/20220301-090000-incident.json" }));
    site.run(&["retention", "apply"]).expect(0);
    assert!(names(&site).iter().any(|name| name.starts_with(OLD)));
    site.run(&["verify"]).expect(0);
}

#[test]
fn an_altered_archive_is_found() {
    let site = years_old();
    site.run(&["retention", "apply"]).expect(0);
    let archive = names(&site).into_iter().find(|name| name.ends_with(".zst")).unwrap();
    let path = site.project().join("production/deployments").join(&archive);
    let mut bytes = fs::read(&path).unwrap();
    let last = bytes.len() - 1;
    bytes[last] ^= 1;
    fs::write(&path, bytes).unwrap();
    let verified = site.run(&["verify"]).expect(15);
    assert!(verified.text().contains(archive.trim_end_matches(".zst")), "{}", verified.text());
    site.run(&["retention", "apply"]).expect(15);
}

#[test]
fn nothing_goes_while_a_deployment_is_under_way_or_unfinished() {
    let site = years_old();
    let records = site.project().join("production");
    let holder = Holder::this_process("deploy", &site.project(), now());
    let held = lock::take(&records.join("lock"), &holder).unwrap();
    for arguments in [&["retention", "apply"][..], &["backup", "prune"]] {
        let refused = site.run(arguments).expect(17);
        assert!(refused.text().contains(&std::process::id().to_string()), "the holder is named: {}", refused.text());
    }
    drop(held);

    site.publish_version(3);
    let points = site.copy().count_points(&["deploy"]);
    let _ = site.run_with_fault(&["deploy"], &format!("kill:{}", points / 2));
    assert!(!site.journals().is_empty());
    let refused = site.run(&["retention", "apply"]).expect(12);
    assert!(refused.text().contains("cargo xtask resume"), "{}", refused.text());
    assert!(names(&site).iter().any(|name| name.starts_with(OLD)));
    site.run(&["resume"]).expect(0);
    site.run(&["retention", "apply"]).expect(0);
    site.run(&["verify"]).expect(0);
}

#[test]
fn what_is_live_elsewhere_stays_too() {
    let site = Site::new(PROGRAM);
    let staging = "[environments.staging]\ntarget = { kind = \"docroot\", path = \"production/staging\" }\n";
    site.write("charter.toml", format!("{}{staging}", site.read("charter.toml")));
    site.commit("Add staging");
    let id = "20210301-080000-deployment";
    put_on_record(&site, &[old(id, &json!({ "environment": "staging", "branchName": "main" }))]);
    put_on_record(
        &site,
        &[old("20210401-080000-deployment", &json!({ "environment": "staging", "branchName": "main" }))],
    );
    site.run(&["deploy"]).expect(0);
    let path = format!("deployments/{id}.json");
    assert_eq!(actions(&site)[&path].0, "prune", "its release is on no target");

    // The release is staged there, and then staging cannot be asked.
    let releases = site.project().join("production/staging/releases");
    fs::create_dir_all(releases.parent().unwrap()).unwrap();
    fs::write(&releases, "not a folder").unwrap();
    let (action, why) = actions(&site)[&path].clone();
    assert_eq!((action.as_str(), &why["pin"]), ("keep", &json!("unknown")), "{why}");
}

#[test]
fn a_shorter_period_than_is_settled_is_refused() {
    let site = Site::new(PROGRAM);
    let with = |section: &str| site.write("charter.toml", format!("{}\n{section}\n", charter_tests::CONFIGURATION));
    with("[retention.deployments]\nretention = \"11 months\"");
    let refused = site.run(&["retention", "plan"]).expect(2);
    assert!(refused.text().contains("at least `1 year`"), "{}", refused.text());
    with("[retention.deployments]\narchive-after = \"soon\"");
    let refused = site.run(&["retention", "plan"]).expect(2);
    assert!(refused.text().contains("such as `1 year`"), "{}", refused.text());
    with("[retention.configuration]\nactive-versions = 3");
    site.run(&["retention", "plan"]).expect(2);
    with("[retention.deployments]\nretention = \"2 years\"\ncompliance-sensitive = true");
    site.run(&["retention", "plan"]).expect(0);
}

/// Goes through every point that applying the policy passes.
fn sweep(fault: &(dyn Fn(u64) -> String + Sync)) {
    let before = years_old();
    let whole = before.copy();
    let points = whole.count_points(&["retention", "apply"]);
    assert!(points > 40, "only {points} points: the sweep would show nothing");
    let (expected, kept) = (names(&whole), before.records());
    let next = std::sync::atomic::AtomicU64::new(1);
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(2, usize::from) {
            scope.spawn(|| {
                loop {
                    let point = next.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
                    if point > points {
                        break;
                    }
                    strike(&before.copy(), &fault(point), &expected, &kept);
                }
            });
        }
    });
}

fn strike(site: &Site, fault: &str, expected: &[String], kept: &BTreeMap<String, String>) {
    let struck = site.run_with_fault(&["retention", "apply"], fault);
    assert!(matches!(struck.code, None | Some(0 | 12)), "{fault}: {:?}: {}", struck.code, struck.text());
    assert_eq!(site.version_seen(), Some(2), "{fault}: users see what they saw");

    // The next command that takes the lock completes what was announced; what was not is for the next time.
    let resumed = site.run(&["resume"]);
    assert_eq!(resumed.code, Some(0), "{fault}: {}\n{}", struck.text(), resumed.text());
    assert_eq!(site.journals(), Vec::<String>::new(), "{fault}: {}", resumed.text());
    let verified = site.run(&["verify"]);
    assert_eq!(verified.code, Some(0), "{fault}: {}\n{}", struck.text(), verified.text());

    site.run(&["retention", "apply"]).expect(0);
    let verified = site.run(&["verify"]);
    assert_eq!(verified.code, Some(0), "{fault}: {}\n{}", struck.text(), verified.text());
    assert_eq!(names(site), expected, "{fault}");
    for (name, text) in site.records() {
        assert_eq!(kept.get(&name), Some(&text), "{fault}: a record that stays was altered");
    }
    let pruned = site.run(&["retention", "pruned"]).expect(0);
    for id in [OLDEST, OLD] {
        assert_eq!(pruned.stdout.matches(id).count(), 1, "{fault}: {}", pruned.text());
    }
    site.run(&["rollback"]).expect(0);
    assert_eq!(site.version_seen(), Some(1), "{fault}");
    let leftovers = run(command("find").arg(site.project()).args(["-name", ".charter-tmp-*"]));
    assert_eq!(leftovers.stdout, "", "{fault}: temporary files are left");
}

#[test]
fn applying_the_policy_survives_a_kill_anywhere() {
    sweep(&|point| format!("kill:{point}"));
}

#[test]
fn applying_the_policy_survives_a_disk_that_is_full_anywhere() {
    sweep(&|point| format!("error:28:{point}"));
}

#[test]
fn placing_a_hold_survives_a_kill_anywhere() {
    let before = years_old();
    let arguments = ["retention", "hold", OLD, "--reason", "an incident"];
    let points = before.copy().count_points(&arguments);
    for point in 1..=points {
        let site = before.copy();
        let _ = site.run_with_fault(&arguments, &format!("kill:{point}"));
        site.run(&["resume"]).expect(0);
        site.run(&["verify"]).expect(0);
        site.run(&arguments).expect(0);
        site.run(&["retention", "apply"]).expect(0);
        assert!(names(&site).iter().any(|name| name.starts_with(OLD)), "point {point}");
        site.run(&["verify"]).expect(0);
    }
}

/// A clock that shows one moment.
#[derive(Debug)]
struct Moment(Timestamp);

impl Clock for Moment {
    fn now(&self) -> Timestamp {
        self.0
    }
}

#[test]
fn old_snapshots_go_and_the_newest_and_the_needed_ones_stay() {
    let site = Site::new(PROGRAM);
    site.write("charter.toml", format!("{}\n[backup]\nfolder = \"../backups\"\n", charter_tests::CONFIGURATION));
    site.commit("Keep the snapshots beside the project");
    let backups = site.folder().join("backups");
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        for day in 1..=14 {
            let at = format!("2024-01-{day:02}T00:00:00Z").parse().unwrap();
            let engine = SnapshotEngine::open(&backups, Arc::new(Moment(at))).unwrap();
            let source = site.folder().join("source");
            fs::create_dir_all(&source).unwrap();
            fs::write(source.join("page.html"), format!("<title>{day}</title>").repeat(100)).unwrap();
            let contents = [Content::folder("live", &source).unwrap()];
            engine.create("long ago", &contents, &Scope::default()).await.unwrap();
        }
    });
    site.run(&["deploy"]).expect(0);
    site.publish_version(2);
    site.run(&["deploy"]).expect(0);
    let count = || fs::read_dir(backups.join("snapshots")).unwrap().count();
    let before = count();
    let planned = site.run(&["backup", "prune", "--dry-run"]).expect(0);
    assert!(planned.stdout.contains("older than 30 days"), "{}", planned.text());
    assert!(planned.stdout.contains("the newest that reads back whole"), "{}", planned.text());
    assert_eq!(count(), before, "a dry run removes nothing");
    site.run(&["backup", "prune"]).expect(0);
    assert_eq!(count(), 10, "the last ten stay");
    site.run(&["backup", "verify"]).expect(0);
    let listed = site.run(&["backup", "list"]).expect(0);
    assert!(!listed.stdout.contains("20240101-000000"), "{}", listed.text());
    assert_eq!(fs::read_dir(backups.join("packs")).unwrap().count() % 2, 0, "each pack has its index");
    site.run(&["rollback"]).expect(0);
}

/// Runs a command and demands that it never took more than 200 MB of memory.
fn bounded(site: &Site, arguments: &[&str]) -> Ran {
    let (stdout, stderr) = (tempfile::tempfile().unwrap(), tempfile::tempfile().unwrap());
    let mut command = site.command(arguments);
    command.stdout(stdout.try_clone().unwrap()).stderr(stderr.try_clone().unwrap());
    let mut child = command.spawn().unwrap();
    let mut peak = 0;
    let status = loop {
        let status = fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap_or_default();
        let kilobytes = status.lines().find_map(|line| line.strip_prefix("VmHWM:")?.split_whitespace().next());
        peak = peak.max(kilobytes.map_or(0, |number| number.parse().unwrap()));
        match child.try_wait().unwrap() {
            Some(status) => break status,
            None => std::thread::yield_now(),
        }
    };
    assert!((1..200_000).contains(&peak), "{arguments:?} took {peak} kB");
    let text = |mut file: fs::File| {
        let mut text = String::new();
        file.seek(SeekFrom::Start(0)).and_then(|_| file.read_to_string(&mut text)).unwrap();
        text
    };
    Ran { code: status.code(), stdout: text(stdout), stderr: text(stderr) }
}

#[test]
fn ten_thousand_records_are_planned_and_pruned_in_bounded_memory() {
    let site = Site::new(PROGRAM);
    let start: Timestamp = "2021-01-01T00:00:00Z".parse().unwrap();
    let id = |number: i64| {
        let at = start.checked_add((number * 60).minutes()).unwrap();
        format!("{}-deployment", at.strftime("%Y%m%d-%H%M%S"))
    };
    let records: Vec<_> = (0..10_000).map(|number| old(&id(number), &json!({}))).collect();
    put_on_record(&site, &records);
    let planned = bounded(&site, &["retention", "plan"]).expect(0);
    assert!(
        planned.stdout.contains("9,999 records to be removed"),
        "{}",
        &planned.text()[planned.text().len() - 500..]
    );
    let done = bounded(&site, &["retention", "apply"]).expect(0);
    assert!(done.stdout.contains("9,999 records removed"), "{}", done.text());
    site.run(&["verify"]).expect(0);
    assert_eq!(site.records().into_keys().collect::<Vec<_>>(), [format!("{}.json", id(9_999))]);
}
