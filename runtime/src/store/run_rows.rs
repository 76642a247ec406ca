//! The contents of the file of a run.

use super::rows::{EntryRow, FieldRow, OutputRow, RequestRow, RunRow};
use super::{NewInboxItem, TakenItem};
use crate::value::Pointer;

/// The run in a file, and the database that its rows come from.
#[derive(Clone, Debug)]
pub(crate) struct FileInfo {
    /// Its row in the database that it was exported from.
    pub(crate) run: RunRow,
    /// Whether it ended there as moved: then the run itself continues from this file, otherwise a copy does.
    pub(crate) moved: bool,
    /// The id of that database, for which its secrets are sealed.
    pub(crate) database: String,
}

/// The rows of a run in all tables except that of runs.
#[derive(Clone, Debug, Default)]
pub(crate) struct RunRows {
    /// The rows of its earlier executions that have written outputs, without their journals.
    pub(crate) executions: Vec<RunRow>,
    /// Its entries, in order.
    pub(crate) entries: Vec<EntryRow>,
    /// The values of context fields.
    pub(crate) fields: Vec<FieldRow>,
    /// The labels by which it can be found.
    pub(crate) labels: Vec<(String, String)>,
    /// The indexed fields by which it can be found.
    pub(crate) indexed: Vec<(String, String)>,
    /// The items that wait in its inbox.
    pub(crate) items: Vec<NewInboxItem>,
    /// The keys of inbox items that arrived and were taken.
    pub(crate) taken: Vec<TakenItem>,
    /// Its requests.
    pub(crate) requests: Vec<RequestRow>,
    /// Its outputs, with the names of the channels.
    pub(crate) outputs: Vec<(String, OutputRow)>,
    /// The pointers of its fields to contents in field stores.
    pub(crate) contents: Vec<Pointer>,
}
