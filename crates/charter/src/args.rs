//! What can be typed.

use std::path::PathBuf;

use charter_deploy_model::{DeploymentId, Environment, Stamp};
use clap::{Parser, Subcommand, ValueEnum};

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
    /// What judges a build.
    #[command(subcommand)]
    Gates(Gates),
    /// Snapshots of records, configuration and live release.
    #[command(subcommand)]
    Backup(Backup),
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
    Run,
    /// Says what a gate or one of its codes means.
    Explain {
        /// Such as `page-weight` or `page-weight/script`.
        code: String,
    },
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
