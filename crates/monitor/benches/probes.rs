//! How many probes a core makes in a second: `cargo bench -p charter-monitor --bench probes -- [how many]`.
//!
//! HTTP, and HTTPS with a new handshake each time, against nginx on loopback with a P-256 certificate. What counts is
//! this process's time on processors, not how long it takes. Where blackbox_exporter is installed, it is asked to
//! probe the same servers as often, and its time is taken.

use std::error::Error;
use std::fs;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use charter_deploy_model::UptimeStatus;
use charter_host::{Environment, Host, Scope, Secrets, Setup};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use serde_json::{Value, json};
use tokio::task::JoinSet;

type Fallible<T> = Result<T, Box<dyn Error>>;

/// So many are under way at a time.
const AT_ONCE: usize = 32;

struct Ending(Child);

impl Drop for Ending {
    fn drop(&mut self) {
        // Asked to end, nginx ends its workers; killed, it would leave them.
        let process = rustix::process::Pid::from_raw(self.0.id().cast_signed());
        let asked = process.map(|process| rustix::process::kill_process(process, rustix::process::Signal::TERM));
        if !matches!(asked, Some(Ok(()))) {
            let _ = self.0.kill();
        }
        let _ = self.0.wait();
    }
}

#[tokio::main]
#[expect(clippy::print_stdout, reason = "it is a program")]
async fn main() -> Fallible<()> {
    let count = std::env::args().skip(1).find_map(|argument| argument.parse().ok()).unwrap_or(5_000);
    let folder = tempfile::tempdir()?;
    let (ports, _nginx) = nginx(folder.path())?;
    let urls = [format!("http://127.0.0.1:{}/", ports[0]), format!("https://127.0.0.1:{}/", ports[1])];
    wait_for(&urls[0]).await?;
    let mut ours = Vec::new();
    for url in &urls {
        ours.push(by_us(url, count, folder.path()).await?);
        println!("charter: {url}: {:.0} probes per core-second", ours[ours.len() - 1]);
    }
    let (at, exporter) = match blackbox(folder.path()) {
        Ok(started) => started,
        Err(error) => {
            println!("blackbox_exporter was not measured: {error}");
            return Ok(());
        }
    };
    wait_for(&format!("http://{at}/-/healthy")).await?;
    for (url, ours) in urls.iter().zip(ours) {
        let theirs = by_blackbox(&at, url, count, exporter.0.id()).await?;
        println!(
            "blackbox: {url}: {theirs:.0} probes per core-second; charter makes {:.2} times as many",
            ours / theirs
        );
    }
    Ok(())
}

async fn by_us(url: &str, count: usize, folder: &Path) -> Fallible<f64> {
    let host = Host::system(Environment::default());
    let setup = Setup { host: &host, root: folder, secrets: &Secrets::default() };
    let section = json!({ "url": url, "authorities": "authorities.pem" });
    let probe = Arc::new(charter_monitor::standard().build("http", section, &setup)?);
    each(200, &probe).await?;
    let before = seconds_of("self")?;
    each(count, &probe).await?;
    Ok(per_second(count, seconds_of("self")? - before))
}

async fn each(count: usize, probe: &Arc<Box<dyn charter_monitor::Probe>>) -> Fallible<()> {
    let left = Arc::new(AtomicUsize::new(count));
    let mut workers = JoinSet::new();
    for _ in 0..AT_ONCE {
        let (left, probe) = (Arc::clone(&left), Arc::clone(probe));
        workers.spawn(async move {
            while left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1)).is_ok() {
                let reading = probe.measure(&Scope::default()).await.map_err(|error| error.to_string())?;
                if reading.status != UptimeStatus::Up {
                    return Err(format!("{:?}", reading.cause));
                }
            }
            Ok(())
        });
    }
    while let Some(done) = workers.join_next().await {
        done??;
    }
    Ok(())
}

async fn by_blackbox(at: &str, url: &str, count: usize, process: u32) -> Fallible<f64> {
    let ask = format!("http://{at}/probe?module=http&target={url}");
    each_asked(200, &ask).await?;
    let before = seconds_of(&process.to_string())?;
    each_asked(count, &ask).await?;
    Ok(per_second(count, seconds_of(&process.to_string())? - before))
}

