//! Waits of a run, since when, and who can help: read from committed state.

mod answers;
mod flat;
mod open;
mod queued;

pub(super) use answers::with_request;
pub(super) use flat::Flat;
pub(crate) use open::Seen;

use super::heard::Hearing;
use crate::record::ParkReason;
use crate::record::millis::moment;
use crate::store::{Lease, LeaseRow, NOBODY, RunKey, RunRow, Status, Store, StoreError};
use serde::Serialize;
use std::fmt;
use std::time::SystemTime;

/// A thing that a run waits for. Its `Display` is one line that includes the time since, and [`help`](Wait::help) says
/// what would end the wait.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Wait {
    /// The thing that the run waits for.
    pub for_what: WaitsFor,
    /// The start of the wait.
    #[serde(serialize_with = "crate::record::millis::serialize")]
    pub since: SystemTime,
    /// The latest end of the wait, if known.
    #[serde(serialize_with = "crate::record::millis::option::serialize")]
    pub until: Option<SystemTime>,
}

/// A thing that a run waits for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub enum WaitsFor {
    /// The end of an attempt of a step.
    Step {
        /// The step's name.
        name: String,
        /// The attempt, from 1.
        attempt: u32,
    },
    /// An engine with a free slot, for a step that runs in another process.
    Queue {
        /// The queue in which it waits.
        queue: String,
        /// The step's name.
        step: String,
        /// The attempt, from 1.
        attempt: u32,
        /// Whether an engine serves the queue and has the step.
        served: bool,
        /// Why the last engine that had it could not run it.
        refused: Option<String>,
    },
    /// The next attempt of a step that has failed, at [`until`](Wait::until).
    Retry {
        /// The step's name.
        step: String,
        /// The attempt that failed.
        failed: u32,
    },
    /// The moment [`until`](Wait::until).
    Timer,
    /// An event from outside with this name.
    Event(String),
    /// A message with this name.
    Message(String),
    /// The answer to a request.
    Answer {
        /// The request's id.
        request: String,
        /// The name of the question.
        question: String,
    },
    /// The end of a run that it started.
    Run {
        /// The id of that run.
        id: String,
        /// The status of that run; `None` if it was deleted.
        status: Option<Status>,
        /// The reason why that run is parked, if it is.
        parked: Option<Box<ParkReason>>,
    },
    /// Room in a queue, to begin or to go on.
    Room {
        /// The name of the queue.
        queue: String,
        /// Whether an engine serves the queue and has the workflow.
        served: bool,
        /// Why nothing of the queue is started, if it is paused.
        paused: Option<String>,
    },
    /// A person who resumes it: it is paused.
    Resume,
    /// Code, a key, a store or a resource that it lacks: it is parked, and [`parked`](crate::RunInfo::parked) has the
    /// reason.
    Unpark,
    /// A field store, a restore hook or a resource that fails and is retried, as known to the engine that drives the
    /// run, with the reason.
    Blocked(String),
    /// An engine: its last one has stopped, or the record of its owner is missing.
    Engine,
}

impl Wait {
    /// Returns what ends the wait, in one sentence.
    #[must_use]
    pub fn help(&self) -> String {
        match &self.for_what {
            WaitsFor::Step { name, .. } => {
                format!("step `{name}` is running; if it hangs, give it a time limit, or cancel the run")
            }
            WaitsFor::Queue { queue, step, served: false, .. } => format!(
                "start an engine that serves queue `{queue}` and has the step: \
                 `.serve(\"{queue}\", ..).step::<{step}>()`"
            ),
            WaitsFor::Queue { queue, refused: Some(_), .. } => {
                format!(
                    "start an engine that serves queue `{queue}` and can run it; the others try it again from time to \
                     time"
                )
            }
            WaitsFor::Queue { queue, .. } => {
                format!("it starts when an engine that serves queue `{queue}` has a free slot")
            }
            WaitsFor::Room { queue, served: false, .. } => {
                format!("start an engine that serves queue `{queue}` and has the workflow: `.serve(\"{queue}\", ..)`")
            }
            WaitsFor::Room { queue, paused: Some(_), .. } => {
                format!("resume the queue: `engine.queue(\"{queue}\").resume()`")
            }
            WaitsFor::Room { queue, .. } => {
                format!(
                    "it begins when an engine that serves queue `{queue}` has a free slot, and the queue's limits allow it"
                )
            }
            WaitsFor::Retry { step, .. } => {
                format!(
                    "the next attempt of step `{step}` starts automatically; see the run's history for why the last one failed"
                )
            }
            WaitsFor::Timer => "nobody needs to do anything".to_owned(),
            WaitsFor::Event(name) => format!("emit event `{name}` to the run (`engine.emit`)"),
            WaitsFor::Message(name) => format!("send a message `{name}` to the run (`engine.send`)"),
            WaitsFor::Answer { request, .. } => format!("answer request `{request}` (`engine.answer`)"),
            WaitsFor::Run { id, status: Some(Status::Parked), .. } => {
                format!(
                    "run `{id}` is parked: fix its code or `engine.retry(\"{id}\")`, or end it with `cancel(..)` and `force()`"
                )
            }
            WaitsFor::Run { id, status: Some(Status::Paused), .. } => format!("run `{id}` is paused: `resume` it"),
            WaitsFor::Run { id, status: None, .. } => format!("run `{id}` was deleted, so cancel this run"),
            WaitsFor::Run { id, .. } => format!("run `{id}`, whose own status says what it waits for"),
            WaitsFor::Resume => "call `resume` on the run".to_owned(),
            WaitsFor::Unpark => "fix what `parked` says; then start the engine anew, or call `engine.retry`".to_owned(),
            WaitsFor::Blocked(_) => "fix what fails; it is tried again until then".to_owned(),
            WaitsFor::Engine => {
                "the next engine that starts on this database with the run's workflow continues it".to_owned()
            }
        }
    }
}

