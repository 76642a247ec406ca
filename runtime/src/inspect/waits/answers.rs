//! Requests whose answers a run waits for, in this or an earlier execution.

use super::WaitsFor;
use crate::record::Kind;
use crate::store::{EntryRow, RequestKey, RequestRow, Store, StoreError};
use std::collections::{HashMap, HashSet};

/// The number of first entries that are searched for requests of earlier executions.
const OPENING: usize = 2_048;

/// The requests of earlier executions, by the ids by which the run knows them.
#[derive(Default)]
pub(super) struct KeptRequests {
    requests: HashMap<String, KeptRequest>,
    /// Those with an answer, or an end of their time, that no call has taken yet.
    settled: HashSet<String>,
}

struct KeptRequest {
    /// The id with which it is answered.
    id: String,
    due: Option<i64>,
}

impl KeptRequests {
    /// Adds a request with which the journal begins.
    pub(super) fn keep(&mut self, entry: EntryRow) {
        let Some(known) = entry.other else { return };
        let id = entry.name.unwrap_or_else(|| known.clone());
        self.requests.insert(known, KeptRequest { id, due: entry.due });
    }

    /// Marks a request as answered or expired before a call waits for it.
    pub(super) fn settle(&mut self, known: String) {
        self.settled.insert(known);
    }

    /// Returns whether a new call for the answer completes at once; the next one does not.
    pub(super) fn take_settled(&mut self, known: &str) -> bool {
        self.settled.remove(known)
    }

    /// Returns the end of the time for an answer.
    pub(super) fn due(&self, known: &str) -> Option<i64> {
        self.requests.get(known)?.due
    }

    /// Returns the id with which a request is answered: in a copy of a run another than the run knows.
    pub(super) fn id(&self, known: &str) -> String {
        self.requests.get(known).map_or_else(|| known.to_owned(), |request| request.id.clone())
    }
}

/// Returns the wait for the answer to a request; `None` if it is not open.
pub(super) fn open_request(store: &dyn Store, request: String) -> Option<WaitsFor> {
    let found = store.requests(RequestKey::Id(&request)).ok()?;
    let question = found.into_iter().find(RequestRow::is_open)?.name;
    Some(WaitsFor::Answer { request, question })
}

/// Returns an entry of an outline, with the id of the request of an earlier execution that it is about.
pub(in crate::inspect) fn with_request(store: &dyn Store, run: i64, entry: EntryRow) -> Result<EntryRow, StoreError> {
    let is_about_one = match entry.kind {
        // A wait for a message has the name of its channel.
        Kind::ReceiveStarted => entry.name.is_none(),
        Kind::RequestAnswered => entry.position.is_none(),
        Kind::RequestKept | Kind::AnswerKept | Kind::RequestExpired => true,
        _ => false,
    };
    if !is_about_one {
        return Ok(entry);
    }
    Ok(store.entries(run, entry.seq.saturating_sub(1), 1)?.pop().unwrap_or(entry))
}

/// Returns the requests of earlier executions among the first entries of a run, up to an entry.
pub(super) fn opening(store: &dyn Store, run: i64, upto: u64) -> Result<Vec<EntryRow>, StoreError> {
    let first = store.outline(run, 0, OPENING)?.into_iter();
    let kept = first.filter(|entry| entry.kind == Kind::RequestKept && entry.seq <= upto);
    kept.map(|entry| with_request(store, run, entry)).collect()
}
