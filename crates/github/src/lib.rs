//! The few GitHub REST endpoints this system calls.
//!
//! [`GitHub`] is one repository there and the right to ask about it. Every method is one endpoint: it sends what is
//! documented, reads only the fields that are used, takes unknown fields and words as they come, and refuses wrong
//! types. Answers are bounded in size, lists in pages, and an answer that GitHub says has not changed is not sent
//! again within one process. The token is in no error and no debug output, and it is sent over HTTPS or to this
//! machine only. Nothing here waits or tries again: a rate limit is an error that says when it ends.
//!
//! # What was never seen live
//! All shapes are from GitHub's published OpenAPI description (API version 2022-11-28), and the tests speak them on
//! loopback. These could not be compared with the real service:
//! - the path and event of the workflow run by which Pages publishes a branch ([`Run::is_pages`]), and whether there is
//!   one at all when Actions are switched off;
//! - whether the billing usage lists the minutes of those runs, and whether `repositoryName` carries the owner
//!   ([`ActionsMinutes`] takes both);
//! - the unit of a Pages build's `duration`;
//! - every request that changes something: requesting a Pages build, deployments and their statuses, switching
//!   Actions off.
//!
//! ```
//! use charter_github::Place;
//!
//! let place = Place::of_remote("git@github.com:ann/site.git", None).ok_or("is on GitHub")?;
//! assert_eq!((place.slug().as_str(), place.api.as_str()), ("ann/site", "https://api.github.com/"));
//! assert_eq!(Place::of_remote("https://git.example.org/ann/site.git", None), None);
//! # Ok::<(), &str>(())
//! ```

mod actions;
mod billing;
mod client;
mod deployments;
mod error;
mod pages;
mod place;
mod protection;
mod pulls;
mod token;

pub use actions::{ActionsPermissions, Run, RunFilter, Runs};
pub use billing::{Account, ActionsMinutes, UsageItem, actions_minutes};
pub use client::GitHub;
pub use deployments::{Deployment, DeploymentState, NewDeployment, NewDeploymentStatus};
pub use error::GitHubError;
pub use pages::{
    PagesBuild, PagesBuildError, PagesBuildRequest, PagesDeploymentState, PagesSite, PagesSource, PagesStatus,
    Unsticking,
};
pub use place::Place;
pub use protection::{BranchProtection, Owner, OwnerKind, RepositoryInfo, Rule, Toggle};
pub use pulls::{PullHead, PullRequest, Review, ReviewState, User, approvers};
pub use token::token;
