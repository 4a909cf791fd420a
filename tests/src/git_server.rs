//! Git remotes as a test runs them on loopback: over HTTP with a password, over ssh, and a host that serves a branch.

use std::fs;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;

use crate::{Site, command, has, installed, run};

/// The password that [`HttpServer`] asks for.
pub const PASSWORD: &str = "correct-horse";

/// A server of a test, ended when dropped, with the processes that it started.
#[derive(Debug)]
struct Server(Child);

impl Server {
    fn start(command: &mut Command) -> Self {
        let quiet = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        Self(quiet.process_group(0).spawn().unwrap_or_else(|error| panic!("{command:?}: {error}")))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = run(command("kill").args(["--", &format!("-{}", self.0.id())]));
        let _ = self.0.wait();
    }
}

fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("loopback can be listened on");
    listener.local_addr().expect("a listener has an address").port()
}

/// Waits until somebody listens.
fn wait_for(port: u16) {
    while TcpStream::connect(("127.0.0.1", port)).is_err() {
        std::thread::yield_now();
    }
}

/// `git http-backend` behind nginx, for the user `ann` and [`PASSWORD`].
#[derive(Debug)]
pub struct HttpServer {
    port: u16,
    _nginx: Server,
    _backend: Server,
}

impl HttpServer {
    /// Serves the bare repositories in `root`; nothing, when a component is missing. `folder` is for its own files.
    ///
    /// # Panics
    /// When it cannot be started.
    #[must_use]
    pub fn start(folder: &Path, root: &Path) -> Option<Self> {
        if !has("nginx or fcgiwrap", installed("nginx") && installed("fcgiwrap")) {
            return None;
        }
        let folder = folder.display();
        let socket = format!("{folder}/fcgi.sock");
        let backend = Server::start(command("fcgiwrap").args(["-c", "4", "-s", &format!("unix:{socket}")]));
        let port = free_port();
        let programs = run(command("git").arg("--exec-path")).expect(0).stdout;
        fs::write(format!("{folder}/passwords"), format!("ann:{{PLAIN}}{PASSWORD}\n")).expect("a file can be written");
        let temporary: String = ["client_body", "fastcgi", "proxy", "scgi", "uwsgi"]
            .map(|what| format!("{what}_temp_path {folder}/nginx-{what};\n"))
            .concat();
        let configuration = format!(
            "daemon off; user root; worker_processes 1; pid {folder}/git-nginx.pid; error_log {folder}/git-nginx.log;\n\
             events {{}}\n\
             http {{ access_log off; client_max_body_size 0; {temporary}\
             server {{ listen 127.0.0.1:{port}; location / {{\n\
             auth_basic git; auth_basic_user_file {folder}/passwords;\n\
             fastcgi_pass unix:{socket}; fastcgi_read_timeout 600;\n\
             fastcgi_param SCRIPT_FILENAME {}/git-http-backend;\n\
             fastcgi_param GIT_HTTP_EXPORT_ALL 1; fastcgi_param GIT_PROJECT_ROOT {};\n\
             fastcgi_param PATH_INFO $uri; fastcgi_param QUERY_STRING $query_string;\n\
             fastcgi_param REQUEST_METHOD $request_method; fastcgi_param CONTENT_TYPE $content_type;\n\
             fastcgi_param CONTENT_LENGTH $content_length; fastcgi_param REMOTE_USER $remote_user;\n\
             }} }} }}\n",
            programs.trim(),
            root.display()
        );
        let path = format!("{folder}/git-nginx.conf");
        fs::write(&path, configuration).expect("a file can be written");
        let nginx = Server::start(command("nginx").args(["-c", &path]));
        let server = Self { port, _nginx: nginx, _backend: backend };
        wait_for(port);
        while !Path::new(&socket).exists() {
            std::thread::yield_now();
        }
        Some(server)
    }

    /// Returns the address of a repository, for one who gives this password.
    #[must_use]
    pub fn url(&self, name: &str, password: &str) -> String {
        format!("http://ann:{password}@127.0.0.1:{}/{name}", self.port)
    }
}

/// `sshd`, for whoever runs the test, with keys that are thrown away.
#[derive(Debug)]
pub struct SshServer {
    port: u16,
    folder: PathBuf,
    user: String,
    _sshd: Server,
}

impl SshServer {
    /// Starts it; nothing, when it is missing. `folder` is for its own files.
    ///
    /// # Panics
    /// When it cannot be started.
    #[must_use]
    pub fn start(folder: &Path) -> Option<Self> {
        if !has("sshd or ssh (openssh-server, openssh-client)", installed("sshd") && installed("ssh")) {
            return None;
        }
        for key in ["host_key", "user_key"] {
            let path = folder.join(key);
            run(command("ssh-keygen").args(["-q", "-t", "ed25519", "-N", "", "-f"]).arg(path)).expect(0);
        }
        let read = |name: &str| fs::read_to_string(folder.join(name)).expect("the key was made");
        let write = |name: &str, text: String| fs::write(folder.join(name), text).expect("a file can be written");
        let port = free_port();
        write("authorized_keys", read("user_key.pub"));
        write("known_hosts", format!("[127.0.0.1]:{port} {}", read("host_key.pub")));
        let shown = folder.display();
        let configuration = format!(
            "ListenAddress 127.0.0.1:{port}\nHostKey {shown}/host_key\nAuthorizedKeysFile {shown}/authorized_keys\n\
             PidFile none\nStrictModes no\nUsePAM no\nPasswordAuthentication no\nKbdInteractiveAuthentication no\n\
             PermitRootLogin prohibit-password\nMaxStartups 100\n"
        );
        write("sshd_config", configuration);
        // Where it puts aside its rights, when it has any to put aside.
        let _ = fs::create_dir_all("/run/sshd");
        let sshd = ["/usr/sbin/sshd", "/usr/local/sbin/sshd"].into_iter().find(|path| Path::new(path).exists());
        let sshd =
            Server::start(command(sshd.unwrap_or("sshd")).args(["-D", "-e", "-f"]).arg(folder.join("sshd_config")));
        let user = run(command("id").arg("-un")).expect(0).stdout.trim().to_owned();
        let server = Self { port, folder: folder.to_owned(), user, _sshd: sshd };
        wait_for(port);
        Some(server)
    }

