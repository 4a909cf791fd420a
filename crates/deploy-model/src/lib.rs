//! The nouns: every record this system keeps, its JSON Schema, what makes it valid, and the pure rules over them.
//!
//! Everything here is data: no clock, no file, no network. What one crate learns reaches another as a value of
//! this crate, so a reader who knows these types knows what can be said at all. Types with a grammar ([`Stamp`],
//! [`DeploymentId`], [`CommitHash`], [`Digest`], [`ProductionBranch`]) can only be made by parsing, so that a value
//! that exists is well-formed. A figure that was not measured is absent, never 0.
//!
//! ```
//! use charter_deploy_model::{ProductionBranch, Stamp};
//!
//! let stamp: Stamp = "20261121-020711".parse()?;
//! let branch = ProductionBranch::new(stamp, "New prices!");
//! assert_eq!(branch.to_string(), "20261121-020711-prod-new-prices");
//! # Ok::<(), charter_deploy_model::ParseError>(())
//! ```

mod backup;
mod configuration;
mod deployment;
mod event;
pub mod exit;
mod failure;
mod finding;
mod id;
mod integrity;
mod kind;
mod record;
mod release;
mod verdict;

pub use backup::{Snapshot, SnapshotContent};
pub use configuration::{
    ApplicationInfo, BundleTargets, ConstitutionalConfiguration, DeploymentConfiguration, DeploymentStrategy,
    Enforcement, EnvironmentVariables, ProductionConfiguration, RollbackStrategy,
};
pub use deployment::{
    AccessibilityValidation, BuildInfo, BundleSize, ConstitutionalCompliance, CoreWebVitals, DeploymentError,
    DeploymentErrorType, DeploymentMetadata, DeploymentStatus, DeploymentType, Environment, ErrorSeverity, Lighthouse,
    LiveCheck, LiveVerification, PerformanceValidation, ProductionDeployment, SecurityValidation, TriggerSource,
    UserImpact, Validation, WcagLevel,
};
pub use event::{Event, EventKind, Observer};
pub use failure::{Failure, UsersSee};
pub use finding::{Finding, Fix, Inspection, Location, LookedAt, Measure, Tree, Unit};
pub use id::{CommitHash, ConfigurationId, DeploymentId, Digest, ParseError, ProductionBranch, ReleaseId, Stamp};
pub use integrity::{Standing, Verification, VerifiedEntry};
pub use kind::{CodeMeta, KindMeta, Lane, Needs, Principle, Severity};
pub use record::{Record, RecordKind, record_schema};
pub use release::Release;
pub use verdict::{GateOutcome, GateReport, Inconclusive, Verdict, Waiver, WaiverUse};
