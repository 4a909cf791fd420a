//! Signs of life.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use charter_host::{Environment, Host, Scope, Secret, Secrets, Setup};
use charter_notify::{Heartbeat, HeartbeatConfig};

use crate::receiver::{Mood, Receiver};

fn heartbeat(receiver: &Receiver) -> Heartbeat {
    let config: HeartbeatConfig = toml::from_str("url = { env = \"URL\" }\ninterval-seconds = 1").unwrap();
    let secrets: Secrets =
        [("URL".to_owned(), Secret::new(receiver.url("/ping/x7q9secretsecret")))].into_iter().collect();
    let host = Host::system(Environment::default());
    Heartbeat::new(&config, &Setup { host: &host, root: Path::new("/"), secrets: &secrets }).unwrap()
}

#[tokio::test]
async fn somebody_outside_hears_of_us_as_long_as_work_is_done() {
    let receiver = Receiver::begin([Mood::Takes]).await;
    let (heartbeat, scope) = (heartbeat(&receiver), Scope::default());
    let is_alive = AtomicBool::new(true);
    let listen = async {
        receiver.until(2).await;
        scope.cancel.cancel();
    };
    tokio::join!(heartbeat.run(|| is_alive.load(Ordering::Relaxed), &scope), listen);
    assert!(heartbeat.status().last_success.is_some());

    let heard = receiver.requests().len();
    heartbeat.beat(false, &Scope::default()).await.unwrap();
    assert_eq!((receiver.requests().len(), heartbeat.status().withheld), (heard, 1));
}

#[tokio::test]
async fn a_sign_of_life_that_does_not_arrive_is_known_about() {
    let receiver = Receiver::begin([Mood::Answers(500, Vec::new()), Mood::Takes]).await;
    let heartbeat = heartbeat(&receiver);
    assert!(heartbeat.beat(true, &Scope::default()).await.is_err());
    let status = heartbeat.status();
    assert_eq!((status.consecutive_failures, status.last_success), (1, None));
    assert!(!status.last_error.unwrap().contains("x7q9secretsecret"));
    heartbeat.beat(true, &Scope::default()).await.unwrap();
    assert_eq!(heartbeat.status().consecutive_failures, 0);
}
