//! Determines the labels of a fork or a rewind: those at the point, and those of the call.

use super::Plan;
use crate::command::SetLabel;
use crate::engine::{core::Core, error::EngineError};
use crate::machine::recorded_scope;
use crate::record::Kind;
use crate::store::{EntryRow, RunRow};
use std::borrow::Cow;
use std::collections::BTreeSet;

fn set(entry: &EntryRow) -> Option<SetLabel<'_>> {
    SetLabel::from_entry(entry).filter(|_| entry.kind == Kind::LabelSet)
}

/// Returns the labels at the point; `rest` is the history after it, whose labels are not set yet.
pub(super) async fn at_the_point(
    core: &Core,
    plan: &Plan,
    old: &RunRow,
    (kept, rest): (&[EntryRow], &[EntryRow]),
) -> Result<Vec<(String, String)>, EngineError> {
    let number = old.number;
    let mut labels = core.ask(move |store| store.labels(number)).await?;
    let later: BTreeSet<&str> = rest.iter().filter_map(set).map(|label| label.name).collect();
    labels.retain(|(name, _)| !later.contains(name.as_str()));
    let begun = kept.iter().find_map(recorded_scope).map(|scope| scope.labels).unwrap_or_default();
    for name in later {
        let before = kept.iter().rev().filter_map(set).find(|label| label.name == name);
        let value = before.map_or_else(|| begun.get(name).cloned(), |label| label.value.map(Cow::into_owned));
        labels.extend(value.map(|value| (name.to_owned(), value)));
    }
    labels.retain(|(name, _)| plan.labels.iter().all(|(other, _)| other != name));
    labels.extend_from_slice(&plan.labels);
    Ok(labels)
}
