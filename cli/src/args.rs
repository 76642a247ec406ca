//! The definition of the command line.

use crate::act_args::{Act, Actor, Bulk, JobAct};
use crate::place_args::{QueueAct, ScheduleAct};
use crate::times;
use clap::{ColorChoice, Parser, Subcommand};
use clap_complete::Shell;
use std::ffi::OsString;
use std::net::IpAddr;
use std::path::PathBuf;
use std::time::SystemTime;
use steadfast::Status;
use steadfast::inspect::FieldCondition;

/// How many items a list has if nothing else is said.
const ITEMS: usize = 100;

/// Looks into a database of Steadfast runs, and acts on it.
///
/// It needs neither the program that runs on the database nor its code. What it does is recorded with who and why.
#[derive(Parser)]
#[command(name = "steadfast", version, propagate_version = true, max_term_width = 100, after_help = EXITS)]
pub(crate) struct Args {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) command: Command,
}

const EXITS: &str = "Exit codes: 0 done, 1 failed, 2 the command line makes no sense, 3 not found, 4 the run is \
                     parked or was moved away.";

#[derive(clap::Args)]
pub(crate) struct Global {
    /// The database: the path of a file of SQLite, or `postgres://..`
    #[arg(long, global = true, value_name = "PATH|URL", env = "STEADFAST_DB", hide_env_values = true)]
    pub(crate) db: Option<OsString>,
    /// The schema of Postgres with the tables, if `search_path` does not lead to it
    #[arg(long, global = true, value_name = "NAME")]
    pub(crate) schema: Option<String>,
    /// Write one object of JSON a line
    #[arg(long, global = true)]
    pub(crate) json: bool,
    /// When to use colors; `auto` respects `NO_COLOR`
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto")]
    pub(crate) color: ColorChoice,
}

#[derive(Subcommand)]
pub(crate) enum Command {
    /// List runs, the newest first
    Runs(RunsArgs),
    /// Show one run: its status, what it waits for, the runs around it
    Show {
        /// The id of the run
        run: String,
    },
    /// List what happened to a run, entry by entry
    History(OfRun),
    /// Show the context of a run, with the entry that wrote each field
    Context(At),
    /// Compare two contexts: of two runs, or of one run at two entries
    Diff {
        /// A run, `RUN@N` for its context after entry N
        left: String,
        /// The other run; `@N` for the same run at entry N
        right: String,
    },
    /// Show the state that the steps of a run share
    State(At),
    /// List the steps of a run with their attempts
    Steps(OfRun),
    /// Write the spans of a run for OpenTelemetry, one OTLP request in JSON a line
    Trace {
        /// The id of the run
        run: String,
        /// The name of the program that ran it
        #[arg(long, value_name = "NAME", default_value = "steadfast")]
        service: String,
        /// Write into this file, which must not exist, instead of to the output
        #[arg(long, value_name = "PATH")]
        output: Option<PathBuf>,
    },
    /// List the requests that wait for an answer, or all of one run
    Requests {
        /// The id of a run
        run: Option<String>,
        #[command(flatten)]
        list: ListArgs,
    },
    /// List the queues in which something waits or runs, or the keys of one queue; change a queue
    #[command(args_conflicts_with_subcommands = true)]
    Queues {
        #[command(subcommand)]
        act: Option<QueueAct>,
        /// The name of a queue
        queue: Option<String>,
        #[command(flatten)]
        list: ListArgs,
    },
    /// List the schedules; change or trigger one
    #[command(args_conflicts_with_subcommands = true)]
    Schedules {
        #[command(subcommand)]
        act: Option<ScheduleAct>,
        #[command(flatten)]
        list: ListArgs,
    },
    /// List the workers: the engines that drive runs
    Workers {
        #[command(flatten)]
        watch: Watch,
    },
    /// Show workers, queues and runs live, until `q`; in a pipe once
    Top(TopArgs),
    /// Show the size of the database, and what holds it up
    Health {
        /// Measure tables too; on SQLite this reads the whole file
        #[arg(long)]
        thoroughly: bool,
    },
    /// Count the runs that a retention would delete; the engines of the program delete them
    Retention(RetentionArgs),
    #[command(flatten)]
    Act(Act),
    /// List what was done, by whom and why
    Audit(AuditArgs),
    /// Check whether this program can go on with every unfinished run of a database, or of exports
    Check {
        /// Files of `export`, in place of a database
        #[arg(value_name = "FILE")]
        exports: Vec<PathBuf>,
        /// Write each problem as an annotation too
        #[arg(long, value_name = "FOR")]
        annotations: Option<Annotations>,
    },
    /// Serve a console for the browser
    Serve(Serve),
    /// Create the tables of a database of Postgres, or convert those of an older version
    Migrate(Migrate),
    /// Delete the contents in this program's field stores that no run points to
    Gc(Actor),
    /// Act on every run of a filter, one after the other
    Bulk(Bulk),
    /// List the jobs of `bulk`; go on with one, or stop it
    #[command(args_conflicts_with_subcommands = true)]
    Jobs {
        #[command(subcommand)]
        act: Option<JobAct>,
        #[command(flatten)]
        list: ListArgs,
    },
    /// Print completions for a shell
    Completions {
        /// The shell
        shell: Shell,
    },
    /// Print the manual page, or that of a command
    Man {
        /// A command
        command: Option<String>,
    },
}

