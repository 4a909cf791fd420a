//! The contract of `charter_monitor::Probe`.
//!
//! Call [`probe`] from a test of your own probe, with the other side in your hand: a server, a file, whatever it looks
//! at. The clauses are there one by one as well, for a probe whose other side cannot be made to fail.

use std::future::Future;
use std::pin::pin;
use std::task::{Context, Poll};
use std::time::Duration;

use async_trait::async_trait;
use charter_deploy_model::UptimeStatus;
use charter_host::Scope;
use charter_monitor::{Probe, ProbeError, Reading};
use tokio::time::timeout;

/// How the other side is to behave.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Behaviour {
    /// As it should.
    Right,
    /// It is not there, or answers wrongly.
    Wrong,
    /// It takes what it is sent and never answers, where there is such a thing.
    Stuck,
}

/// What a probe looks at, in the hand of the test.
#[async_trait]
pub trait OtherSide: Send + Sync {
    /// Makes it behave so from now on.
    async fn behave(&self, behaviour: Behaviour);

    /// Returns how many connections and programs of the probe are still there.
    async fn left(&self) -> usize {
        0
    }

    /// Returns what the probe's configuration holds that is nobody's business.
    fn secrets(&self) -> Vec<String> {
        Vec::new()
    }
}

/// No probe of a test has a time limit near this.
const LONGEST: Duration = Duration::from_secs(60);

/// Runs every clause, each on a new probe that `make` makes together with its other side.
///
/// # Panics
/// When the probe breaks a clause.
pub async fn probe<O: OtherSide>(make: impl AsyncFn() -> (Box<dyn Probe>, O)) {
    macro_rules! clauses {
        ($($clause:ident),* $(,)?) => {$({
            let (probe, other) = make().await;
            $clause(&*probe, &other).await;
        })*};
    }
    clauses!(down_is_a_reading, it_ends_in_time, it_may_be_dropped, each_look_is_fresh, secrets_stay);
}

async fn look(probe: &dyn Probe) -> Reading {
    let looked = timeout(LONGEST, probe.measure(&Scope::default())).await.expect("a look that ends");
    looked.expect("something that was learned")
}

/// What does not answer as it should is a reading with a cause: a code in kebab-case, and one line of words.
///
/// # Panics
/// When the probe breaks this clause.
pub async fn down_is_a_reading(probe: &dyn Probe, other: &dyn OtherSide) {
    other.behave(Behaviour::Wrong).await;
    let reading = look(probe).await;
    assert_eq!(reading.status, UptimeStatus::Down);
    assert!(serde_json::to_string(&reading).is_ok(), "a reading that can be kept");
    let cause = reading.cause.expect("a cause");
    let is_kebab = |code: &str| !code.is_empty() && code.bytes().all(|it| it.is_ascii_lowercase() || it == b'-');
    assert!(is_kebab(&cause.code), "{}", cause.code);
    assert!(!cause.message.is_empty() && !cause.message.contains('\n'), "{:?}", cause.message);
}

/// A look ends, whatever the other side does; and at once when it is told to stop.
///
/// # Panics
/// When the probe breaks this clause.
pub async fn it_ends_in_time(probe: &dyn Probe, other: &dyn OtherSide) {
    other.behave(Behaviour::Stuck).await;
    let ended = timeout(LONGEST, probe.measure(&Scope::default())).await;
    if let Ok(reading) = ended.expect("a look that ends") {
        assert_ne!(reading.status, UptimeStatus::Unknown, "a probe that learned nothing returns an error");
    }
    let scope = Scope::default();
    scope.cancel.cancel();
    match timeout(LONGEST, probe.measure(&scope)).await.expect("a look that stops") {
        Err(error) => assert!(matches!(error, ProbeError::Cancelled | ProbeError::Missing { .. }), "{error}"),
        // It was done before it heard of it.
        Ok(reading) => assert_ne!(reading.status, UptimeStatus::Unknown),
    }
}

/// A look that is dropped after any number of steps leaves nothing behind, and the next look is as good as any.
///
/// # Panics
/// When the probe breaks this clause.
pub async fn it_may_be_dropped(probe: &dyn Probe, other: &dyn OtherSide) {
    for steps in 0..24 {
        other.behave(if steps % 2 == 0 { Behaviour::Right } else { Behaviour::Stuck }).await;
        let scope = Scope::default();
        let mut look = pin!(probe.measure(&scope));
        let mut step = 0;
        std::future::poll_fn(|context: &mut Context<'_>| {
            let is_done = look.as_mut().poll(context).is_ready() || step == steps;
            step += 1;
            // Where nothing more comes, nobody would wake us.
            context.waker().wake_by_ref();
            if is_done { Poll::Ready(()) } else { Poll::Pending }
        })
        .await;
    }
    let gone = async {
        while other.left().await > 0 {
            tokio::task::yield_now().await;
        }
    };
    timeout(LONGEST, gone).await.expect("nothing that is left behind");
    other.behave(Behaviour::Right).await;
    assert_ne!(look(probe).await.status, UptimeStatus::Down);
}

/// Each look shows what is so now, not what was so before.
///
/// # Panics
/// When the probe breaks this clause.
pub async fn each_look_is_fresh(probe: &dyn Probe, other: &dyn OtherSide) {
    for _ in 0..3 {
        other.behave(Behaviour::Right).await;
        let reading = look(probe).await;
        assert_ne!(reading.status, UptimeStatus::Down, "{:?}", reading.cause);
        other.behave(Behaviour::Wrong).await;
        assert_eq!(look(probe).await.status, UptimeStatus::Down);
    }
}

/// No secret of the configuration is in what the probe returns, nor in its address, nor in its debug text.
///
/// # Panics
/// When the probe breaks this clause.
pub async fn secrets_stay(probe: &dyn Probe, other: &dyn OtherSide) {
    for behaviour in [Behaviour::Right, Behaviour::Wrong, Behaviour::Stuck] {
        other.behave(behaviour).await;
        let told = match timeout(LONGEST, probe.measure(&Scope::default())).await.expect("a look that ends") {
            Ok(reading) => format!("{reading:?} {}", serde_json::to_string(&reading).unwrap_or_default()),
            Err(error) => format!("{error:?} {error}"),
        };
        let told = format!("{told} {} {probe:?}", probe.address());
        for secret in other.secrets() {
            assert!(!told.contains(&secret), "a secret of the configuration is told when it is {behaviour:?}");
        }
    }
}
