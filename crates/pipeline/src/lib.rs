//! Carries one change from source to users, or back: the only room that knows the others.
//!
//! [`deploy()`] and [`rollback()`] are straight-line code over state types: `Built → Staged → Judged → Approved →
//! BackedUp → Live → Verified → Recorded`. Each state can only be made from the one before it, so showing a release
//! that was not judged, approved and backed up does not compile. Types prove nothing across a crash: there the
//! [`journal`] does, which holds an intent before every effect and a receipt after it. [`recover()`] folds it with the
//! very function that the running deployment used, asks the target what is so, and completes or undoes.
//!
//! It has no stage framework and no graph: reading [`deploy()`] from top to bottom is reading what happens.

pub mod build;
mod configuration;
mod deploy;
mod events;
mod evidence;
mod facts;
pub mod freeze;
mod github;
pub mod journal;
mod judging;
pub mod keeping;
mod live_check;
mod lock;
mod prepare;
mod project;
mod publish;
mod recover;
mod retention;
mod rollback;
mod run;
mod stop;

pub use deploy::{DeployRequest, Finished, Plan, deploy, judge, plan};
pub use events::Events;
pub use evidence::{Gathered, audit_week, evidence};
pub use judging::{Extent, Since, read_baseline};
pub use live_check::{SmokeCheck, verify_live};
pub use prepare::{build_site, take_backup};
pub use project::{Project, Settings};
pub use recover::{recover, unfinished};
pub use rollback::{RollbackRequest, going_back_to, rollback};
pub use stop::{Stop, chain_of};
