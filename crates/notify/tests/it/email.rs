//! Mails to a small SMTP server.

use std::path::Path;
use std::sync::{Arc, Mutex};

use charter_host::Scope;
use charter_notify::NotifyError;
use serde_json::json;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;
use tokio::task::JoinSet;

use crate::contract::{Stand, Wanted, holds};
use crate::{build, notice};

/// An SMTP server without TLS; it ends when dropped.
struct Smtp {
    port: u16,
    mails: Arc<Mutex<Vec<String>>>,
    came: Arc<Notify>,
    _server: JoinSet<()>,
}

/// Speaks RFC 5321 as far as one client needs, and answers recipients with `recipient`.
async fn speak(stream: TcpStream, recipient: Option<&'static str>, mails: &Mutex<Vec<String>>) -> std::io::Result<()> {
    let (read, mut write) = stream.into_split();
    let mut lines = BufReader::new(read).lines();
    write.write_all(b"220 mail.example.org ESMTP\r\n").await?;
    while let Some(line) = lines.next_line().await? {
        let verb = line.split([' ', ':']).next().unwrap_or_default().to_ascii_uppercase();
        let answer = match verb.as_str() {
            "EHLO" => "250-mail.example.org\r\n250-AUTH PLAIN LOGIN\r\n250 8BITMIME".to_owned(),
            "AUTH" => "235 welcome".to_owned(),
            "RCPT" => recipient.unwrap_or("250 ok").to_owned(),
            "DATA" => {
                write.write_all(b"354 go on\r\n").await?;
                let mut mail = String::new();
                while let Some(line) = lines.next_line().await?.filter(|line| line != ".") {
                    mail.push_str(&line);
                    mail.push('\n');
                }
                mails.lock().unwrap().push(mail);
                "250 taken".to_owned()
            }
            "QUIT" => "221 bye".to_owned(),
            _ => "250 ok".to_owned(),
        };
        write.write_all(format!("{answer}\r\n").as_bytes()).await?;
    }
    Ok(())
}

impl Smtp {
    async fn begin(wanted: Wanted) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (mails, came) = (Arc::new(Mutex::new(Vec::new())), Arc::new(Notify::new()));
        let mut server = JoinSet::new();
        let (taken, arrived) = (Arc::clone(&mails), Arc::clone(&came));
        server.spawn(async move {
            let mut hanging = Vec::new();
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                arrived.notify_one();
                match wanted {
                    Wanted::Takes => speak(stream, None, &taken).await.unwrap(),
                    Wanted::RefusesForGood => {
                        speak(stream, Some("550 5.1.1 nobody here, correct-horse"), &taken).await.unwrap();
                    }
                    Wanted::Fails => speak(stream, Some("451 4.3.0 later, correct-horse"), &taken).await.unwrap(),
                    Wanted::Hangs => hanging.push(stream),
                }
            }
        });
        Self { port, mails, came, _server: server }
    }
}

fn section(port: u16, security: &str, seconds: u64) -> serde_json::Value {
    json!({
        "from": "Charter <charter@example.org>", "to": ["ann@example.org"], "server": "127.0.0.1", "port": port,
        "security": security, "user": "charter", "password": { "env": "PASSWORD" }, "timeout-seconds": seconds,
    })
}

#[tokio::test]
async fn email_keeps_the_contract() {
    holds(async |wanted, seconds| {
        let smtp = Smtp::begin(wanted).await;
        let section = section(smtp.port, "none", seconds);
        let notifier = build("email", section, Path::new("/"), &[("PASSWORD", "correct-horse")]).unwrap();
        let (mails, came) = (Arc::clone(&smtp.mails), Arc::clone(&smtp.came));
        Some(Stand {
            notifier,
            received: Box::new(move || mails.lock().unwrap().clone()),
            came: Box::new(move || {
                let came = Arc::clone(&came);
                Box::pin(async move { came.notified().await })
            }),
            secrets: vec!["correct-horse".to_owned()],
            _kept: Box::new(smtp),
        })
    })
    .await;
}

#[tokio::test]
async fn a_mail_belongs_to_its_thread_and_its_title_cannot_add_a_header() {
    let smtp = Smtp::begin(Wanted::Takes).await;
    let notifier =
        build("email", section(smtp.port, "none", 10), Path::new("/"), &[("PASSWORD", "correct-horse")]).unwrap();
    let (mut raised, resolved) = (notice("a/raised"), notice("a/resolved"));
    raised.title = "docs\r\nBcc: eve@example.org".to_owned();
    for notice in [&raised, &resolved] {
        notifier.notify(notice, &Scope::default()).await.unwrap();
    }
    let mails = smtp.mails.lock().unwrap().clone();
    let header = |mail: &str, name: &str| {
        mail.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default().trim().to_owned()
    };
    assert!(!mails[0].lines().any(|line| line.starts_with("Bcc:")), "{}", mails[0]);
    assert_eq!(header(&mails[0], "Subject:"), "[CRITICAL] docs  Bcc: eve@example.org");
    assert_eq!(header(&mails[0], "References:"), header(&mails[1], "References:"));
    assert_ne!(header(&mails[0], "Message-ID:"), header(&mails[1], "Message-ID:"));
    assert_eq!(header(&mails[0], "Auto-Submitted:"), "auto-generated");
    assert_eq!(header(&mails[0], "Date:"), "Sat, 21 Nov 2026 02:07:11 +0000");
    assert!(mails[0].contains("deployment: 20261121-020211"));
}

#[tokio::test]
async fn a_server_that_offers_no_protection_gets_nothing() {
    let smtp = Smtp::begin(Wanted::Takes).await;
    let notifier =
        build("email", section(smtp.port, "starttls", 10), Path::new("/"), &[("PASSWORD", "correct-horse")]).unwrap();
    let error = notifier.notify(&notice("a/raised"), &Scope::default()).await.unwrap_err();
    assert!(matches!(error, NotifyError::Unreachable { .. }), "{error}");
    assert!(smtp.mails.lock().unwrap().is_empty());
}

#[test]
fn a_mail_in_the_clear_leaves_this_machine_never() {
    let mut section = section(25, "none", 10);
    section["server"] = json!("mail.example.org");
    let refusal = build("email", section, Path::new("/"), &[("PASSWORD", "x")]).unwrap_err();
    assert!(refusal.contains("for this machine only"), "{refusal}");
    let nobody = json!({ "from": "charter", "to": [], "server": "mail.example.org" });
    assert!(build("email", nobody, Path::new("/"), &[]).unwrap_err().contains("not an e-mail address"));
}
