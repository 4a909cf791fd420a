//! Stand-ins for the ports, and each trait's contract as tests that you call.

mod clock;
pub mod contract;

pub use clock::ManualClock;
