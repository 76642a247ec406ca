//! What the file of a run holds.

use super::rows::{EntryRow, FieldRow, OutputRow, RequestRow, RunRow};
use super::{NewInboxItem, TakenItem};
use crate::value::Pointer;

/// The run in a file, and under what its rows were written.
#[derive(Clone, Debug)]
pub(crate) struct FileInfo {
    /// Its row in the database that it was exported from.
    pub(crate) run: RunRow,
    /// Whether it ended there as moved: then it goes on from this file, and else a copy does.
    pub(crate) moved: bool,
    /// The id of that database, for which its secrets are sealed.
    pub(crate) database: String,
}

/// The rows of a run in all tables but that of runs.
#[derive(Clone, Debug, Default)]
pub(crate) struct RunRows {
    /// The rows of its earlier executions that have written outputs, without their journals.
    pub(crate) executions: Vec<RunRow>,
    /// Its entries, in order.
    pub(crate) entries: Vec<EntryRow>,
    /// The values of context fields.
    pub(crate) fields: Vec<FieldRow>,
    /// Names and values by which it can be found.
    pub(crate) labels: Vec<(String, String)>,
    /// What waits in its inbox.
    pub(crate) items: Vec<NewInboxItem>,
    /// The keys of what has come to its inbox and was taken.
    pub(crate) taken: Vec<TakenItem>,
    /// Its questions.
    pub(crate) requests: Vec<RequestRow>,
    /// Its outputs, with the names of the channels.
    pub(crate) outputs: Vec<(String, OutputRow)>,
    /// What its fields say of contents in field stores.
    pub(crate) contents: Vec<Pointer>,
}
