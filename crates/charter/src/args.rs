//! What can be typed.

mod incident;

use std::path::PathBuf;
use std::str::FromStr;

use charter_deploy_model::constitution::Week;
use charter_deploy_model::{DeploymentId, Environment, HoldId, Stamp};
use clap::{Parser, Subcommand, ValueEnum};

pub(crate) use incident::{IncidentCommand, Opened, Resolved, Updated};

/// Carries a change from a git commit to the people who use it, and back.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", disable_help_subcommand = true, max_term_width = 100)]
#[command(
    after_help = "Exit codes: 0 done, 2 usage or configuration, 10 blocked by gates, 11 build failed, 12 not published, \
                  13 published then rolled back, 14 rollback failed: act now, 15 the record log does not verify, \
                  16 frozen or waiting, 17 locked by another deployment, 18 inconclusive, 19 nothing was checked"
)]
pub(crate) struct Arguments {
    #[command(flatten)]
    pub(crate) common: Common,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What every command takes.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct Common {
    /// The project's folder, with its charter.toml.
    #[arg(long, global = true, value_name = "DIR")]
    pub(crate) project: Option<PathBuf>,
    /// Where to deploy to: production, staging or development.
    #[arg(long, global = true, value_name = "ENVIRONMENT", default_value = "production")]
    pub(crate) environment: Environment,
    /// How to say what happens: for people, or as one JSON object a line.
    #[arg(long, global = true, value_enum, default_value_t = Format::Human)]
    pub(crate) format: Format,
    /// Say only what went wrong.
    #[arg(long, global = true)]
    pub(crate) quiet: bool,
}

/// How to say what happens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For people.
    Human,
    /// One JSON object a line.
    Json,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Writes a charter.toml from what is in the folder.
    Init {
        /// Print it instead of writing it.
        #[arg(long)]
        dry_run: bool,
    },
    /// Builds the commit at HEAD, judges it, backs up, shows it all at once, verifies it live, records it.
    Deploy {
        /// Build and judge, and say what would change; show and record nothing.
        #[arg(long)]
        dry_run: bool,
        /// Words for the production branch's name; the commit's summary unless given.
        #[arg(long, value_name = "TEXT")]
        description: Option<String>,
        /// Record it as an urgent fix.
        #[arg(long)]
        hotfix: bool,
        /// Deploy a hotfix that cannot wait, for this reason: without the gates that measure time, or those that
        /// `emergency-skip` names.
        ///
        /// Everything else is as always: the other gates, the backup, the live check. What was left out, the reason and
        /// your name in git are put on record.
        #[arg(long, value_name = "REASON", value_parser = clap::builder::NonEmptyStringValueParser::new())]
        emergency: Option<String>,
    },
    /// Shows an earlier release again: the one before, or the one that is named.
    Rollback {
        /// The deployment whose release is to be shown.
        #[arg(long, value_name = "DEPLOYMENT")]
        to: Option<DeploymentId>,
        /// Say where it would go; change nothing.
        #[arg(long)]
        dry_run: bool,
    },
    /// Brings an interrupted deployment to an end. Every deploy and rollback does so by itself first.
    Resume,
    /// Tells what users see, since when, and whether anything is unfinished.
    Status,
    /// Lists what was deployed.
    History {
        /// How many, the newest first.
        #[arg(long, value_name = "N", default_value_t = 20)]
        limit: usize,
    },
    /// Shows one deployment's record: the newest unless named.
    Show {
        /// The deployment.
        deployment: Option<DeploymentId>,
    },
    /// Compares every record with the log, and the log with the production branches.
    Verify,
    /// Builds the commit at HEAD, has every gate judge it, and says how it stands by the five principles; publishes
    /// nothing.
    ///
    /// What only a deployment can show, such as its backup, is not asked: `score` tells it of what users see.
    ///
    /// Exit codes: 0 compliant, 10 something is lost, 18 nothing is lost but something is not known.
    Constitution {
        /// Look at everything anew, whatever was seen before.
        #[arg(long)]
        afresh: bool,
    },
    /// Scores what users see against the constitution: 100 points, each with its evidence and what would regain it.
    ///
    /// Exit codes: 0 compliant, 10 something is lost, 15 the record log does not verify, 18 nothing is lost but
    /// something is not known, 19 nothing was deployed yet.
    Score,
    /// Audits one week from its records: principles, deployments, findings, waivers, trend. Markdown, or JSON.
    Audit {
        /// The week of ISO 8601; the one under way unless named.
        #[arg(long, value_name = "YYYY-Www")]
        week: Option<Week>,
        /// Write `audit-YYYY-Www-ENVIRONMENT.md` and `.json` into this folder instead of printing.
        #[arg(long, value_name = "DIR")]
        output: Option<PathBuf>,
    },
    /// What judges a build.
    #[command(subcommand)]
    Gates(Gates),
    /// Snapshots of records, configuration and live release.
    #[command(subcommand)]
    Backup(Backup),
    /// How long records stay, and what is held.
    #[command(subcommand)]
    Retention(Retention),
    /// Installs what gates need besides this program: Chromium, and pinned packages from npm.
    Setup,
    /// Shows how things stand in the browser, on loopback, until Ctrl-C.
    ///
    /// Whoever looks needs nothing; what is done there (taking an alert on, silencing) needs the token that is printed.
    Dashboard {
        /// Where to listen: an address of loopback.
        #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8990")]
        address: std::net::SocketAddr,
    },
    /// How things stand, for everyone.
    #[command(subcommand)]
    StatusPage(StatusPageCommand),
    /// Watches what is live.
    #[command(subcommand)]
    Monitor(MonitorCommand),
    /// Times in which users do not get what they come for.
    #[command(subcommand)]
    Incident(IncidentCommand),
    /// Opens a critical incident, stops deployments, shows the release before again and looks whether it is live.
    ///
    /// Each step is put on record with its time. What is deployed as a hotfix afterwards is `deploy --emergency`.
    ///
    /// Exit codes: 0 all was done, 13 and 14 as of `rollback`, 18 what is live does not answer as it should.
    Emergency {
        /// What is wrong.
        #[arg(value_name = "REASON", value_parser = clap::builder::NonEmptyStringValueParser::new())]
        reason: String,
        /// Show what is live on.
        #[arg(long)]
        no_rollback: bool,
        /// Say the steps; open, stop and change nothing.
        #[arg(long)]
        dry_run: bool,
    },
    /// Tells what the records say together: uptime, incidents, DORA's five measures, trends, percentiles.
    Analytics {
        /// How many days back from now.
        #[arg(long, value_name = "N", default_value_t = 30, value_parser = clap::value_parser!(u32).range(1..=3650))]
        days: u32,
    },
    /// Serves the built site on loopback until Ctrl-C.
    Preview {
        /// Serve what is live instead of building.
        #[arg(long)]
        live: bool,
    },
    /// Stops all deployments, for a reason. Going back stays possible.
    Freeze {
        /// Why.
        #[arg(long, value_name = "TEXT")]
        reason: String,
    },
    /// Lifts the freeze.
    Unfreeze,
    /// Prints the JSON Schema of charter.toml, for editors.
    Schema,
    /// Prints a completion script for a shell.
    Completions {
        /// The shell.
        shell: clap_complete::Shell,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum Gates {
    /// Lists the gates.
    List,
    /// Builds and judges the commit at HEAD; publishes nothing.
    Run(Judged),
    /// Takes out of the baseline what is no longer wrong, and tightens its figures.
    ///
    /// The baseline lists findings that may stand because they were there before the gates were, and the best figures
    /// so far. It belongs into git. It only shrinks, unless you say --accept-new or --figures.
    Baseline {
        /// Take in what is wrong now, too.
        #[arg(long)]
        accept_new: bool,
        /// Hold the figures of now as the best so far, too.
        #[arg(long)]
        figures: bool,
        /// Say what would change; write nothing.
        #[arg(long)]
        dry_run: bool,
    },
    /// Turns what other tools are told into settings and waivers here: prints them, and what became of each line.
    ///
    /// Read are lighthouserc and budgets.json, .hadolint.yaml, .trivyignore, osv-scanner.toml, deny.toml, Size Limit's
    /// and pa11y-ci's configuration. Nothing that is in charter.toml is changed.
    Import(Import),
    /// Makes the safe edits that findings carry, in the project's own files.
    Fix {
        /// Say what would be edited; edit nothing.
        #[arg(long)]
        dry_run: bool,
    },
    /// Writes a crate with a gate of your own to begin from.
    New {
        /// The gate's id, in kebab-case, such as `no-todo`.
        id: String,
        /// The folder in which the crate's folder is made; the project's own unless given.
        #[arg(long, value_name = "DIR")]
        into: Option<PathBuf>,
    },
    /// Says what a gate or one of its codes means.
    Explain {
        /// Such as `page-weight` or `page-weight/script`.
        code: String,
    },
}

/// What is imported, and what becomes of it.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct Import {
    /// The files, relative to the project; the usual ones in its folder, unless some are named.
    pub(crate) files: Vec<PathBuf>,
    /// Add it to charter.toml, too.
    #[arg(long)]
    pub(crate) write: bool,
    /// Who answers for the waivers.
    #[arg(long, value_name = "NAME")]
    pub(crate) owner: Option<String>,
    /// The last day on which waivers hold that have no end of their own; 90 days from now unless given.
    #[arg(long, value_name = "YYYY-MM-DD")]
    pub(crate) expires: Option<jiff::civil::Date>,
}

/// How much is judged, and where the reports go.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct Judged {
    /// Only these gates; all, unless some are named.
    pub(crate) gates: Vec<String>,
    /// Only files that differ from what is live. Gates that must see the whole site still do.
    #[arg(long)]
    pub(crate) changed: bool,
    /// As --changed, but the project's files are compared with this git revision.
    #[arg(long, value_name = "REVISION")]
    pub(crate) since: Option<String>,
    /// Look at everything anew, whatever was seen before.
    #[arg(long)]
    pub(crate) afresh: bool,
    /// Write the reports as sarif, junit or markdown, to standard output or a file; may be repeated.
    #[arg(long, value_name = "FORMAT[=FILE]")]
    pub(crate) report: Vec<ReportTo>,
}

