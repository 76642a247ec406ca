//! Starts another run.

use super::{Ask, At, Due, Given};
use crate::record::Kind;
use crate::store::{EntryRow, Outgoing};
use std::borrow::Cow;
use std::fmt;

/// Starts another run, and waits for its end; `R` has the parameters needed to start it.
#[derive(Debug)]
pub struct StartChild<'a, R = ()> {
    /// The name of its workflow.
    pub workflow: &'a str,
    /// The run's id: as issued, if the body chose it; as recorded, unless the start was refused.
    pub id: Option<Cow<'a, str>>,
    /// The run's input, as this run records it.
    pub input: Given<'a>,
    /// The parameters needed to start it.
    pub run: R,
}

impl<'a> StartChild<'a> {
    pub(super) fn from_entry(entry: &'a EntryRow) -> Option<Self> {
        let (id, input) = (entry.other.as_deref().map(Cow::Borrowed), Given::recorded(entry.value.as_ref()));
        Some(Self { workflow: entry.name.as_deref()?, id, input, run: () })
    }
}

impl<R> StartChild<'_, R> {
    /// Returns the id of the run: the chosen one, or the one derived from the call.
    pub(crate) fn id(&self, at: &At<'_>) -> String {
        self.id.as_deref().map_or_else(|| at.id(), str::to_owned)
    }
}

impl<R> Ask for StartChild<'_, R> {
    fn kind(&self) -> Kind {
        Kind::ChildStarted
    }

    fn completed_by(&self) -> &'static [Kind] {
        &[Kind::ChildEnded]
    }

    fn given(&self) -> Option<&Given<'_>> {
        Some(&self.input)
    }

    fn due(&self) -> Option<Due> {
        None
    }

    fn to_entry(&self, at: &At<'_>, entry: &mut EntryRow) {
        entry.name = Some(self.workflow.to_owned());
        entry.other = (!at.refused).then(|| self.id(at));
    }

    /// Returns nothing: the journal, which knows the fields of both runs, makes the new run before this call is
    /// recorded.
    fn outgoing(&self, _: &At<'_>) -> Option<Outgoing> {
        None
    }
}

impl<R, T> PartialEq<StartChild<'_, T>> for StartChild<'_, R> {
    fn eq(&self, asked: &StartChild<'_, T>) -> bool {
        let same_id = match (&self.id, &asked.id) {
            (Some(recorded), Some(asked)) => recorded == asked,
            // A refused start has no id, and the body does not give a derived one.
            (_, None) | (None, _) => true,
        };
        self.workflow == asked.workflow && same_id && self.input == asked.input
    }
}

impl<R> fmt::Display for StartChild<'_, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.id {
            Some(id) => write!(f, "workflow `{}` started with {}, as run `{id}`", self.workflow, self.input),
            None => write!(f, "workflow `{}` started with {}", self.workflow, self.input),
        }
    }
}
