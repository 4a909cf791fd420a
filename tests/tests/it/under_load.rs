//! A real web server serves `current` while releases change: no request fails, none mixes two releases.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use charter_tests::{Site, has, installed};

use crate::PROGRAM;
use crate::web_server::{Nginx, get};

const SWITCHES: u32 = 200;

#[test]
fn two_hundred_switches_fail_no_request() {
    if !has("nginx", installed("nginx")) {
        return;
    }
    let site = Site::new(PROGRAM);
    site.run(&["deploy"]).expect(0);
    let server = Nginx::start(&site);
    let port = server.port;
    site.publish_version(2);
    site.run(&["deploy"]).expect(0);

    let (done, requests) = (AtomicBool::new(false), AtomicU64::new(0));
    std::thread::scope(|scope| {
        let visitor = || {
            while !done.load(Ordering::Relaxed) {
                let (status, page) = get(port, "/").expect("the server answers");
                assert_eq!(status, 200, "{page}");
                assert!(page.contains("version 1<") || page.contains("version 2<"), "half a page: {page}");
                // What the page names must be there, whichever release is live by now.
                let style = page.split("href=\"").nth(1).and_then(|rest| rest.split('"').next()).unwrap();
                let (status, _) = get(port, &format!("/{style}")).expect("the server answers");
                assert_eq!(status, 200, "{style} of {page}");
                requests.fetch_add(2, Ordering::Relaxed);
            }
        };
        let visitors = [scope.spawn(visitor), scope.spawn(visitor)];
        let to = |version: usize| site.records().keys().nth(version).unwrap().trim_end_matches(".json").to_owned();
        let releases = [to(0), to(1)];
        for switch in 0..SWITCHES {
            let ran = site.run(&["rollback", "--to", &releases[switch as usize % 2]]);
            assert_eq!(ran.code, Some(0), "{}", ran.text());
        }
        done.store(true, Ordering::Relaxed);
        for visitor in visitors {
            visitor.join().expect("no visitor saw anything wrong");
        }
    });
    assert!(requests.load(Ordering::Relaxed) > u64::from(SWITCHES), "too few requests to show anything");
    site.run(&["verify"]).expect(0);
}
