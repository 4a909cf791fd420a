//! What is made of measurements: rules without a clock, a file or a network.
//!
//! Each rule is a function of values that are given to it, the time among them, so that it can be asked about any moment,
//! replayed after a crash, and tested by trying everything. What was not measured is absent in what goes in and in what
//! comes out.

pub mod compare;
pub mod escalation;
pub mod group;
pub mod histogram;
pub mod inhibit;
pub mod labels;
pub mod noise;
pub mod predict;
pub mod silence;
pub mod slo;
pub mod window;
