//! Killed with -9 at every durable operation and every journaled step there is, one after the other.
//!
//! After each kill: users see the old release or the new one and no mix, the next command settles what was
//! interrupted, no record that was there is gone or altered, the log verifies, nothing is left over, and a deployment
//! goes through.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};

use charter_tests::Site;
use charter_tests::git_server::{PagesHost, publish_to_branch};

use crate::PROGRAM;

/// Walks through every point that `arguments` passes in a copy of `before`. `outcomes` are the versions that users may
/// see after the kill.
fn sweep(before: &Site, arguments: &[&str], outcomes: &[Option<u32>], fault: &(dyn Fn(u64) -> String + Sync)) {
    sweep_prepared(before, &|_| (), arguments, outcomes, fault);
}

/// Does that with copies each of which has been prepared; what that returns lives as long as the copy.
fn sweep_prepared<G>(
    before: &Site,
    prepare: &(dyn Fn(&Site) -> G + Sync),
    arguments: &[&str],
    outcomes: &[Option<u32>],
    fault: &(dyn Fn(u64) -> String + Sync),
) {
    let copy = || {
        let copy = before.copy();
        let guard = prepare(&copy);
        (copy, guard)
    };
    let (counted, _guard) = copy();
    let points = counted.count_points(arguments);
    assert!(points > 20, "only {points} points: the sweep would show nothing");
    let acknowledged = before.records();
    let next = AtomicU64::new(1);
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(2, usize::from) {
            scope.spawn(|| {
                loop {
                    let point = next.fetch_add(1, Ordering::Relaxed);
                    if point > points {
                        break;
                    }
                    let (struck, _guard) = copy();
                    strike(&struck, arguments, outcomes, &acknowledged, &fault(point));
                }
            });
        }
    });
}

fn strike(
    site: &Site,
    arguments: &[&str],
    outcomes: &[Option<u32>],
    acknowledged: &BTreeMap<String, String>,
    fault: &str,
) {
    let struck = site.run_with_fault(arguments, fault);
    let seen = site.version_seen();
    assert!(outcomes.contains(&seen), "{fault}: users see {seen:?}: {}", struck.text());
    // A kill leaves no exit code; an error leaves one of these: done all the same, not published, or rolled back.
    assert!(matches!(struck.code, None | Some(0 | 12 | 13)), "{fault}: {:?}: {}", struck.code, struck.text());

    let resumed = site.run(&["resume"]);
    assert_eq!(resumed.code, Some(0), "{fault}: {}\n{}", struck.text(), resumed.text());
    let seen = site.version_seen();
    assert!(outcomes.contains(&seen), "{fault}: after resuming users see {seen:?}");
    assert_eq!(site.journals(), Vec::<String>::new(), "{fault}: something is left unfinished: {}", resumed.text());

    let verified = site.run(&["verify"]);
    assert_eq!(verified.code, Some(0), "{fault}: {}\n{}\n{}", struck.text(), resumed.text(), verified.text());
    let records = site.records();
    for (name, text) in acknowledged {
        assert_eq!(records.get(name), Some(text), "{fault}: an acknowledged record is gone or altered");
    }
    let shown = records.values().filter(|text| text.contains("\"status\": \"success\"")).count();
    let branches = site.git(&["branch", "--list", "*-prod-*"]).lines().count();
    assert!(branches >= shown, "{fault}: {shown} successes but {branches} production branches");

    site.publish_version(9);
    let deployed = site.run(&["deploy"]);
    assert_eq!(deployed.code, Some(0), "{fault}: {}\n{}", struck.text(), deployed.text());
    assert_eq!(site.version_seen(), Some(9), "{fault}");
    let leftovers =
        charter_tests::run(charter_tests::command("find").arg(site.project()).args(["-name", ".charter-tmp-*"]));
    assert_eq!(leftovers.stdout, "", "{fault}: temporary files are left");
    assert_eq!(site.run(&["verify"]).code, Some(0), "{fault}");
    if site.git(&["remote"]).contains("origin") {
        let pushed = site.git(&["ls-remote", "--heads", "origin", "*-prod-*"]);
        let kept = site.git(&["for-each-ref", "--format=%(objectname)\t%(refname)", "refs/heads/*-prod-*"]);
        assert_eq!(pushed, kept, "{fault}: a production branch was not pushed");
    }
}