#[derive(clap::Args)]
pub(crate) struct TopArgs {
    /// Look every so many seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 2, value_parser = clap::value_parser!(u32).range(1..=86_400))]
    pub(crate) interval: u32,
}

#[derive(clap::Args)]
pub(crate) struct RunsArgs {
    #[command(flatten)]
    pub(crate) filter: Filter,
    /// Show these indexed fields too; several with commas
    #[arg(long, value_name = "FIELD", value_delimiter = ',', conflicts_with = "count")]
    pub(crate) columns: Vec<String>,
    /// The oldest first
    #[arg(long)]
    pub(crate) oldest_first: bool,
    /// Count the runs of each status instead
    #[arg(long, conflicts_with_all = ["limit", "after", "all", "oldest_first"])]
    pub(crate) count: bool,
    #[command(flatten)]
    pub(crate) list: ListArgs,
}

/// Whose annotations are written.
#[derive(Clone, Copy, Debug, clap::ValueEnum)]
pub(crate) enum Annotations {
    Github,
}

#[derive(clap::Args)]
pub(crate) struct Migrate {
    /// Print the statements, and execute none
    #[arg(long)]
    pub(crate) print: bool,
    /// Do it without asking
    #[arg(long)]
    pub(crate) yes: bool,
}

/// Where the console is served, and what it may do.
#[derive(clap::Args)]
pub(crate) struct Serve {
    /// The port; a free one by default
    #[arg(long, value_name = "N", default_value_t = 0, hide_default_value = true)]
    pub(crate) port: u16,
    /// The address of this machine at which it listens
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1")]
    pub(crate) listen: IpAddr,
    /// A name of this machine by which browsers may ask, besides `localhost` and the address; several with several
    #[arg(long, value_name = "NAME")]
    pub(crate) host: Vec<String>,
    /// Refuse every action
    #[arg(long)]
    pub(crate) read_only: bool,
    /// Leave out inputs, results, contexts, messages and other values of the program
    #[arg(long)]
    pub(crate) hide_values: bool,
    /// The name of who acts, for the records [default: USER@HOST]
    #[arg(long, value_name = "NAME")]
    pub(crate) who: Option<String>,
}

/// Which runs.
#[derive(clap::Args)]
pub(crate) struct Filter {
    /// Only runs in this status; several with commas
    #[arg(long, value_name = "STATUS", value_delimiter = ',', value_parser = status_parser())]
    pub(crate) status: Vec<Status>,
    /// Only runs of this workflow
    #[arg(long, value_name = "NAME")]
    pub(crate) workflow: Option<String>,
    /// Only runs with this label; with several, those that have all
    #[arg(long, value_name = "NAME=VALUE", value_parser = label)]
    pub(crate) label: Vec<(String, String)>,
    /// Only runs whose indexed field compares so: `status=paid`, `total>=100`, `city^=Ber`; with several, all of them
    #[arg(long, value_name = "CONDITION", value_parser = FieldCondition::parse)]
    pub(crate) field: Vec<FieldCondition>,
    /// Only runs started since: `2h`, `3d`, `2026-11-30`, `2026-11-30T12:00:00Z`
    #[arg(long, value_name = "TIME", value_parser = times::moment)]
    pub(crate) since: Option<SystemTime>,
    /// Only runs started before
    #[arg(long, value_name = "TIME", value_parser = times::moment)]
    pub(crate) before: Option<SystemTime>,
    /// Only runs whose id contains this
    #[arg(long)]
    pub(crate) text: Option<String>,
    /// Only runs that this run has started
    #[arg(long, value_name = "RUN")]
    pub(crate) parent: Option<String>,
}

