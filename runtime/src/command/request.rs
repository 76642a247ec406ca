//! Makes a request.

use super::{Ask, At, Due, Given};
use crate::record::Kind;
use crate::store::{EntryRow, Outgoing, RequestRow};
use std::fmt;

/// Makes a request, and waits for the answer.
#[derive(Debug)]
pub struct Request<'a> {
    /// The type of the question.
    pub name: &'a str,
    /// The type of the answer; not in the entry.
    pub answer: Option<&'a str>,
    /// The question.
    pub question: Given<'a>,
    /// The end of the wait, on the run's monotonic clock; in an entry, in its recorded form.
    pub due: Option<i64>,
}

impl<'a> Request<'a> {
    pub(super) fn from_entry(entry: &'a EntryRow) -> Option<Self> {
        let question = Given::recorded(entry.value.as_ref());
        Some(Self { name: entry.name.as_deref()?, answer: None, question, due: entry.due })
    }

    /// Returns the error message for a question that cannot be stored.
    pub(crate) fn refused(&self) -> String {
        let why = self.question.refusal().unwrap_or_default();
        format!("request `{}` cannot be stored: {why}", self.name)
    }
}

impl Ask for Request<'_> {
    fn kind(&self) -> Kind {
        Kind::RequestOpened
    }

    fn completed_by(&self) -> &'static [Kind] {
        &[Kind::RequestAnswered, Kind::TimerFired, Kind::MessageRefused]
    }

    fn given(&self) -> Option<&Given<'_>> {
        Some(&self.question)
    }

    fn due(&self) -> Option<Due> {
        self.due.map(Due::Elapsed)
    }

    fn to_entry(&self, at: &At<'_>, entry: &mut EntryRow) {
        entry.name = Some(self.name.to_owned());
        entry.other = Some(at.id());
    }

    fn outgoing(&self, at: &At<'_>) -> Option<Outgoing> {
        Some(Outgoing::Ask(RequestRow {
            id: at.id(),
            run: 0,
            position: at.position,
            name: self.name.to_owned(),
            answer: self.answer?.to_owned(),
            at: at.now,
            due: at.due,
            answered: None,
            value: self.question.value()?.clone(),
        }))
    }
}

impl PartialEq<Request<'_>> for Request<'_> {
    fn eq(&self, asked: &Request<'_>) -> bool {
        self.name == asked.name && self.question == asked.question
    }
}

impl fmt::Display for Request<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "request `{}`: {}", self.name, self.question)
    }
}