async fn each_asked(count: usize, ask: &str) -> Fallible<()> {
    let client = Host::system(Environment::default()).http()?;
    let left = Arc::new(AtomicUsize::new(count));
    let mut workers = JoinSet::new();
    for _ in 0..AT_ONCE {
        let (left, client, ask) = (Arc::clone(&left), client.clone(), ask.to_owned());
        workers.spawn(async move {
            while left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1)).is_ok() {
                let answer = client.get(&ask).send().await.map_err(|error| error.to_string())?;
                let text = answer.text().await.map_err(|error| error.to_string())?;
                if !text.contains("\nprobe_success 1\n") {
                    return Err(text);
                }
            }
            Ok(())
        });
    }
    while let Some(done) = workers.join_next().await {
        done??;
    }
    Ok(())
}

#[expect(clippy::cast_precision_loss, reason = "there are thousands")]
fn per_second(count: usize, seconds: f64) -> f64 {
    count as f64 / seconds
}

/// Returns how long a process has been on processors, in seconds: fields 14 and 15 of `proc_pid_stat(5)`, in ticks of
/// a hundredth.
fn seconds_of(process: &str) -> Fallible<f64> {
    let text = fs::read_to_string(format!("/proc/{process}/stat"))?;
    let fields: Vec<&str> = text.rsplit_once(')').ok_or("no name")?.1.split_whitespace().collect();
    let ticks = fields.get(11).ok_or("no time")?.parse::<f64>()? + fields.get(12).ok_or("no time")?.parse::<f64>()?;
    Ok(ticks / 100.0)
}

async fn wait_for(url: &str) -> Fallible<()> {
    let client = Host::system(Environment::default()).http()?;
    for _ in 0..200 {
        if client.get(url).send().await.is_ok() {
            return Ok(());
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    Err(format!("{url} does not answer").into())
}

fn free_port() -> Fallible<u16> {
    Ok(std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}

#[expect(clippy::disallowed_methods, reason = "it is a program, and measures against another")]
fn nginx(folder: &Path) -> Fallible<([u16; 2], Ending)> {
    let mut authority = CertificateParams::new(Vec::new())?;
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority = CertifiedIssuer::self_signed(authority, KeyPair::generate()?)?;
    let key = KeyPair::generate()?;
    let own = CertificateParams::new(vec!["127.0.0.1".to_owned()])?.signed_by(&key, &authority)?;
    fs::write(folder.join("authorities.pem"), authority.pem())?;
    fs::write(folder.join("own.pem"), own.pem())?;
    fs::write(folder.join("own.key"), key.serialize_pem())?;
    let (ports, at) = ([free_port()?, free_port()?], folder.display());
    let text = format!(
        "daemon off; worker_processes 1; pid {at}/pid; error_log {at}/error.log; events {{ worker_connections 4096; }}
         http {{ access_log off; client_body_temp_path {at}/b; proxy_temp_path {at}/p; fastcgi_temp_path {at}/f;
         uwsgi_temp_path {at}/u; scgi_temp_path {at}/s;
         server {{ listen 127.0.0.1:{} backlog=4096; location / {{ return 200 'hello'; }} }}
         server {{ listen 127.0.0.1:{} ssl backlog=4096; ssl_certificate {at}/own.pem; ssl_certificate_key {at}/own.key;
         ssl_session_cache off; ssl_session_tickets off; location / {{ return 200 'hello'; }} }} }}",
        ports[0], ports[1]
    );
    fs::write(folder.join("nginx.conf"), text)?;
    let mut program = Command::new("nginx");
    program.arg("-e").arg(folder.join("error.log")).arg("-c").arg(folder.join("nginx.conf"));
    Ok((ports, Ending(program.stdout(Stdio::null()).stderr(Stdio::null()).spawn()?)))
}

#[expect(clippy::disallowed_methods, reason = "it is a program, and measures another")]
fn blackbox(folder: &Path) -> Fallible<(String, Ending)> {
    let module: Value = json!({
        "prober": "http",
        "timeout": "10s",
        "http": { "preferred_ip_protocol": "ip4", "tls_config": { "ca_file": folder.join("authorities.pem") } },
    });
    fs::write(folder.join("blackbox.yml"), json!({ "modules": { "http": module } }).to_string())?;
    let at = format!("127.0.0.1:{}", free_port()?);
    let mut program = Command::new("prometheus-blackbox-exporter");
    program.arg(format!("--config.file={}", folder.join("blackbox.yml").display()));
    program.arg(format!("--web.listen-address={at}"));
    Ok((at, Ending(program.stdout(Stdio::null()).stderr(Stdio::null()).spawn()?)))
}
