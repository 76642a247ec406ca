//! The requests of a run in a file, for its copy: new ids, and the answers received so far.

use crate::command::{asked_again, derived_id};
use crate::engine::asked;
use crate::record::{InboxKind, Kind};
use crate::store::{EntryRow, NewInboxItem, RequestRow};

/// Renames answers that wait in the inbox of a run for its copy, whose requests have other ids. The copied requests
/// have no answers yet.
pub(super) fn rename_answers(entries: &[EntryRow], items: &mut [NewInboxItem], from: [u8; 16], to: [u8; 16]) {
    for item in items.iter_mut().filter(|item| item.kind == InboxKind::Answer) {
        let Some(name) = &item.name else { continue };
        let own = item.position.filter(|position| *name == derived_id(from, *position));
        let kept = || entries.iter().find(|entry| is_kept_as(entry, name)).and_then(|entry| entry.other.clone());
        if let Some(known) = own.map(|position| derived_id(to, position)).or_else(kept) {
            (item.name, item.key) = (Some(known), None);
        }
    }
}

/// Returns all open requests of a run for its copy.
pub(super) fn copied(
    rows: &[RequestRow],
    entries: &mut [EntryRow],
    items: &[NewInboxItem],
    (from, to): ([u8; 16], [u8; 16]),
    now: i64,
) -> Vec<RequestRow> {
    let answered =
        items.iter().filter(|item| item.kind == InboxKind::Answer).filter_map(|item| item.name.clone()).collect();
    let mut requests = asked::keep(rows, entries, answered, |_, known| asked_again(to, known), now);
    let own = rows.iter().filter(|row| row.is_open() && row.id == derived_id(from, row.position));
    requests.extend(own.map(|row| RequestRow { id: derived_id(to, row.position), ..row.clone() }));
    requests
}

/// Returns the answer type of one of these requests.
pub(super) fn answer_type<'a>(requests: &'a [RequestRow], id: &str) -> Option<&'a str> {
    requests.iter().find(|request| request.id == id).map(|request| request.answer.as_str())
}

fn is_kept_as(entry: &EntryRow, id: &str) -> bool {
    entry.kind == Kind::RequestKept && entry.name.as_deref() == Some(id)
}
