//! The definition of the commands that act.

use crate::args::{Filter, label};
use clap::Subcommand;
use std::path::PathBuf;
use steadfast::inspect::JobAction;

/// Who acts, and why.
#[derive(clap::Args)]
pub(crate) struct Actor {
    /// The name of who acts, for the record [default: USER@HOST]
    #[arg(long, value_name = "NAME", help_heading = "Record")]
    pub(crate) who: Option<String>,
    /// The reason, for the record
    #[arg(long, value_name = "TEXT", default_value = "", hide_default_value = true, help_heading = "Record")]
    pub(crate) why: String,
}

/// What is asked for before something is destroyed.
#[derive(clap::Args)]
pub(crate) struct Sure {
    /// Do it without asking
    #[arg(long)]
    pub(crate) yes: bool,
    #[command(flatten)]
    pub(crate) actor: Actor,
}

#[derive(Subcommand)]
pub(crate) enum Act {
    /// Start a run of a workflow
    Start(Start),
    /// Send a message to a run
    Send {
        /// The id of the run
        run: String,
        /// The recorded name of the message's type
        message: String,
        /// The message as JSON
        #[arg(value_name = "JSON")]
        value: String,
        /// Of several messages with this key, the run gets the first
        #[arg(long)]
        key: Option<String>,
        #[command(flatten)]
        actor: Actor,
    },
    /// Answer a request
    Answer {
        /// The id of the request
        request: String,
        /// The answer as JSON
        #[arg(value_name = "JSON")]
        value: String,
        #[command(flatten)]
        actor: Actor,
    },
    /// Cancel a run
    Cancel {
        /// The id of the run
        run: String,
        /// End a parked run now, without any of its code
        #[arg(long)]
        force: bool,
        #[command(flatten)]
        sure: Sure,
    },
    /// Pause a run: its steps in flight end, and nothing more begins
    Pause {
        /// The id of the run
        run: String,
        /// Cancel its steps in flight; they begin anew when it is resumed
        #[arg(long)]
        abandon: bool,
        #[command(flatten)]
        actor: Actor,
    },
    /// Resume a paused run
    Resume {
        /// The id of the run
        run: String,
        #[command(flatten)]
        actor: Actor,
    },
    /// Have a parked or quarantined run tried again
    Revive {
        /// The id of the run
        run: String,
        #[command(flatten)]
        actor: Actor,
    },
    /// Have a parked run tried again, or one that has failed, from before the step that failed
    Retry {
        /// The id of the run
        run: String,
        #[command(flatten)]
        actor: Actor,
    },
    /// Make another run with the history of this one before a point
    Fork {
        /// The id of the new run
        #[arg(long)]
        id: Option<String>,
        #[command(flatten)]
        point: Point,
        #[command(flatten)]
        actor: Actor,
    },
    /// Have a run go on from an earlier point; as it was, it stays under `ID~NUMBER`
    Rewind {
        #[command(flatten)]
        point: Point,
        #[command(flatten)]
        sure: Sure,
    },
    /// Write a copy of a run into a file
    Export {
        /// The id of the run
        run: String,
        /// The file, which is replaced
        file: PathBuf,
        #[command(flatten)]
        actor: Actor,
    },
    /// Import a run from a file
    Import {
        /// The file
        file: PathBuf,
        /// Another id than the one in the file
        #[arg(long)]
        id: Option<String>,
        #[command(flatten)]
        actor: Actor,
    },
    /// Delete a run that has ended or is parked
    Delete {
        /// The id of the run
        run: String,
        #[command(flatten)]
        sure: Sure,
    },
}

/// A point in a history, and what is different from there on.
#[derive(clap::Args)]
pub(crate) struct Point {
    /// The id of the run
    pub(crate) run: String,
    #[command(flatten)]
    pub(crate) at: AtPoint,
    /// Which call of the step, counted from 1
    #[arg(long, value_name = "N", default_value_t = 1, requires = "before", value_parser = from_one)]
    pub(crate) nth: usize,
    /// Another input for the workflow, as JSON
    #[arg(long, value_name = "JSON")]
    pub(crate) input: Option<String>,
    /// Another value of a field of the context, as JSON; several with several
    #[arg(long, value_name = "FIELD=JSON", value_parser = label)]
    pub(crate) set: Vec<(String, String)>,
    /// Another version of the workflow
    #[arg(long, value_name = "N")]
    pub(crate) workflow_version: Option<u32>,
    /// A label beside those of the run; several with several
    #[arg(long, value_name = "NAME=VALUE", value_parser = label)]
    pub(crate) label: Vec<(String, String)>,
}

#[derive(clap::Args)]
#[group(required = true, multiple = false)]
pub(crate) struct AtPoint {
    /// Before the first call of this step
    #[arg(long, value_name = "STEP")]
    pub(crate) before: Option<String>,
    /// Before the call at this position of `steps`
    #[arg(long, value_name = "POSITION")]
    pub(crate) at_position: Option<u64>,
    /// After this entry of `history`; after entry 1 the workflow begins anew
    #[arg(long, value_name = "N")]
    pub(crate) after_entry: Option<u64>,
}