/// A form of the reports, and where they go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ReportTo {
    pub(crate) form: ReportForm,
    /// Standard output, when absent.
    pub(crate) file: Option<PathBuf>,
}

/// A form that other programs read the gates' reports in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ReportForm {
    Sarif,
    Junit,
    Markdown,
}

impl FromStr for ReportTo {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (form, file) = match text.split_once('=') {
            Some((form, file)) => (form, Some(PathBuf::from(file))),
            None => (text, None),
        };
        let form = ReportForm::from_str(form, false).map_err(|_| "it is none of sarif, junit, markdown".to_owned())?;
        Ok(Self { form, file })
    }
}

#[derive(Debug, Subcommand)]
pub(crate) enum Retention {
    /// Says which records would be removed or compressed, why, and what that saves; changes nothing.
    Plan {
        /// List the records that stay as they are, too, with what keeps them.
        #[arg(long)]
        all: bool,
    },
    /// Does what `retention plan` says: removes and compresses records.
    ///
    /// What goes is put on record first, with a summary of each record; its line in the log stays, and the log goes on
    /// to verify. Nothing that is live, can be gone back to, is held, or is referred to by a record that stays goes.
    Apply,
    /// Keeps records, and what they refer to, whatever their age.
    Hold {
        /// The deployments, by their ids, or other records, by their paths such as incidents/….json.
        #[arg(required = true, value_name = "RECORD")]
        covers: Vec<Covered>,
        /// Why.
        #[arg(long, value_name = "TEXT")]
        reason: String,
        /// The last day on which it holds, in UTC; without one it holds until it is lifted.
        #[arg(long, value_name = "YYYY-MM-DD")]
        until: Option<jiff::civil::Date>,
    },
    /// Ends a hold.
    Lift {
        /// The hold.
        hold: HoldId,
        /// Why.
        #[arg(long, value_name = "TEXT")]
        reason: String,
    },
    /// Lists the holds there were, and says which are in force.
    Holds,
    /// Lists what was removed, with what each record said in short.
    Pruned,
}

