//! What a command has done.

use crate::table::Pair;
use serde::Serialize;
use std::collections::BTreeMap;

/// What a command has done; in JSON one object.
#[derive(Serialize)]
pub(crate) struct Done {
    action: &'static str,
    subject: String,
    #[serde(flatten)]
    more: BTreeMap<&'static str, String>,
}

impl Done {
    pub(crate) fn new(action: &'static str, subject: impl Into<String>) -> Self {
        Self { action, subject: subject.into(), more: BTreeMap::new() }
    }

    pub(crate) fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.more.insert(name, value.into());
        self
    }

    pub(crate) fn pairs(&self) -> Vec<Pair> {
        let first = [("done", self.action), ("subject", self.subject.as_str())];
        let more = self.more.iter().map(|(name, value)| (*name, value.as_str()));
        first.into_iter().chain(more).map(|(name, value)| (name.to_owned(), value.into())).collect()
    }
}
