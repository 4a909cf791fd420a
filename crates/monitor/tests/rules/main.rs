//! The rules of monitoring, tried from outside.

#![expect(clippy::unwrap_used, reason = "a test may fail by panicking")]

mod alertmanager;
mod compare;
mod escalation;
mod group;
mod histogram;
mod noise;
mod predict;
mod promtool;
mod silence;
mod slo;
mod window;

use jiff::{SignedDuration, Timestamp};

/// Returns the moment that is so many seconds into the time that tests are about.
fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000).unwrap() + SignedDuration::from_secs(seconds)
}

/// Made-up numbers, the same ones in every run.
struct Chance(u64);

impl Chance {
    /// Returns a number from 0 to 1.
    #[expect(clippy::cast_precision_loss, reason = "it has 53 bits")]
    fn next(&mut self) -> f64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// Returns a number that strays normally around 0, by 1.
    fn normal(&mut self) -> f64 {
        (-2.0 * self.next().max(1e-300).ln()).sqrt() * (std::f64::consts::TAU * self.next()).cos()
    }
}

/// Says whether a program is there. When it is not, the test says so and ends; where everything was promised to be
/// there (`cargo xtask check --all`), it fails instead.
#[expect(clippy::disallowed_methods, reason = "a test runs its judge itself, as the check promised it")]
fn has(program: &str) -> bool {
    let is_there = std::process::Command::new(program).arg("--version").output().is_ok();
    if !is_there {
        assert!(std::env::var_os("CHARTER_TEST_ALL").is_none(), "{program} is missing");
        // Past the test harness, which shows only what failing tests print.
        let text = format!("SKIPPED: {program} is missing; `cargo xtask check --all` installs it\n");
        let _ = std::io::Write::write_all(&mut std::io::stderr(), text.as_bytes());
    }
    is_there
}
