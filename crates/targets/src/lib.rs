//! Puts a release where users are: staged unseen, shown at once, shown again to go back.
//!
//! A target is asked what is so, never remembered: which release is live, which ones are wholly there. Whether a
//! release may be shown, and what to do when it turns out bad, is decided elsewhere; going back is
//! [`Target::activate`] of an earlier release, the same path as going forward. Nothing here serves the public: any web
//! server can serve what a target shows, and [`preview`] serves a folder on loopback for the checks.
//!
//! ```
//! let catalog = charter_targets::standard();
//! assert!(catalog.kinds().any(|kind| kind.id == "docroot"));
//! ```

pub mod kinds;
pub mod preview;
mod target;

use charter_host::Catalog;

pub use target::{Staged, Target, TargetError, TargetLock};

/// Returns every kind of target there is.
#[must_use]
pub fn standard() -> Catalog<dyn Target> {
    let mut catalog = Catalog::new("target");
    catalog.register(&kinds::docroot::META, kinds::docroot::target);
    catalog.register(&kinds::git_branch::META, kinds::git_branch::target);
    catalog
}
