//! Two at once: one goes on, the other is told who was first.

use std::io::{BufRead, BufReader};
use std::process::{Child, Stdio};

use charter_tests::{CONFIGURATION, Site, command, run};

use crate::PROGRAM;

/// A site whose build waits until a file called `go` appears beside the project.
fn slow() -> Site {
    let site = Site::new(PROGRAM);
    let go = site.folder().join("go");
    site.write(
        "build.sh",
        format!(
            "touch {}\nwhile [ ! -e {} ]; do sleep 0.05; done\nmkdir dist; cp -r public/. dist/\n",
            site.folder().join("started").display(),
            go.display()
        ),
    );
    site.write(".gitignore", "/production/\n/dist/\n");
    // The argument is for finding the process.
    let marker = site.folder().display().to_string();
    let command = format!("command = [\"sh\", \"build.sh\", {marker:?}]\noutput = \"dist\"");
    site.write("charter.toml", CONFIGURATION.replace("output = \"public\"", &command));
    site.commit("Build slowly");
    site
}

/// Starts a deployment and returns once its build has begun.
fn start(site: &Site) -> Child {
    let mut child = site.command(&["deploy", "--format", "json"]).stdout(Stdio::piped()).spawn().unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut seen = Vec::new();
    for line in lines.map_while(Result::ok) {
        let begun = line.contains("build-started");
        seen.push(line);
        if begun {
            while !site.folder().join("started").exists() {
                std::thread::yield_now();
            }
            return child;
        }
    }
    let _ = child.wait();
    panic!("the build did not begin: {seen:?}");
}

#[test]
fn a_second_deployment_from_the_same_clone_is_told_who_was_first() {
    let site = slow();
    let mut first = start(&site);
    let second = site.run(&["deploy"]).expect(17);
    assert!(second.text().contains(&first.id().to_string()), "the holder is named: {}", second.text());
    assert!(second.text().contains("users"), "{}", second.text());
    std::fs::write(site.folder().join("go"), "").unwrap();
    assert!(first.wait().unwrap().success());
}

#[test]
fn a_second_clone_with_the_same_docroot_is_told_who_was_first() {
    let site = slow();
    let docroot = site.folder().join("docroot");
    let configuration = site.read("charter.toml").replace("production/site", &docroot.display().to_string());
    site.write("charter.toml", configuration);
    site.commit("Share the docroot");
    let clone = site.folder().join("clone");
    run(command("git").args(["clone", "--quiet"]).arg(site.project()).arg(&clone)).expect(0);
    let mut first = start(&site);
    let second = run(site.command(&["deploy", "--project"]).arg(&clone)).expect(17);
    assert!(second.text().contains(&first.id().to_string()), "the holder is named: {}", second.text());
    std::fs::write(site.folder().join("go"), "").unwrap();
    assert!(first.wait().unwrap().success());
}

#[test]
fn a_killed_holder_blocks_nobody_and_leaves_no_process_behind() {
    let site = slow();
    let mut first = start(&site);
    first.kill().unwrap();
    first.wait().unwrap();
    let build = format!("sh build.sh {}", site.folder().display());
    assert_eq!(run(command("pgrep").args(["--full", &build])).code, Some(0), "the build outlives its parent");
    site.run(&["resume"]).expect(0);
    // The kernel ends the group at once, but tells `/proc` when it gets round to it.
    while run(command("pgrep").args(["--full", &build])).code == Some(0) {
        std::thread::yield_now();
    }
    std::fs::write(site.folder().join("go"), "").unwrap();
    site.run(&["deploy"]).expect(0);
    assert_eq!(site.version_seen(), Some(1));
}

#[test]
fn an_interrupted_build_ends_with_nothing_changed() {
    let site = slow();
    let mut first = start(&site);
    run(command("kill").args(["-INT", &first.id().to_string()])).expect(0);
    assert_eq!(first.wait().unwrap().code(), Some(12));
    assert_eq!(site.version_seen(), None);
    assert!(site.journals().is_empty());
    site.run(&["verify"]).expect(0);
}