    /// Returns the address of a repository.
    #[must_use]
    pub fn url(&self, repository: &Path) -> String {
        format!("ssh://{}@127.0.0.1:{}{}", self.user, self.port, repository.display())
    }

    /// Returns the `core.sshCommand` of those who have the key.
    #[must_use]
    pub fn ssh_command(&self) -> String {
        let folder = self.folder.display();
        format!(
            "ssh -F /dev/null -i {folder}/user_key -o IdentitiesOnly=yes -o BatchMode=yes \
             -o UserKnownHostsFile={folder}/known_hosts -o StrictHostKeyChecking=yes"
        )
    }
}

/// Writes a hook of a bare repository.
///
/// # Panics
/// When it cannot be written.
pub fn write_hook(repository: &Path, name: &str, script: &str) {
    let hook = repository.join("hooks").join(name);
    fs::write(&hook, format!("#!/bin/sh\n{script}\n")).expect("the hook can be written");
    fs::set_permissions(&hook, fs::Permissions::from_mode(0o755)).expect("the hook can be made a program");
}

/// Puts the files of the branch `gh-pages` where [`Site::version_seen`] looks, in one step, as a host of pages does.
const SERVE_THE_BRANCH: &str = r#"
site=../project/production/site
while read -r old new ref; do
    [ "$ref" = refs/heads/gh-pages ] || continue
    mkdir -p "$site/$new"
    git archive "$new" | tar x -C "$site/$new"
    if [ -e "$site/$new/deploy.json" ]; then
        ln -s "$new" "$site/.next" && mv -T "$site/.next" "$site/current"
    else
        rm -f "$site/current"
    fi
done"#;

/// Has a project publish to the branch `gh-pages` of a bare repository beside it, and push its production branches
/// there as well.
///
/// # Panics
/// When it cannot be set up.
pub fn publish_to_branch(site: &Site) {
    site.git(&["init", "--quiet", "--bare", "../remote.git"]);
    site.git(&["remote", "add", "origin", "../remote.git"]);
    write_hook(&site.folder().join("remote.git"), "post-receive", SERVE_THE_BRANCH);
    let production = "[environments.production]\nurl = \"http://127.0.0.1:9/\"\nbranches = { remote = \"origin\" }";
    let configuration = site
        .read("charter.toml")
        .replace("target = { kind = \"docroot\", path = \"production/site\" }", "target = { kind = \"git-branch\" }")
        .replace("[environments.production]", production);
    assert!(configuration.contains("git-branch"), "{configuration}");
    site.write("charter.toml", configuration);
    site.commit("Publish to a branch");
}

/// Serves what the branch's host shows, on a port of its own; stopped when dropped.
#[derive(Debug)]
pub struct PagesHost {
    port: u16,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl PagesHost {
    /// Serves a project's live folder, and tells the project's configuration where.
    ///
    /// # Panics
    /// When it cannot be started.
    #[must_use]
    pub fn start(site: &Site) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("loopback can be listened on");
        let port = listener.local_addr().expect("a listener has an address").port();
        let root = site.project().join("production/site/current");
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stop);
        let thread = std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                if stopped.load(Ordering::SeqCst) {
                    break;
                }
                // Whoever hangs up early misses the answer.
                let _ = answer(stream, &root);
            }
        });
        let text = site.read("charter.toml");
        let url = text.lines().find(|line| line.starts_with("url = ")).expect("the configuration has an address");
        site.write("charter.toml", text.replace(url, &format!("url = \"http://127.0.0.1:{port}/\"")));
        site.commit("Say where the site is");
        Self { port, stop, thread: Some(thread) }
    }
}

impl Drop for PagesHost {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::SeqCst);
        let _ = TcpStream::connect(("127.0.0.1", self.port));
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// Answers one request with a file.
fn answer(mut stream: TcpStream, root: &Path) -> std::io::Result<()> {
    let mut request = Vec::new();
    let mut part = [0; 1024];
    while !request.windows(4).any(|end| end == b"\r\n\r\n") && request.len() < 64 << 10 {
        match stream.read(&mut part)? {
            0 => break,
            count => request.extend_from_slice(&part[..count]),
        }
    }
    let request = String::from_utf8_lossy(&request);
    let path = request.split(' ').nth(1).unwrap_or("/").split('?').next().unwrap_or("/");
    let path = if path.ends_with('/') { format!("{path}index.html") } else { path.to_owned() };
    let (status, body) = match fs::read(root.join(path.trim_start_matches('/'))) {
        Ok(body) => ("200 OK", body),
        Err(_) => ("404 Not Found", Vec::new()),
    };
    write!(stream, "HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", body.len())?;
    stream.write_all(&body)
}
