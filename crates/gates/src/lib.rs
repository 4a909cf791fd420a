//! Judges a build before anyone sees it.
//!
//! A [`Gate`] looks at one aspect of a [`Subject`] and reports what is wrong; it never says pass or fail. [`run`] lets
//! many look at once and survives those that hang or panic; [`verdict`] is the pure rule that makes of what they saw
//! what the policy demands. This crate doesn't deploy, doesn't keep records, and doesn't know who is told: findings
//! and verdicts are plain values.
//!
//! ```
//! use charter_deploy_model::{GateOutcome, Inspection, LookedAt, Verdict};
//! use charter_gates::verdict::{Exceptions, Policy, judge};
//!
//! let gates = charter_gates::standard();
//! let meta = gates.kinds().find(|kind| kind.id == "page-weight").ok_or("is listed")?;
//!
//! let saw_nothing = Inspection::Looked { findings: vec![], measures: vec![], looked_at: LookedAt::of("pages", 0) };
//! let today = jiff::civil::date(2026, 11, 21);
//! let report = judge(&Policy::default(), meta, GateOutcome::Inspected(saw_nothing), &Exceptions::default(), today);
//! assert_eq!(report.verdict, Verdict::Inconclusive); // who looks at nothing finds nothing, and that is no pass
//! assert!(report.blocks);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod advisories;
pub mod baseline;
mod browsed;
pub mod fix;
#[cfg(feature = "fuzzing")]
#[doc(hidden)]
pub mod fuzz;
mod gate;
mod glob;
mod html;
mod image;
pub mod import;
pub mod kinds;
mod measured;
mod memory;
pub mod packages;
pub mod ratchet;
mod run;
pub mod sampling;
mod since;
pub mod tools;
pub mod verdict;
mod yaml;

use charter_host::Catalog;

pub use gate::{DependsOn, Gate, GateError, Only, Source, Subject};
pub use memory::Memory;
pub use run::{Run, RunOptions, run};

/// Returns every kind of gate there is.
#[must_use]
pub fn standard() -> Catalog<dyn Gate> {
    let mut catalog = Catalog::new("gate");
    kinds::register(&mut catalog);
    catalog
}
