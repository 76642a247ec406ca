//! Ends the run.

use super::{Ask, At, Due, Given};
use crate::record::Kind;
use crate::store::{EntryRow, Outgoing};
use crate::value::Value;
use std::borrow::Cow;
use std::fmt;

/// Ends the run: the body has returned.
#[derive(Debug)]
pub struct Finish<'a> {
    /// The kind of the last entry.
    pub kind: Kind,
    /// The result or the error, which is not compared.
    pub value: Option<Cow<'a, Value>>,
}

impl<'a> Finish<'a> {
    pub(super) fn from_entry(entry: &'a EntryRow) -> Self {
        Self { kind: entry.kind, value: entry.value.as_ref().map(Cow::Borrowed) }
    }
}

impl Ask for Finish<'_> {
    fn kind(&self) -> Kind {
        self.kind
    }

    fn completed_by(&self) -> &'static [Kind] {
        &[]
    }

    fn given(&self) -> Option<&Given<'_>> {
        None
    }

    fn due(&self) -> Option<Due> {
        None
    }

    fn to_entry(&self, _: &At<'_>, entry: &mut EntryRow) {
        // The end belongs to the whole run, not to a call.
        entry.position = None;
        entry.value = self.value.clone().map(Cow::into_owned);
    }

    /// Returns nothing: the database itself notifies the runs that wait for the end.
    fn outgoing(&self, _: &At<'_>) -> Option<Outgoing> {
        None
    }
}

impl PartialEq<Finish<'_>> for Finish<'_> {
    fn eq(&self, asked: &Finish<'_>) -> bool {
        self.kind == asked.kind
    }
}

impl fmt::Display for Finish<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the end of the workflow")?;
        if self.kind == Kind::RunFailed {
            f.write_str(" with an error")?;
        }
        match &self.value {
            Some(value) if self.kind == Kind::RunFailed => write!(f, ": {value}"),
            Some(value) => write!(f, " with {value}"),
            None => Ok(()),
        }
    }
}
