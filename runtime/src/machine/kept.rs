//! Requests that a run made before a continue-as-new: they stay open until their original end.

use super::Machine;
use super::outgoing::Sent;
use super::state::{State, What};
use super::turn::entry;
use crate::command::Command;
use crate::journal::Completion;
use crate::record::Kind;
use crate::store::{EntryRow, Outgoing};
use std::collections::{BTreeMap, BTreeSet};
use std::task::Waker;

/// The requests of earlier executions, by the ids by which the run knows them.
#[derive(Default)]
pub(super) struct KeptRequests {
    open: BTreeMap<String, OpenRequest>,
    /// Requests whose time is over, before a call has observed that.
    expired: BTreeSet<String>,
}

struct OpenRequest {
    /// The id with which it is answered.
    id: String,
    due: Option<i64>,
}

impl KeptRequests {
    /// Returns the next request whose time ends, and when.
    fn next(&self) -> Option<(i64, &String)> {
        self.open.iter().filter_map(|(known, request)| Some((request.due?, known))).min()
    }

    /// Returns the id by which the run knows a request.
    pub(super) fn known_as(&self, id: &str) -> Option<String> {
        self.open.iter().find(|(_, request)| request.id == id).map(|(known, _)| known.clone())
    }

    pub(super) fn is_answered(&mut self, known: &str) {
        self.open.remove(known);
    }

    /// Returns whether an answer or an expiry may still be delivered.
    fn knows(&self, known: &str) -> bool {
        self.open.contains_key(known) || self.expired.contains(known)
    }

    /// Returns whether the time for an answer is over, and forgets the request if so.
    pub(super) fn take_expired(&mut self, known: &str) -> bool {
        self.expired.remove(known)
    }
}

impl State {
    /// Moves the ends of kept requests after a change of the clock.
    pub(super) fn move_kept(&mut self, by: i64) {
        let dues = self.kept.requests.open.values_mut().filter_map(|request| request.due.as_mut());
        dues.for_each(|due| *due = due.saturating_add(by));
    }

    /// Returns whether a call that waits for this request of an earlier execution can complete.
    pub(super) fn may_be_answered(&self, known: &str) -> bool {
        self.kept.answers.contains_key(known) || self.kept.requests.knows(known)
    }

    /// Returns the next end of the time for an answer to a kept request.
    pub(super) fn kept_due(&self) -> Option<i64> {
        self.kept.requests.next().map(|(due, _)| due)
    }

    /// Expires a kept request: the call that waits for it observes that, now or once it is made.
    pub(super) fn request_expired(&mut self, known: String) -> Option<Waker> {
        self.kept.requests.open.remove(&known);
        if let Some(position) = self.asked(&known) {
            return self.complete(position, Completion::Fired);
        }
        self.kept.requests.expired.insert(known);
        None
    }

    /// Returns the unanswered requests as first entries of the successor. A request whose expiry the body has not
    /// observed expires there.
    pub(super) fn unanswered(&self, at: i64) -> Vec<EntryRow> {
        let kept = |known: &str, id: &str, due: Option<i64>| EntryRow {
            name: Some(id.to_owned()),
            other: Some(known.to_owned()),
            due,
            ..entry(0, Kind::RequestKept, at)
        };
        let mut entries = Vec::new();
        for call in self.calls.values() {
            let What::Outside(outside) = &call.what else { continue };
            let Some(id) = &outside.id else { continue };
            match (&outside.command, &call.completion) {
                (Command::Request(request), None | Some(Completion::Fired)) if request.question.value().is_some() => {
                    let due = outside.due.map(|due| self.recorded_due(due));
                    entries.push(kept(outside.known.as_ref().unwrap_or(id), id, due));
                }
                (Command::AwaitAnswer(_), Some(Completion::Fired)) => entries.push(kept(id, id, Some(at))),
                _ => {}
            }
        }
        let KeptRequests { open, expired } = &self.kept.requests;
        entries.extend(open.iter().map(|(known, request)| kept(known, &request.id, request.due)));
        entries.extend(expired.iter().map(|known| kept(known, known, Some(at))));
        entries
    }
}

impl Machine {
    /// Keeps an open request of the previous run.
    pub(super) fn keep_request(&mut self, entry: EntryRow) {
        let Some(known) = entry.other else { return };
        let id = entry.name.unwrap_or_else(|| known.clone());
        self.journal.state().kept.requests.open.insert(known, OpenRequest { id, due: entry.due });
    }

    /// Expires the next kept request, unless its answer has arrived meanwhile.
    pub(super) fn expire_kept(&mut self, now: i64) {
        let next = {
            let state = self.journal.state();
            let next = state.kept.requests.next().map(|(_, known)| known.clone());
            next.and_then(|known| Some((state.kept.requests.open.get(&known)?.id.clone(), known)))
        };
        let Some((id, known)) = next else { return };
        self.unwritten.outgoing.push(Sent { outgoing: Outgoing::Expire { id }, awaited_at: None });
        self.deliver(Kind::RequestExpired, now, |entry| entry.other = Some(known));
    }
}
