//! Waits for the answer to a request of an earlier execution.

use super::{Ask, At, Due, Given};
use crate::record::Kind;
use crate::store::{EntryRow, Outgoing};
use std::borrow::Cow;
use std::fmt;

/// Waits for the answer to a request that an earlier execution of the run made.
#[derive(Debug)]
pub struct AwaitAnswer<'a> {
    /// The request's id.
    pub request: Cow<'a, str>,
    /// The type of the answer; not in the entry.
    pub answer: Option<&'a str>,
}

impl<'a> AwaitAnswer<'a> {
    pub(super) fn from_entry(entry: &'a EntryRow) -> Option<Self> {
        Some(Self { request: Cow::Borrowed(entry.other.as_deref()?), answer: None })
    }

    /// Returns the error message if no answer can arrive.
    pub(crate) fn refused(&self) -> String {
        format!("request {} is not open", self.request)
    }
}

impl Ask for AwaitAnswer<'_> {
    fn kind(&self) -> Kind {
        Kind::ReceiveStarted
    }

    fn completed_by(&self) -> &'static [Kind] {
        &[Kind::RequestAnswered, Kind::RequestExpired, Kind::MessageRefused]
    }

    fn given(&self) -> Option<&Given<'_>> {
        None
    }

    fn due(&self) -> Option<Due> {
        None
    }

    fn to_entry(&self, _: &At<'_>, entry: &mut EntryRow) {
        entry.other = Some(self.request.clone().into_owned());
    }

    fn outgoing(&self, _: &At<'_>) -> Option<Outgoing> {
        None
    }
}

impl PartialEq<AwaitAnswer<'_>> for AwaitAnswer<'_> {
    fn eq(&self, asked: &AwaitAnswer<'_>) -> bool {
        self.request == asked.request
    }
}

impl fmt::Display for AwaitAnswer<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a wait for the answer to request {}", self.request)
    }
}
