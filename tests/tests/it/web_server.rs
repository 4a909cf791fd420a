//! nginx, as a user would run it.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Stdio};

use charter_tests::{Site, command, run};

/// A running nginx on a free port of loopback; stopped when dropped.
pub(crate) struct Nginx {
    process: Child,
    pub(crate) port: u16,
}

impl Nginx {
    /// Starts it on a project's live folder and returns once it answers, whatever it answers.
    pub(crate) fn start(site: &Site) -> Self {
        Self::on(site, &site.project().join("production/site/current"))
    }

    /// Starts it on any folder and returns once it answers, whatever it answers.
    pub(crate) fn on(site: &Site, root: &Path) -> Self {
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let configuration = site.folder().join("nginx.conf");
        write_configuration(&configuration, port, root);
        let process = command("nginx").arg("-c").arg(&configuration).stderr(Stdio::null()).spawn().unwrap();
        let server = Self { process, port };
        while get(port, "/").is_none() {
            std::thread::yield_now();
        }
        server
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        let _ = run(command("kill").arg(self.process.id().to_string()));
        let _ = self.process.wait();
    }
}

fn write_configuration(path: &Path, port: u16, root: &Path) {
    let folder = path.parent().unwrap().display();
    let text = format!(
        "daemon off; user root; pid {folder}/nginx.pid; error_log {folder}/error.log; events {{}}\n\
         http {{ access_log off; types {{ text/html html; text/css css; }}\n\
         server {{ listen 127.0.0.1:{port}; root {}; }} }}\n",
        root.display()
    );
    std::fs::write(path, text).unwrap();
}

/// Asks for one path; returns status and body.
pub(crate) fn get(port: u16, path: &str) -> Option<(u16, String)> {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).ok()?;
    write!(stream, "GET {path} HTTP/1.0\r\nHost: localhost\r\n\r\n").ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).ok()?;
    let status = answer.split(' ').nth(1)?.parse().ok()?;
    Some((status, answer.split_once("\r\n\r\n")?.1.to_owned()))
}
