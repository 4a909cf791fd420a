//! A sign of life for somebody outside: what tells people when this machine no longer can.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use charter_host::{Clock, Refusal, Scope, Setup};
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tokio::time::MissedTickBehavior;

use crate::post::{Address, default_timeout, time_limit};
use crate::{NotifyError, SecretName};

/// The section `[notify.heartbeat]`: an address that is to be asked for every so often, at a service that tells people
/// when that stops.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct HeartbeatConfig {
    /// The address: the name of the variable that holds it.
    pub url: SecretName,
    /// How often, in seconds.
    #[serde(default = "minute")]
    #[schemars(range(min = 1))]
    pub interval_seconds: u64,
    /// How long one request may take, in seconds, 1 to 60.
    #[serde(default = "default_timeout")]
    pub timeout_seconds: u64,
}

const fn minute() -> u64 {
    60
}

/// How a heartbeat is doing.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct HeartbeatStatus {
    /// When somebody outside last heard of us.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_success: Option<Timestamp>,
    /// Why the last try failed; absent when it did not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_error: Option<String>,
    /// How many tries have failed since.
    pub consecutive_failures: u64,
    /// How many were left out, because there was no sign of life to give.
    pub withheld: u64,
}

/// Asks for an address every so often, as long as there is a sign of life to give.
#[derive(Debug)]
pub struct Heartbeat {
    address: Address,
    interval: Duration,
    clock: Arc<dyn Clock>,
    status: Mutex<HeartbeatStatus>,
}

impl Heartbeat {
    /// Builds it.
    ///
    /// # Errors
    /// When the variable is not set or holds no address, or the interval is 0.
    pub fn new(config: &HeartbeatConfig, setup: &Setup<'_>) -> Result<Self, Refusal> {
        if config.interval_seconds == 0 {
            return Err(Refusal("`interval-seconds` is 0".to_owned()));
        }
        let address = Address::new(setup.host, &config.url.reveal(setup)?, &[], time_limit(config.timeout_seconds)?)?;
        Ok(Self {
            address,
            interval: Duration::from_secs(config.interval_seconds),
            clock: Arc::clone(&setup.host.clock),
            status: Mutex::default(),
        })
    }

    /// Gives signs of life until the scope is cancelled, the first at once.
    ///
    /// `is_alive` is asked each time, and must say whether work was really done since the last: a process that is there
    /// but watches nothing is to be missed.
    pub async fn run(&self, is_alive: impl Fn() -> bool + Send + Sync, scope: &Scope) {
        let mut ticks = tokio::time::interval(self.interval);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                _ = ticks.tick() => {}
                () = scope.cancel.cancelled() => return,
            }
            let _ = self.beat(is_alive(), scope).await;
        }
    }

    /// Gives one sign of life, or withholds it.
    ///
    /// # Errors
    /// When it did not arrive.
    pub async fn beat(&self, is_alive: bool, scope: &Scope) -> Result<(), NotifyError> {
        if !is_alive {
            self.lock().withheld += 1;
            return Ok(());
        }
        let beaten = self.address.get(scope).await;
        let mut status = self.lock();
        match &beaten {
            Ok(()) => {
                status.last_success = Some(self.clock.now());
                status.last_error = None;
                status.consecutive_failures = 0;
            }
            Err(error) => {
                status.last_error = Some(error.to_string());
                status.consecutive_failures += 1;
            }
        }
        beaten
    }

    /// Returns how it is doing.
    #[must_use]
    pub fn status(&self) -> HeartbeatStatus {
        self.lock().clone()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HeartbeatStatus> {
        self.status.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
