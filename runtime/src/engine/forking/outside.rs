//! Carries messages, answers and outputs over to a run that begins with another's history.

use crate::command::{Command, derived_id};
use crate::engine::{core::Core, error::EngineError, outputs, reseal::Reseal};
use crate::record::{Delivers, InboxKind, Kind};
use crate::store::{EntryRow, InboxRow, NewInboxItem, OutputRow, RequestKey, RunRow};

/// The source and the target of the copy.
pub(super) struct Outside<'a> {
    pub(super) core: &'a Core,
    pub(super) old: &'a RunRow,
    /// The entries that the new run keeps.
    pub(super) kept: &'a [EntryRow],
    /// The execution of the new run.
    pub(super) execution: [u8; 16],
    pub(super) reseal: &'a Reseal,
}

impl Outside<'_> {
    /// Returns the items that the run had not received at the point: those it received later, then those in its inbox.
    /// Messages in the inbox of a run that is replaced move with its inbox.
    pub(super) async fn items(
        &self,
        rest: Vec<EntryRow>,
        waiting: Vec<InboxRow>,
        takes_place: bool,
        now: i64,
    ) -> Result<Vec<NewInboxItem>, EngineError> {
        let mut items = Vec::new();
        let is_pause = |entry: &&EntryRow| matches!(entry.kind, Kind::RunPaused | Kind::RunResumed);
        if self.kept.iter().rfind(is_pause).is_some_and(|entry| entry.kind == Kind::RunPaused) {
            items.push(NewInboxItem::new(0, InboxKind::Resume, now));
        }
        for entry in rest {
            items.extend(self.received(&entry));
        }
        for item in waiting {
            items.extend(match item.kind {
                InboxKind::Message if !takes_place => Some(NewInboxItem::from(item)),
                InboxKind::Answer => self.waiting_answer(item, takes_place),
                InboxKind::Message
                | InboxKind::Cancel
                | InboxKind::Pause
                | InboxKind::Resume
                | InboxKind::Ended
                | InboxKind::Attempt
                | InboxKind::Wrote
                | InboxKind::Unknown(_) => None,
            });
        }
        for item in &mut items {
            let answer = match (&item.kind, &item.name, item.position) {
                (InboxKind::Answer, Some(name), position) => match (self.answer_type(name).await?, position) {
                    (None, Some(position)) => self.answer_type(&derived_id(self.old.execution, position)).await?,
                    (answer, _) => answer,
                },
                _ => None,
            };
            self.reseal.item(item, answer.as_deref())?;
        }
        Ok(items)
    }

    /// Returns the item for an entry that was received after the point.
    fn received(&self, entry: &EntryRow) -> Option<NewInboxItem> {
        let new = |kind| NewInboxItem { value: entry.value.clone(), ..NewInboxItem::new(0, kind, entry.at) };
        match entry.kind.delivers() {
            Delivers::Message => {
                Some(NewInboxItem { name: entry.name.clone(), sender: entry.other.clone(), ..new(InboxKind::Message) })
            }
            Delivers::Answer => {
                let name = match entry.position {
                    Some(position) => self.asked_at(position, entry.other.clone())?,
                    None => entry.other.clone()?,
                };
                Some(NewInboxItem { name: Some(name), position: entry.position, ..new(InboxKind::Answer) })
            }
            // The new run repeats what the run did itself; a cancellation of the fork must be requested anew.
            Delivers::Nothing
            | Delivers::Start
            | Delivers::Result
            | Delivers::Failure
            | Delivers::Time
            | Delivers::Arrival
            | Delivers::Refusal
            | Delivers::ChildEnd
            | Delivers::Event
            | Delivers::Expiry
            | Delivers::Cancel
            | Delivers::Deadline => None,
        }
    }

    /// Returns an answer that the run has not received yet. One to a kept request moves with the inbox.
    fn waiting_answer(&self, item: InboxRow, takes_place: bool) -> Option<NewInboxItem> {
        let position = item.position?;
        let kept = |entry: &&EntryRow| entry.kind == Kind::RequestKept && entry.name == item.name;
        if let Some(kept) = self.kept.iter().find(kept) {
            let given = NewInboxItem { name: kept.other.clone(), key: None, ..NewInboxItem::from(item) };
            return Some(given).filter(|_| !takes_place);
        }
        if item.name != Some(derived_id(self.old.execution, position)) {
            return None;
        }
        let name = self.asked_at(position, item.name.clone())?;
        Some(NewInboxItem { name: Some(name), key: None, ..NewInboxItem::from(item) })
    }

    /// Returns the id of the request at a command index in the new run, if it was made before the point.
    fn asked_at(&self, position: u64, id: Option<String>) -> Option<String> {
        let call = self.kept.iter().find(|entry| entry.position == Some(position) && entry.cause.is_some())?;
        match Command::from_entry(call)? {
            Command::Request(_) => Some(derived_id(self.execution, position)),
            // It waits for the answer to a request of an earlier run of the same id.
            Command::AwaitAnswer(_) => id,
            _ => None,
        }
    }

    async fn answer_type(&self, request: &str) -> Result<Option<String>, EngineError> {
        answer_type(self.core, request).await
    }

    /// Returns the outputs of the run at the point, with those of its predecessors under the same id.
    pub(super) async fn outputs(&self) -> Result<Vec<(String, OutputRow)>, EngineError> {
        let (old, cut) = (self.old.clone(), self.kept.len() as u64);
        let outputs = self.core.ask(move |store| outputs::copied(store, &old, cut)).await?;
        let from = |writer: Option<[u8; 16]>| Reseal {
            from: writer.map_or_else(|| self.reseal.from.clone(), |writer| self.core.vault(writer)),
            to: self.reseal.to.clone(),
        };
        outputs.into_iter().map(|output| output.sealed(from)).collect()
    }
}

/// Returns the answer type of a request.
async fn answer_type(core: &Core, request: &str) -> Result<Option<String>, EngineError> {
    let id = request.to_owned();
    let found = core.ask(move |store| store.requests(RequestKey::Id(&id))).await?;
    Ok(found.into_iter().next().map(|request| request.answer))
}

/// Records the type of answers that arrived before the run waited for them: their secrets are bound to it.
pub(super) async fn name_answers(core: &Core, entries: &mut [EntryRow]) -> Result<(), EngineError> {
    for entry in entries
        .iter_mut()
        .filter(|entry| matches!(entry.kind, Kind::RequestAnswered | Kind::AnswerKept) && entry.name.is_none())
    {
        if let Some(request) = &entry.other {
            entry.name = answer_type(core, request).await?;
        }
    }
    Ok(())
}