/// A record that a hold covers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Covered {
    pub(crate) path: String,
}

impl std::str::FromStr for Covered {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let of = |folder: &str| format!("{folder}/{text}.json");
        let path = match text.rsplit_once('-').map(|(_, sort)| sort) {
            Some("deployment") => of("deployments"),
            Some("maintenance") => of("maintenance"),
            Some("incident") => of("incidents"),
            _ if text.contains('/') && text.ends_with(".json") => text.to_owned(),
            _ => return Err("it is neither a deployment's id nor a record's path".to_owned()),
        };
        Ok(Self { path })
    }
}

#[derive(Debug, Subcommand)]
pub(crate) enum Backup {
    /// Takes a snapshot now.
    Create,
    /// Lists the snapshots.
    List,
    /// Reads every byte of a snapshot back and checks it: the newest unless named.
    Verify {
        /// The snapshot.
        snapshot: Option<Stamp>,
    },
    /// Removes the snapshots that the policy lets go, and what only they needed.
    ///
    /// The newest one that reads back whole stays, and so do the last ones and those that a deployment was begun from
    /// whose release can be gone back to, or that is held.
    Prune {
        /// Say what would go and what that frees; remove nothing.
        #[arg(long)]
        dry_run: bool,
    },
    /// Writes a snapshot's files into an empty folder.
    Restore {
        /// The snapshot.
        snapshot: Stamp,
        /// The folder.
        #[arg(long, value_name = "DIR")]
        into: PathBuf,
        /// Only this part, such as `live`; may be repeated.
        #[arg(long, value_name = "NAME")]
        only: Vec<String>,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum MonitorCommand {
    /// Watches until Ctrl-C: looks at each endpoint when it is due, tells of outages once, records all of it.
    ///
    /// It may be killed at any moment: the next one goes on where it was.
    Run,
    /// Looks at each endpoint once, and records nothing.
    ///
    /// Exit codes: 0 all are up, 10 something is down, 18 nothing is known to be down but something is not known.
    Once,
    /// Tells how things stand, as the monitor saved it last.
    ///
    /// Exit codes: as `once`.
    Status,
    /// Takes an alert on: nobody is reminded of it any more.
    Ack {
        /// The alert's name, or its endpoint's.
        which: String,
        /// What you do about it, or why it can wait.
        #[arg(long, value_name = "TEXT", value_parser = clap::builder::NonEmptyStringValueParser::new())]
        reason: String,
    },
    /// Keeps endpoints quiet for a while: what is wrong with them is on record, and nobody is called.
    Silence {
        /// The endpoints: a name, or a glob such as `shop-*`.
        endpoints: String,
        /// For how long, such as `90m` or `2h`; at most 90 days.
        #[arg(long = "for", value_name = "TIME")]
        time: jiff::SignedDuration,
        /// Why.
        #[arg(long, value_name = "TEXT", value_parser = clap::builder::NonEmptyStringValueParser::new())]
        reason: String,
    },
    /// Sends a notice by every route, to see whether it arrives.
    Test,
}

#[derive(Debug, Subcommand)]
pub(crate) enum StatusPageCommand {
    /// Writes a public status page: static files with an Atom feed, badges and Statuspage's JSON.
    Export {
        /// The folder, relative to the project.
        folder: PathBuf,
        /// The address at which it will be, with a slash at the end.
        #[arg(long, value_name = "URL")]
        url: String,
    },
}