impl fmt::Display for WaitsFor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Step { name, attempt: 0 | 1 } => write!(f, "step `{name}`"),
            Self::Step { name, attempt } => write!(f, "step `{name}`, attempt {attempt}"),
            Self::Queue { queue, step, served: false, .. } => {
                write!(f, "an engine for step `{step}`: none serves queue `{queue}` with it")
            }
            Self::Queue { step, refused: Some(why), .. } => write!(f, "an engine for step `{step}`: {why}"),
            Self::Queue { queue, step, .. } => write!(f, "a free slot of queue `{queue}` for step `{step}`"),
            Self::Room { queue, served: false, .. } => {
                write!(f, "room in queue `{queue}`, which no engine serves that has its workflow")
            }
            Self::Room { queue, paused: Some(why), .. } => write!(f, "room in queue `{queue}`, which is paused: {why}"),
            Self::Room { queue, .. } => write!(f, "room in queue `{queue}`"),
            Self::Retry { step, failed } => {
                write!(f, "the attempt of step `{step}` after attempt {failed}, which failed")
            }
            Self::Timer => f.write_str("a timer"),
            Self::Event(name) => write!(f, "event `{name}`"),
            Self::Message(name) => write!(f, "message `{name}`"),
            Self::Answer { request, question } => write!(f, "the answer to `{question}` (request {request})"),
            Self::Run { id, status: None, .. } => write!(f, "the end of run `{id}`, which was deleted"),
            Self::Run { id, parked: Some(reason), .. } => write!(f, "the end of run `{id}`, which is parked: {reason}"),
            Self::Run { id, status: Some(status), .. } => write!(f, "the end of run `{id}`, which is {status}"),
            Self::Resume => f.write_str("being resumed"),
            Self::Unpark => f.write_str("something with which it can continue"),
            Self::Blocked(why) => f.write_str(why),
            Self::Engine => f.write_str("an engine that drives it"),
        }
    }
}

impl fmt::Display for Wait {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let age = SystemTime::now().duration_since(self.since).unwrap_or_default();
        write!(f, "waits for {}, for {} s", self.for_what, age.as_secs())
    }
}

/// Reads the run's row and its waits; `held` are our leases. Damage in its history is ignored: the status must be
/// available all the same.
pub(crate) fn read(
    store: &dyn Store,
    seen: &Seen,
    hearing: &Hearing,
    held: &[Lease],
    run: i64,
) -> Result<Option<(RunRow, Vec<Wait>)>, StoreError> {
    let Some(row) = store.run(RunKey::Number(run))? else { return Ok(None) };
    let since = moment(row.updated_at);
    let alone = |for_what| Ok(vec![Wait { for_what, since, until: None }]);
    let waits = match row.status {
        status if !status.accepts() => Ok(Vec::new()),
        Status::Parked => alone(WaitsFor::Unpark),
        Status::Paused => alone(WaitsFor::Resume),
        Status::Queued => queued::room(store, hearing, &row)
            .map(|room| vec![Wait { for_what: room, since: moment(row.created_at), until: None }]),
        _ => open::waits(store, seen, hearing, &row),
    };
    let mut waits = waits.unwrap_or_default();
    let ours = held.iter().any(|lease| Some(lease.number) == row.lease);
    if !ours
        && row.status.accepts()
        && !matches!(row.status, Status::Parked | Status::Queued)
        && is_left_alone(&row, &store.leases()?)
    {
        waits.insert(0, Wait { for_what: WaitsFor::Engine, since, until: None });
    }
    Ok(Some((row, waits)))
}

/// Returns whether a run that should be driven has no owner.
fn is_left_alone(row: &RunRow, leases: &[LeaseRow]) -> bool {
    let lease = leases.iter().find(|lease| Some(lease.number) == row.lease);
    lease.is_none_or(|lease| lease.owner == NOBODY)
}

/// Makes the wait of a run that is blocked, since a moment in milliseconds since 1970.
pub(crate) fn blocked((why, since): (String, i64)) -> Wait {
    Wait { for_what: WaitsFor::Blocked(why), since: moment(since), until: None }
}
