//! Says it: terminal, JSON lines, SARIF, JUnit, Markdown.
//!
//! Everybody else returns values; this crate turns them into text, so that one thing is said one way wherever it is
//! said. Most of it is pure functions from a value to text that ends with a newline: for people the functions at the
//! root, which put colours in as ANSI styles; for programs [`json::v1`], one line of JSON each. Only the two observers
//! write, and only to the writer they were given: [`Terminal`] and [`json::JsonLines`]. Pass what the functions return
//! through [`dress`] before it is printed: it takes the colours out, and marks that the locale cannot show.
//!
//! It deliberately decides nothing: it does not read the environment, does not know whether colours are wanted, and
//! judges nothing that it shows. Whatever comes from elsewhere (paths, messages, names) is shown with its control
//! characters made visible, so that no file name can move the cursor or forge a line.
//!
//! ```
//! use charter_deploy_model::{Failure, UsersSee, exit};
//! use charter_report::{Marks, dress, failure};
//!
//! let text = failure(&Failure {
//!     exit_code: exit::NOT_PUBLISHED,
//!     what: "could not stage the release".to_owned(),
//!     why: vec!["the disk is full".to_owned()],
//!     users_see: UsersSee::Unchanged { release: None },
//!     next: vec!["free some space, then run the same command again".to_owned()],
//! });
//! assert_eq!(
//!     dress(&text, false, Marks::Ascii),
//!     "\
//! x could not stage the release
//!
//!   why   the disk is full
//!   now   users still see what they saw before; nothing changed for them
//!   next  free some space, then run the same command again
//! "
//! );
//! ```

mod analytics;
mod audit;
mod config_problem;
mod dress;
mod explain;
mod failure;
mod figures;
mod gates;
mod history;
mod incident;
mod layout;
mod markdown;
pub mod page;
mod retention;
mod score;
mod show;
mod snapshots;
mod status;
mod style;
mod terminal;
mod told;
mod verification;
mod visible;
mod watching;
mod words;

pub mod json;

pub use analytics::{Analytics, IncidentFigures, Spread, WatchedUptime, analytics};
pub use audit::audit;
pub use config_problem::config_problem;
pub use dress::{Marks, dress};
pub use explain::{explain, explain_code, kinds};
pub use failure::failure;
pub use gates::{SarifContext, gates, gates_with_excerpts, junit, markdown, sarif};
pub use history::{DeploymentLine, history};
pub use incident::{
    Emergency, EmergencyStep, PostMortem, StepOutcome, emergency, incident, incident_overview, incidents, post_mortem,
};
pub use retention::{
    hold_lifted, hold_placed, holds, pruned, retention_done, retention_plan, snapshot_plan, snapshots_pruned,
};
pub use score::{constitution, score};
pub use show::show;
pub use snapshots::snapshots;
pub use status::{LogSummary, Status, status};
pub use terminal::{ColourChoice, Options, Terminal};
pub use verification::verification;
pub use visible::visible;
pub use watching::{EndpointStanding, notice, watched};

/// For whom the output is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Format {
    /// For people: aligned text, colours where they are wanted.
    #[default]
    Human,
    /// For programs: one JSON object a line, as [`json::v1`] describes.
    Json,
}
