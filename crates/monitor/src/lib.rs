//! Watches what is live: measures it, keeps the series, raises alerts.
//!
//! A [`Probe`] looks at one thing that is live and says what it saw. What does not answer is a reading; that nothing
//! could be learned is an error, and time in which nobody looked is neither up nor down.

pub mod engine;
mod kept;
pub mod kinds;
pub mod monitor;
pub mod net;
pub mod probe;
pub mod rules;
pub mod runner;
pub mod sample;
pub mod series;
mod slots;
mod watch;

pub use engine::{Around, Effect, Standing, Watched};
pub use kept::Kept;
pub use kinds::standard;
pub use monitor::{Ask, EndpointNow, KeepError, Plan, Snapshot, Surroundings};
pub use probe::{Cause, Hop, Probe, ProbeError, Reading};
pub use runner::{Endpoint, Lateness, Look};
pub use sample::Sample;
pub use slots::Slots;
pub use watch::{Change, Patience, Watch};

/// What a run says of where it looked from when nobody said.
pub(crate) const UNKNOWN_LOCATION: &str = "local";
