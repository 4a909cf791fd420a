//! What blackbox_exporter and curl say of the same servers. Where they say otherwise, the case says why.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use charter_deploy_model::UptimeStatus;
use charter_host::{Environment, Host};
use serde_json::{Value, json};
use tokio::process::{Child, Command};
use tokio::task::JoinSet;

use crate::cases::{Case, all};
use crate::matrix::look;
use crate::names;

/// Says whether a program is installed; tests that must run everything fail without it.
#[expect(clippy::disallowed_methods, reason = "the check tells its tests through the environment")]
pub(crate) fn has(program: &str) -> bool {
    let is_there = ["/usr/local/bin", "/usr/bin", "/usr/sbin"].iter().any(|at| Path::new(at).join(program).exists());
    if !is_there {
        assert!(std::env::var_os("CHARTER_TEST_ALL").is_none(), "{program} is missing");
        // Past the test harness, which shows only what failing tests print.
        let _ = writeln!(std::io::stderr(), "SKIPPED: {program} is missing; `cargo xtask check --all` installs it");
    }
    is_there
}

/// Starts blackbox_exporter with a module a case, and returns where it answers.
#[expect(clippy::disallowed_methods, reason = "a program to compare with")]
pub(crate) async fn blackbox(cases: &[Case], folder: &Path) -> (Child, String) {
    let modules: BTreeMap<String, &Value> = (cases.iter().enumerate())
        .filter_map(|(number, case)| Some((format!("m{number}"), &case.blackbox.as_ref()?.0)))
        .collect();
    let file = folder.join("blackbox.yml");
    std::fs::write(&file, json!({ "modules": modules }).to_string()).unwrap();
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let at = format!("127.0.0.1:{port}");
    let mut program = Command::new("prometheus-blackbox-exporter");
    program.arg(format!("--config.file={}", file.display())).arg(format!("--web.listen-address={at}"));
    let errors = std::fs::File::create(folder.join("blackbox.log")).unwrap();
    let child = program.stdout(Stdio::null()).stderr(errors).kill_on_drop(true).spawn().unwrap();
    let http = Host::system(Environment::default()).http().unwrap();
    let url = format!("http://{at}/-/healthy");
    while http.get(&url).send().await.is_err() {
        let log = std::fs::read_to_string(folder.join("blackbox.log")).unwrap();
        assert!(!log.contains("level=error"), "{log}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    (child, at)
}

async fn ask_blackbox(at: String, number: usize, target: String) -> bool {
    let http = Host::system(Environment::default()).http().unwrap();
    let mut url = url::Url::parse(&format!("http://{at}/probe")).unwrap();
    url.query_pairs_mut().append_pair("target", &target).append_pair("module", &format!("m{number}"));
    let text = http.get(url).send().await.unwrap().text().await.unwrap();
    assert!(text.contains("\nprobe_success "), "{text}");
    text.contains("\nprobe_success 1\n")
}

#[expect(clippy::disallowed_methods, reason = "a program to compare with")]
async fn ask_curl(arguments: Vec<String>) -> bool {
    let mut curl = Command::new("curl");
    let output = curl.args(["-o", "/dev/null", "-w", "%{http_code}"]).args(arguments).output().await.unwrap();
    output.status.success() && String::from_utf8_lossy(&output.stdout).starts_with('2')
}

#[tokio::test(flavor = "multi_thread")]
async fn others_agree_or_it_is_known_why_not() {
    let (has_blackbox, has_curl) = (has("prometheus-blackbox-exporter"), has("curl"));
    let folder = tempfile::tempdir().unwrap();
    let cases = all(folder.path(), names::serve().await).await;
    let ours = look(&cases).await;
    let mut asked = JoinSet::new();
    let exporter = if has_blackbox { Some(blackbox(&cases, folder.path()).await) } else { None };
    for (number, case) in cases.iter().enumerate() {
        if let (Some((_, target)), Some((_, at))) = (&case.blackbox, &exporter) {
            let (at, target) = (at.clone(), target.clone());
            asked.spawn(async move { (number, "blackbox", ask_blackbox(at, number, target).await) });
        }
        if let Some(arguments) = case.curl.clone().filter(|_| has_curl) {
            asked.spawn(async move { (number, "curl", ask_curl(arguments).await) });
        }
    }
    let (mut wrong, mut agreed) = (Vec::new(), 0);
    for (number, who, is_up) in asked.join_all().await {
        let case = &cases[number];
        let differs = (ours[number].0 != UptimeStatus::Down) != is_up;
        let known = case.differs.iter().find(|(name, _)| *name == who);
        agreed += usize::from(!differs);
        match (differs, known) {
            (true, None) => wrong.push(format!("{}: {who} says up: {is_up}, we say {:?}", case.name, ours[number])),
            (false, Some((_, why))) => wrong.push(format!("{}: {who} agrees, although {why}", case.name)),
            _ => {}
        }
    }
    println!("{agreed} verdicts agree");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
