//! Records a change of the context that cannot be made.

use super::{Ask, At, Command, Due, Given};
use crate::record::Kind;
use crate::store::{EntryRow, Outgoing};
use crate::value::Value;
use std::borrow::Cow;
use std::fmt;

/// A change of the context that cannot be made.
#[derive(Debug)]
pub struct RefuseChange<'a> {
    /// The context's recorded name.
    pub context: &'a str,
    /// The reason: a [`ContextError`](crate::ContextError) as JSON.
    pub error: Cow<'a, Value>,
}

impl<'a> RefuseChange<'a> {
    pub(super) fn from_entry(entry: &'a EntryRow) -> Option<Self> {
        Some(Self { context: entry.name.as_deref()?, error: Cow::Borrowed(entry.value.as_ref()?) })
    }

    pub(crate) fn new(context: &'a str, error: Value) -> Self {
        Self { context, error: Cow::Owned(error) }
    }

    /// Returns whether the refusal may be of this change: the fields of a refused update are not recorded.
    pub(crate) fn is_of(&self, change: &Command<'_>) -> bool {
        match change {
            Command::SetContext(set) => self.context == set.context,
            change => matches!(change, Command::UpdateContext(_)),
        }
    }
}

impl Ask for RefuseChange<'_> {
    fn kind(&self) -> Kind {
        Kind::ContextRefused
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
        entry.name = Some(self.context.to_owned());
        entry.value = Some(self.error.clone().into_owned());
    }

    fn outgoing(&self, _: &At<'_>) -> Option<Outgoing> {
        None
    }
}

impl PartialEq<RefuseChange<'_>> for RefuseChange<'_> {
    fn eq(&self, asked: &RefuseChange<'_>) -> bool {
        self.context == asked.context
    }
}

impl fmt::Display for RefuseChange<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a refused change of context `{}`", self.context)
    }
}
