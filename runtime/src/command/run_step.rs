//! Runs a step.

use super::{Ask, At, Due, Given};
use crate::record::Kind;
use crate::store::{EntryRow, Outgoing};
use std::fmt;

/// Runs a step; `S` has the parameters needed to run it.
#[derive(Debug)]
pub struct RunStep<'a, S = ()> {
    /// The step's name.
    pub name: &'a str,
    /// The arguments, in canonical form.
    pub arguments: Given<'a>,
    /// The queue in which it waits for an engine, if it is remote. Changed code may move a step to another.
    pub queue: Option<&'a str>,
    /// The parameters needed to run it.
    pub run: S,
}

impl<'a> RunStep<'a> {
    pub(super) fn from_entry(entry: &'a EntryRow) -> Option<Self> {
        let arguments = Given::recorded(entry.value.as_ref());
        Some(Self { name: entry.name.as_deref()?, arguments, queue: entry.other.as_deref(), run: () })
    }
}

impl<S> Ask for RunStep<'_, S> {
    fn kind(&self) -> Kind {
        Kind::StepStarted
    }

    fn completed_by(&self) -> &'static [Kind] {
        &[Kind::StepCompleted, Kind::StepFailed]
    }

    fn given(&self) -> Option<&Given<'_>> {
        Some(&self.arguments)
    }

    fn due(&self) -> Option<Due> {
        None
    }

    fn to_entry(&self, at: &At<'_>, entry: &mut EntryRow) {
        entry.name = Some(self.name.to_owned());
        // A refused step has no attempt.
        entry.attempt = Some(u32::from(!at.refused));
        entry.context = at.context;
        entry.other = self.queue.filter(|_| !at.refused).map(str::to_owned);
    }

    fn outgoing(&self, _: &At<'_>) -> Option<Outgoing> {
        None
    }
}

impl<S, T> PartialEq<RunStep<'_, T>> for RunStep<'_, S> {
    fn eq(&self, asked: &RunStep<'_, T>) -> bool {
        self.name == asked.name && self.arguments == asked.arguments
    }
}

impl<S> fmt::Display for RunStep<'_, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.arguments.value() {
            Some(arguments) => write!(f, "step `{}` called with {arguments}", self.name),
            None => write!(f, "step `{}` called with arguments that cannot be stored", self.name),
        }
    }
}
