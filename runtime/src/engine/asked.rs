//! Copies a run's open requests to a run that begins with its history.

use super::error::EngineError;
use super::reseal::Reseal;
use crate::record::Kind;
use crate::store::{EntryRow, RequestRow};

/// Returns the open requests that a run kept from before its journal, for another run that begins with its history,
/// under the ids that `rename` returns. `rows` are its open requests; `answered` are those whose answers wait. A
/// request that can no longer be answered expires in the new run.
pub(super) fn keep(
    rows: &[RequestRow],
    entries: &mut [EntryRow],
    answered: Vec<String>,
    rename: impl Fn(&str, &str) -> String,
    now: i64,
) -> Vec<RequestRow> {
    let settled = |entry: &EntryRow| matches!(entry.kind, Kind::RequestAnswered | Kind::RequestExpired);
    let mut over = answered;
    over.extend(entries.iter().filter(|entry| settled(entry)).filter_map(|entry| entry.other.clone()));
    let mut requests = Vec::new();
    for entry in entries.iter_mut().filter(|entry| entry.kind == Kind::RequestKept) {
        let (Some(id), Some(known)) = (entry.name.clone(), entry.other.clone()) else { continue };
        if over.contains(&known) || over.contains(&id) {
            continue;
        }
        match rows.iter().find(|row| row.id == id && row.is_open()) {
            Some(row) => {
                let id = rename(&id, &known);
                entry.name = Some(id.clone());
                requests.push(RequestRow { id, answered: None, ..row.clone() });
            }
            None => entry.due = Some(now),
        }
    }
    requests
}

/// Seals the requests for their new run.
///
/// # Errors
/// A key is missing.
pub(super) fn seal(requests: &mut [RequestRow], reseal: &Reseal) -> Result<(), EngineError> {
    requests.iter_mut().try_for_each(|request| reseal.request(request).map(drop))
}
