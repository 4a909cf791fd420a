//! Stand-ins for the ports, and each trait's contract as tests that you call.

pub mod contract;