#[derive(clap::Args)]
pub(crate) struct Start {
    /// The name of the workflow
    pub(crate) workflow: String,
    /// The input as JSON; none for a workflow without one
    pub(crate) input: Option<String>,
    /// The id of the run, by which the start can be repeated
    #[arg(long)]
    pub(crate) id: Option<String>,
    /// The version of the workflow [default: 1]
    #[arg(long, value_name = "N")]
    pub(crate) workflow_version: Option<u32>,
    /// The queue in which it waits
    #[arg(long, value_name = "NAME")]
    pub(crate) queue: Option<String>,
    /// The key of the input in a queue that has keys
    #[arg(long, value_name = "KEY", requires = "queue")]
    pub(crate) queue_key: Option<String>,
    /// The priority in the queue: those with a lower number begin first
    #[arg(long, value_name = "N", requires = "queue", allow_negative_numbers = true)]
    pub(crate) priority: Option<i32>,
    /// While this run has not ended, no other starts with this key
    #[arg(long, value_name = "KEY")]
    pub(crate) deduplication_key: Option<String>,
    /// A label by which it is found; several with several
    #[arg(long, value_name = "NAME=VALUE", value_parser = label)]
    pub(crate) label: Vec<(String, String)>,
    #[command(flatten)]
    pub(crate) actor: Actor,
}

fn from_one(text: &str) -> Result<usize, String> {
    text.parse().ok().filter(|number| *number > 0).ok_or_else(|| "calls are counted from 1".to_owned())
}

impl Act {
    /// Returns who acts, and why.
    pub(crate) const fn actor(&self) -> &Actor {
        match self {
            Self::Start(Start { actor, .. })
            | Self::Send { actor, .. }
            | Self::Answer { actor, .. }
            | Self::Pause { actor, .. }
            | Self::Resume { actor, .. }
            | Self::Revive { actor, .. }
            | Self::Retry { actor, .. }
            | Self::Fork { actor, .. }
            | Self::Export { actor, .. }
            | Self::Import { actor, .. }
            | Self::Cancel { sure: Sure { actor, .. }, .. }
            | Self::Rewind { sure: Sure { actor, .. }, .. }
            | Self::Delete { sure: Sure { actor, .. }, .. } => actor,
        }
    }

    /// Returns the run that has to be driven for the action to have its effect.
    pub(crate) fn needs_a_live_run(&self) -> Option<&str> {
        match self {
            Self::Send { run, .. }
            | Self::Pause { run, .. }
            | Self::Resume { run, .. }
            | Self::Cancel { run, force: false, .. } => Some(run),
            _ => None,
        }
    }
}

#[derive(clap::Args)]
pub(crate) struct Bulk {
    /// What is done
    #[arg(value_parser = job_action())]
    pub(crate) action: JobAction,
    #[command(flatten)]
    pub(crate) filter: Filter,
    /// At most this many in a second
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) rate: Option<u32>,
    /// Create the job, and leave it to `jobs run`
    #[arg(long)]
    pub(crate) later: bool,
    #[command(flatten)]
    pub(crate) sure: Sure,
}

#[derive(Subcommand)]
pub(crate) enum JobAct {
    /// Go on with a job, also after its process died
    Run {
        /// The number of the job
        job: i64,
        #[command(flatten)]
        actor: Actor,
    },
    /// Stop a job
    Stop {
        /// The number of the job
        job: i64,
        #[command(flatten)]
        actor: Actor,
    },
}

fn job_action() -> impl clap::builder::TypedValueParser<Value = JobAction> {
    use clap::builder::{PossibleValuesParser, TypedValueParser as _};
    let words = PossibleValuesParser::new(JobAction::ALL.map(JobAction::as_str));
    words.try_map(|word| JobAction::ALL.into_iter().find(|action| action.as_str() == word).ok_or("no action"))
}

impl Act {
    /// Returns the word of the command, and what it is about.
    pub(crate) fn named(&self) -> (&'static str, String) {
        let (word, subject) = match self {
            Self::Start(start) => ("start", &start.workflow),
            Self::Send { run, .. } => ("send", run),
            Self::Answer { request, .. } => ("answer", request),
            Self::Cancel { run, .. } => ("cancel", run),
            Self::Pause { run, .. } => ("pause", run),
            Self::Resume { run, .. } => ("resume", run),
            Self::Revive { run, .. } => ("revive", run),
            Self::Retry { run, .. } => ("retry", run),
            Self::Fork { point, .. } => ("fork", &point.run),
            Self::Rewind { point, .. } => ("rewind", &point.run),
            Self::Export { run, .. } => ("export", run),
            Self::Delete { run, .. } => ("delete", run),
            Self::Import { file, .. } => return ("import", file.display().to_string()),
        };
        (word, subject.clone())
    }
}
