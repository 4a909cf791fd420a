//! A real web server serves `current` while releases change: no request fails, none mixes two releases.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::process::{Child, Stdio};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use charter_tests::{Site, command, has, installed};

use crate::PROGRAM;

const SWITCHES: u32 = 200;

struct Nginx(Child);

impl Nginx {
    /// Starts nginx on a free port of loopback and returns once it answers.
    fn start(site: &Site) -> (Self, u16) {
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let configuration = site.folder().join("nginx.conf");
        std::fs::write(
            &configuration,
            format!(
                "daemon off; user root; pid {0}/nginx.pid; error_log {0}/error.log; events {{}}\n\
                 http {{ access_log off; types {{ text/html html; text/css css; }} server {{ listen 127.0.0.1:{port}; root {1}; }} }}\n",
                site.folder().display(),
                site.project().join("production/site/current").display(),
            ),
        )
        .unwrap();
        let child = command("nginx").arg("-c").arg(&configuration).stderr(Stdio::null()).spawn().unwrap();
        let server = Self(child);
        while get(port, "/").is_none() {
            std::thread::yield_now();
        }
        (server, port)
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        let _ = charter_tests::run(command("kill").arg(self.0.id().to_string()));
        let _ = self.0.wait();
    }
}

/// Asks for one path; returns status and body.
fn get(port: u16, path: &str) -> Option<(u16, String)> {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).ok()?;
    write!(stream, "GET {path} HTTP/1.0\r\nHost: localhost\r\n\r\n").ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).ok()?;
    let status = answer.split(' ').nth(1)?.parse().ok()?;
    Some((status, answer.split_once("\r\n\r\n")?.1.to_owned()))
}

#[test]
fn two_hundred_switches_fail_no_request() {
    if !has("nginx", installed("nginx")) {
        return;
    }
    let site = Site::new(PROGRAM);
    site.run(&["deploy"]).expect(0);
    let (_nginx, port) = Nginx::start(&site);
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
                let style = page.split("href=").nth(1).and_then(|rest| rest.split('>').next()).unwrap();
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
