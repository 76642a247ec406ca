//! The runs whose histories a run begins with: what the workflow saw of their identity it sees again in replay.

use super::state::State;
use super::turn::Turn;
use crate::store::EntryRow;
use std::fmt::Write as _;

/// The executions whose turns the first entries of a run are, in order: those before the entry with this number.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Origins(Vec<(u64, [u8; 16])>);

impl Origins {
    /// What the first entry of a run says.
    pub(crate) fn of(first: &EntryRow) -> Self {
        let read = |part: &str| {
            let (before, execution) = part.split_once(':')?;
            Some((before.parse().ok()?, u128::from_str_radix(execution, 16).ok()?.to_be_bytes()))
        };
        Self(first.other.as_deref().unwrap_or_default().split(',').filter_map(read).collect())
    }

    /// What is said by the first entry of a run that begins with the history of this one, before an entry.
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
    /// The execution whose turn is being replayed, if it was another's.
    pub(super) fn author(&self) -> Option<[u8; 16]> {
        let Some(Turn::Replay { cause, .. }) = &self.turn else { return None };
        self.origins.0.iter().find(|(before, _)| cause < before).map(|(_, execution)| *execution)
    }
}
