//! What can be typed about incidents.

use std::path::PathBuf;

use charter_deploy_model::{IncidentId, IncidentSeverity, IncidentStatus};
use clap::Subcommand;
use clap::builder::{NonEmptyStringValueParser, PossibleValuesParser, TypedValueParser};

#[derive(Debug, Subcommand)]
pub(crate) enum IncidentCommand {
    /// Begins an incident: from now on users do not get what they come for.
    Open(Opened),
    /// Adds to an incident what is known or was done.
    Update(Updated),
    /// Ends an incident, and puts it on record.
    Resolve(Resolved),
    /// Lists incidents, the newest last: those of the monitor and those that were opened by hand.
    List {
        /// Only those that are not over.
        #[arg(long)]
        open: bool,
    },
    /// Shows one incident, with all that was written about it: the newest unless named.
    Show {
        /// The incident.
        incident: Option<IncidentId>,
    },
    /// Writes a post-mortem from the records, with fields to fill in, or all incidents with the mean time to recovery.
    Report {
        /// The incident; an overview of all, unless one is named.
        incident: Option<IncidentId>,
        /// Write Markdown files into this folder instead of printing; files that are there stay as they are.
        #[arg(long, value_name = "DIR")]
        output: Option<PathBuf>,
    },
}

/// What an incident begins with.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct Opened {
    /// What is wrong.
    #[arg(value_name = "TITLE", value_parser = NonEmptyStringValueParser::new())]
    pub(crate) title: String,
    /// How much users notice.
    #[arg(long, default_value = "major", value_parser = severity())]
    pub(crate) severity: IncidentSeverity,
    /// What does not work, such as an endpoint's name; may be repeated.
    #[arg(long, value_name = "NAME", value_parser = NonEmptyStringValueParser::new())]
    pub(crate) service: Vec<String>,
    /// What everyone is told that it is.
    #[arg(long, value_name = "TITLE", value_parser = NonEmptyStringValueParser::new())]
    pub(crate) public: Option<String>,
}

/// What is known or was done since.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct Updated {
    /// The incident.
    pub(crate) incident: IncidentId,
    /// What is known, or was done.
    #[arg(value_name = "TEXT", value_parser = NonEmptyStringValueParser::new())]
    pub(crate) text: String,
    /// How far it has been dealt with; as before unless given.
    #[arg(long, value_parser = status())]
    pub(crate) status: Option<IncidentStatus>,
    /// Why it happened, as far as that is known.
    #[arg(long, value_name = "TEXT", value_parser = NonEmptyStringValueParser::new())]
    pub(crate) cause: Option<String>,
    /// Everyone may read it.
    #[arg(long)]
    pub(crate) public: bool,
}

/// How an incident ends.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct Resolved {
    /// The incident.
    pub(crate) incident: IncidentId,
    /// What ended it.
    #[arg(long, value_name = "TEXT", value_parser = NonEmptyStringValueParser::new())]
    pub(crate) resolution: String,
    /// Why it happened.
    #[arg(long, value_name = "TEXT", value_parser = NonEmptyStringValueParser::new())]
    pub(crate) cause: Option<String>,
    /// What was learned, or where that is written.
    #[arg(long, value_name = "TEXT", value_parser = NonEmptyStringValueParser::new())]
    pub(crate) post_mortem: Option<String>,
}

fn severity() -> impl TypedValueParser<Value = IncidentSeverity> {
    PossibleValuesParser::new(["minor", "major", "critical"]).map(|text| match text.as_str() {
        "minor" => IncidentSeverity::Minor,
        "critical" => IncidentSeverity::Critical,
        _ => IncidentSeverity::Major,
    })
}

fn status() -> impl TypedValueParser<Value = IncidentStatus> {
    PossibleValuesParser::new(["investigating", "identified", "monitoring"]).map(|text| match text.as_str() {
        "identified" => IncidentStatus::Identified,
        "monitoring" => IncidentStatus::Monitoring,
        _ => IncidentStatus::Investigating,
    })
}