fn kill(point: u64) -> String {
    format!("kill:{point}")
}

/// A failing disk: `EIO`.
fn input_output_error(point: u64) -> String {
    format!("error:5:{point}")
}

fn deployed_once() -> Site {
    let site = Site::new(PROGRAM);
    site.run(&["deploy"]).expect(0);
    site.publish_version(2);
    site
}

fn deployed_twice() -> Site {
    let site = deployed_once();
    site.run(&["deploy"]).expect(0);
    site
}

fn about_to_fail() -> Site {
    let site = deployed_once();
    site.write("charter.toml", site.read("charter.toml").replace("Tides", "no such text"));
    site.commit("Demand what is not there");
    site
}

#[test]
fn the_first_deployment_survives_a_kill_anywhere() {
    sweep(&Site::new(PROGRAM), &["deploy"], &[None, Some(1)], &kill);
}

#[test]
fn an_update_whose_branch_is_pushed_survives_a_kill_anywhere() {
    let site = Site::new(PROGRAM);
    site.git(&["init", "--quiet", "--bare", "../remote.git"]);
    site.git(&["remote", "add", "origin", "../remote.git"]);
    let branches = "[environments.production]\nbranches = { remote = \"origin\" }";
    site.write("charter.toml", site.read("charter.toml").replace("[environments.production]", branches));
    site.commit("Push production branches");
    site.run(&["deploy"]).expect(0);
    site.publish_version(2);
    sweep(&site, &["deploy"], &[Some(1), Some(2)], &kill);
}

#[test]
fn a_rollback_survives_a_kill_anywhere() {
    sweep(&deployed_twice(), &["rollback"], &[Some(1), Some(2)], &kill);
}

#[test]
fn an_update_survives_a_disk_error_anywhere() {
    sweep(&deployed_once(), &["deploy"], &[Some(1), Some(2)], &input_output_error);
}

#[test]
fn taking_a_bad_release_back_survives_a_kill_anywhere() {
    let site = about_to_fail();
    let configuration = site.read("charter.toml");
    let points = site.copy().count_points(&["deploy"]);
    assert!(points > 20);
    for point in 1..=points {
        let site = site.copy();
        let _ = site.run_with_fault(&["deploy"], &kill(point));
        site.run(&["resume"]).expect(0);
        assert_eq!(site.version_seen(), Some(1), "point {point}: the bad release is not what users see");
        assert_eq!(site.journals(), Vec::<String>::new(), "point {point}");
        site.run(&["verify"]).expect(0);
        site.write("charter.toml", configuration.replace("no such text", "Tides"));
        site.commit("Put it right");
        site.run(&["deploy"]).expect(0);
    }
}

/// A project that publishes to a branch. The host of that branch is another for each copy.
fn on_a_branch() -> (Site, PagesHost) {
    let site = Site::new(PROGRAM);
    publish_to_branch(&site);
    let host = PagesHost::start(&site);
    (site, host)
}

#[test]
fn the_first_publication_to_a_branch_survives_a_kill_anywhere() {
    let (site, _host) = on_a_branch();
    sweep_prepared(&site, &PagesHost::start, &["deploy"], &[None, Some(1)], &kill);
}

#[test]
fn an_update_of_a_branch_survives_a_kill_anywhere() {
    let (site, _host) = on_a_branch();
    site.run(&["deploy"]).expect(0);
    site.publish_version(2);
    sweep_prepared(&site, &PagesHost::start, &["deploy"], &[Some(1), Some(2)], &kill);
}

#[test]
fn an_update_of_a_branch_survives_a_disk_error_anywhere() {
    let (site, _host) = on_a_branch();
    site.run(&["deploy"]).expect(0);
    site.publish_version(2);
    sweep_prepared(&site, &PagesHost::start, &["deploy"], &[Some(1), Some(2)], &input_output_error);
}

#[test]
fn going_back_on_a_branch_survives_a_kill_anywhere() {
    let (site, _host) = on_a_branch();
    site.run(&["deploy"]).expect(0);
    site.publish_version(2);
    site.run(&["deploy"]).expect(0);
    sweep_prepared(&site, &PagesHost::start, &["rollback"], &[Some(1), Some(2)], &kill);
}
