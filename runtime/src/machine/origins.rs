//! Origins of a forked history: in a replay the workflow sees the identity of the run that it saw then.

use super::state::State;
use super::turn::Turn;
use crate::store::EntryRow;
use std::fmt::Write as _;

/// The executions that made the first turns of a run, in order: each with the entry number before which its turns are.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Origins(Vec<(u64, [u8; 16])>);

impl Origins {
    /// Decodes the first entry of a run.
    pub(crate) fn of(first: &EntryRow) -> Self {
        let read = |part: &str| {
            let (before, execution) = part.split_once(':')?;
            Some((before.parse().ok()?, u128::from_str_radix(execution, 16).ok()?.to_be_bytes()))
        };
        Self(first.other.as_deref().unwrap_or_default().split(',').filter_map(read).collect())
    }

    /// Returns the last entry of the history that was copied; 0 if nothing was.
    pub(crate) fn copied(&self) -> u64 {
        self.0.last().map_or(0, |(before, _)| before.saturating_sub(1))
    }

    /// Encodes the origins for a run that begins with this history before an entry.
    pub(crate) fn with(mut self, before: u64, execution: [u8; 16]) -> String {
        let known = self.0.iter().position(|(known, _)| *known >= before);
        match known {
            Some(last) => {
                self.0[last].0 = before;
                self.0.truncate(last + 1);
            }
            None => self.0.push((before, execution)),
        }
        let mut text = String::new();
        for (before, execution) in self.0 {
            let comma = if text.is_empty() { "" } else { "," };
            // Writing to a `String` cannot fail.
            let _ = write!(text, "{comma}{before}:{:032x}", u128::from_be_bytes(execution));
        }
        text
    }
}

impl State {
    /// Returns the execution whose turn is being replayed, if it is another than the run's own.
    pub(super) fn author(&self) -> Option<[u8; 16]> {
        let Some(Turn::Replay { cause, .. }) = &self.turn else { return None };
        self.origins.0.iter().find(|(before, _)| cause < before).map(|(_, execution)| *execution)
    }
}