#[derive(clap::Args)]
pub(crate) struct AuditArgs {
    /// Only what is about this: the id of a run, `queue NAME`, `schedule NAME`, `job N`
    #[arg(long)]
    pub(crate) subject: Option<String>,
    /// Only what this one has done
    #[arg(long, value_name = "NAME")]
    pub(crate) who: Option<String>,
    #[command(flatten)]
    pub(crate) list: ListArgs,
}

#[derive(clap::Args)]
pub(crate) struct RetentionArgs {
    /// Those that ended before: `30d`, `2026-11-30`
    #[arg(long, value_name = "TIME", value_parser = times::moment)]
    pub(crate) older_than: SystemTime,
    /// Only runs of this workflow
    #[arg(long, value_name = "NAME")]
    pub(crate) workflow: Option<String>,
    /// Only runs in this status; several with commas
    #[arg(long, value_name = "STATUS", value_delimiter = ',', value_parser = status_parser())]
    pub(crate) status: Vec<Status>,
    /// Say what would go
    #[arg(long, required = true)]
    pub(crate) dry_run: bool,
}

/// A list that belongs to a run.
#[derive(clap::Args)]
pub(crate) struct OfRun {
    /// The id of the run
    pub(crate) run: String,
    #[command(flatten)]
    pub(crate) list: ListArgs,
}

/// A moment of a run.
#[derive(clap::Args)]
pub(crate) struct At {
    /// The id of the run
    pub(crate) run: String,
    /// As it was after this entry, instead of now
    #[arg(long, value_name = "N")]
    pub(crate) at: Option<u64>,
}

#[derive(clap::Args)]
pub(crate) struct ListArgs {
    /// At most this many [default: 100]
    #[arg(long, value_name = "N", value_parser = at_least_one)]
    pub(crate) limit: Option<usize>,
    /// From this cursor on, which the list before ended with
    #[arg(long, value_name = "CURSOR")]
    pub(crate) after: Option<String>,
    /// To the end of the list
    #[arg(long, conflicts_with = "limit")]
    pub(crate) all: bool,
    #[command(flatten)]
    pub(crate) watch: Watch,
}

#[derive(clap::Args)]
pub(crate) struct Watch {
    /// List anew every 2 seconds, or every so many
    #[arg(long, value_name = "SECONDS", num_args = 0..=1, default_missing_value = "2",
          value_parser = clap::value_parser!(u32).range(1..=86_400))]
    pub(crate) watch: Option<u32>,
}

impl ListArgs {
    /// Returns how many items are wanted.
    pub(crate) fn most(&self) -> usize {
        if self.all { usize::MAX } else { self.limit.unwrap_or(ITEMS) }
    }
}

impl Command {
    /// Returns after how many seconds the list is wanted anew.
    pub(crate) const fn watch(&self) -> Option<u32> {
        match self {
            Self::Runs(RunsArgs { list, .. })
            | Self::History(OfRun { list, .. })
            | Self::Steps(OfRun { list, .. })
            | Self::Requests { list, .. }
            | Self::Queues { list, .. }
            | Self::Audit(AuditArgs { list, .. })
            | Self::Jobs { list, .. }
            | Self::Schedules { list, .. } => list.watch.watch,
            Self::Workers { watch } => watch.watch,
            _ => None,
        }
    }
}

fn status_parser() -> impl clap::builder::TypedValueParser<Value = Status> {
    use clap::builder::{PossibleValuesParser, TypedValueParser as _};
    let words = PossibleValuesParser::new(Status::ALL.map(Status::as_str));
    words.try_map(|word| Status::ALL.into_iter().find(|status| status.as_str() == word).ok_or("no status"))
}

pub(crate) fn label(text: &str) -> Result<(String, String), String> {
    let pair = text.split_once('=').filter(|(name, _)| !name.is_empty());
    let (name, value) = pair.ok_or("it is no label; write `name=value`")?;
    Ok((name.to_owned(), value.to_owned()))
}

fn at_least_one(text: &str) -> Result<usize, String> {
    text.parse().ok().filter(|limit| *limit > 0).ok_or_else(|| "it is no number of items; write 1 or more".to_owned())
}
