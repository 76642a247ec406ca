//! The actions of an operator, as forms ask for them.

mod command;
mod perform;
mod table;

pub(crate) use command::line;
pub(crate) use perform::{Done, perform};
pub(crate) use table::ACTIONS;

use crate::answer::Fault;
use crate::asked::Query;
use steadfast::Status;
use steadfast::inspect::JobAction;

/// An action, with the form that asks for it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Action {
    /// Its name in addresses.
    pub(crate) word: &'static str,
    /// What a button says.
    pub(crate) label: &'static str,
    /// What it is about.
    pub(crate) about: About,
    /// What it does, in one sentence.
    pub(crate) says: &'static str,
    /// Whether it destroys something: then the form asks for a reason.
    pub(crate) is_danger: bool,
    pub(crate) fields: &'static [Field],
    /// The words of its command line before the subject and the fields.
    pub(crate) command: &'static str,
}

/// What an action is about: the parameter of an address that names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum About {
    Run,
    Request,
    Queue,
    Schedule,
    Job,
    /// The runs of a filter.
    Runs,
    /// A workflow.
    Workflow,
    /// The database as a whole.
    Database,
}

/// A field of a form.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Field {
    pub(crate) name: &'static str,
    pub(crate) label: &'static str,
    pub(crate) kind: Kind,
    pub(crate) is_required: bool,
    /// The option of the command line; an argument if it is empty.
    pub(crate) option: &'static str,
    pub(crate) example: &'static str,
}

/// What a field takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Text,
    Number,
    /// A value in JSON.
    Json,
    /// One of the actions of a job.
    JobAction,
    /// A text that is new in each form, so that a form that is sent twice acts once.
    Fresh,
}

impl About {
    pub(crate) const fn parameter(self) -> &'static str {
        match self {
            Self::Run => "run",
            Self::Request => "request",
            Self::Queue => "queue",
            Self::Schedule => "schedule",
            Self::Job => "job",
            Self::Runs => "runs",
            Self::Workflow => "workflow",
            Self::Database => "database",
        }
    }
}

impl Action {
    /// Returns an action by its name in an address.
    ///
    /// # Errors
    /// There is none.
    pub(crate) fn named(word: &str) -> Result<&'static Self, Fault> {
        let action = ACTIONS.iter().find(|action| action.word == word);
        action.ok_or_else(|| Fault::not_found(format!("there is no action `{}`", crate::values::cut(word, 80))))
    }

    /// Returns what a request is about: the token of its form is bound to it.
    ///
    /// # Errors
    /// The request does not say.
    pub(crate) fn subject(&self, query: &Query) -> Result<String, Fault> {
        if self.about == About::Runs {
            let filter = crate::pages::Filter::of(query)?;
            return Ok(filter.link().to_string());
        }
        if self.about == About::Database {
            return Ok(String::new());
        }
        query.required(self.about.parameter()).map(str::to_owned)
    }

    /// Returns the actions that make sense on a run with a status.
    pub(crate) fn on_run(status: Status) -> impl Iterator<Item = &'static Self> {
        let words: &[&str] = match status {
            Status::Running | Status::Sleeping | Status::Queued => {
                &["cancel", "pause", "pause_abandon", "send", "fork", "export"]
            }
            Status::Paused => &["resume", "cancel", "fork", "rewind", "export"],
            Status::Parked => &["retry", "fork", "rewind", "cancel", "force_cancel", "export", "delete"],
            Status::Failed => &["retry", "fork", "rewind", "export", "delete"],
            Status::Completed | Status::Cancelled | Status::TimedOut => &["fork", "rewind", "export", "delete"],
            Status::Refused | Status::Replaced | Status::Moved => &["delete"],
            _ => &[],
        };
        words.iter().filter_map(|word| Self::named(word).ok())
    }
}

/// Reads the action of a job.
pub(crate) fn job_action(word: &str) -> Result<JobAction, Fault> {
    let action = JobAction::ALL.into_iter().find(|action| action.as_str() == word);
    action.ok_or_else(|| Fault::bad(format!("`{}` is no action of a job", crate::values::cut(word, 80))))
}
