//! The definition of the commands that act on queues and schedules.

use crate::act_args::Actor;
use crate::times;
use clap::Subcommand;
use std::time::{Duration, SystemTime};

#[derive(Subcommand)]
pub(crate) enum QueueAct {
    /// Change the limits of a queue
    Set {
        /// The name of the queue
        queue: String,
        #[command(flatten)]
        limit: Limit,
        #[command(flatten)]
        actor: Actor,
    },
    /// Start none of its tasks until it is resumed
    Pause {
        /// The name of the queue
        queue: String,
        /// What is shown meanwhile [default: the reason]
        #[arg(long)]
        note: Option<String>,
        #[command(flatten)]
        actor: Actor,
    },
    /// Start its tasks again
    Resume {
        /// The name of the queue
        queue: String,
        #[command(flatten)]
        actor: Actor,
    },
}

#[derive(clap::Args)]
#[group(required = true, multiple = false)]
pub(crate) struct Limit {
    /// How many of its tasks run at once; `none` for no limit
    #[arg(long, value_name = "N", value_parser = number_or_none)]
    pub(crate) total: Option<OrNone<u32>>,
    /// How many of its tasks with the same key run at once; `none` for no limit
    #[arg(long, value_name = "N", value_parser = number_or_none)]
    pub(crate) per_key: Option<OrNone<u32>>,
    /// How many of its tasks start within a time: `100/1s`; `none` for any number
    #[arg(long, value_name = "N/TIME", value_parser = rate_or_none)]
    pub(crate) rate: Option<OrNone<(u32, Duration)>>,
    /// How many tasks of a key start in its turn: `acme=3`, `acme=none`
    #[arg(long, value_name = "KEY=N", value_parser = weight)]
    pub(crate) weight: Option<(String, OrNone<u32>)>,
    /// Return to the limits that the code declares
    #[arg(long)]
    pub(crate) reset: bool,
}

/// A number, or none on purpose.
#[derive(Clone, Copy, Debug)]
pub(crate) struct OrNone<T>(pub(crate) Option<T>);

#[derive(Subcommand)]
pub(crate) enum ScheduleAct {
    /// Start nothing of it until it is resumed
    Pause {
        /// The name of the schedule
        schedule: String,
        /// What is shown meanwhile [default: the reason]
        #[arg(long)]
        note: Option<String>,
        #[command(flatten)]
        actor: Actor,
    },
    /// Start runs again, at the times from now on
    Resume {
        /// The name of the schedule
        schedule: String,
        #[command(flatten)]
        actor: Actor,
    },
    /// Start a run of it now
    Trigger {
        /// The name of the schedule
        schedule: String,
        #[command(flatten)]
        actor: Actor,
    },
    /// Start a run for each nominal time of a range that has none
    Backfill {
        /// The name of the schedule
        schedule: String,
        /// From this time on: `2h` ago, `2026-11-30`, `2026-11-30T12:00:00Z`
        #[arg(long, value_name = "TIME", value_parser = times::moment)]
        from: SystemTime,
        /// Before this time [default: now]
        #[arg(long, value_name = "TIME", value_parser = times::moment)]
        until: Option<SystemTime>,
        #[command(flatten)]
        actor: Actor,
    },
}

fn number_or_none(text: &str) -> Result<OrNone<u32>, String> {
    if text == "none" {
        return Ok(OrNone(None));
    }
    text.parse().map(|number| OrNone(Some(number))).map_err(|_| "write a number, or `none`".to_owned())
}

fn rate_or_none(text: &str) -> Result<OrNone<(u32, Duration)>, String> {
    if text == "none" {
        return Ok(OrNone(None));
    }
    let rate = text.split_once('/').and_then(|(starts, within)| Some((starts.parse().ok()?, times::length(within)?)));
    rate.map(|rate| OrNone(Some(rate))).ok_or_else(|| "write a number and a time, as `100/1s`, or `none`".to_owned())
}

fn weight(text: &str) -> Result<(String, OrNone<u32>), String> {
    let (key, tasks) = text.rsplit_once('=').ok_or("write a key and a number, as `acme=3`")?;
    Ok((key.to_owned(), number_or_none(tasks)?))
}
