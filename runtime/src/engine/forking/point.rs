//! Points of a history at which another run can begin.

use crate::engine::error::EngineError;
use crate::record::Kind;
use crate::store::EntryRow;
use std::collections::BTreeSet;

/// A point in the history of a run: what is recorded before it is kept, and the workflow repeats what follows.
///
/// A history is cut where the workflow observed something, such as the result of a step: all that it did in that turn
/// is repeated. Steps that started together are therefore started again together.
///
/// ```
/// use steadfast::ForkPoint;
///
/// let before_the_second_charge = ForkPoint::before("charge").nth(2);
/// let after_an_entry_of_the_history = ForkPoint::after_entry(7);
/// assert_ne!(before_the_second_charge, after_an_entry_of_the_history);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ForkPoint(At);

/// Writes the point for people.
impl std::fmt::Display for ForkPoint {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.0 {
            At::Before { step, nth: 1 } => write!(f, "before `{step}`"),
            At::Before { step, nth } => write!(f, "before call {nth} of `{step}`"),
            At::Position(position) => write!(f, "before the call at position {position}"),
            At::After(seq) => write!(f, "after entry {seq}"),
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum At {
    Before { step: String, nth: usize },
    Position(u64),
    After(u64),
}

impl ForkPoint {
    /// Chooses the point before the first call of a step, by its recorded name; [`nth`](ForkPoint::nth) chooses another
    /// call.
    pub fn before(step: impl Into<String>) -> Self {
        Self(At::Before { step: step.into(), nth: 1 })
    }

    /// Chooses this call of the step instead of the first, counted from 1 in the order of the history.
    #[must_use]
    pub fn nth(mut self, call: usize) -> Self {
        if let At::Before { nth, .. } = &mut self.0 {
            *nth = call;
        }
        self
    }

    /// Chooses the point before the call with this command index:
    /// [`HistoryEntry::position`](crate::journal::HistoryEntry::position).
    #[must_use]
    pub const fn at_position(position: u64) -> Self {
        Self(At::Position(position))
    }

    /// Chooses the point after the entry with this number, which the workflow must observe: see [`Kind::is_turn`].
    #[must_use]
    pub const fn after_entry(seq: u64) -> Self {
        Self(At::After(seq))
    }

    /// Returns the number of the last entry that is kept and observed again.
    ///
    /// # Errors
    /// The history has no such point; the error lists the points it has.
    pub(super) fn cut(&self, run: &str, entries: &[EntryRow]) -> Result<u64, EngineError> {
        let refused = |why: String| Err(EngineError::value(format!("run `{run}` has no such point: {why}")));
        match &self.0 {
            At::Before { step, nth } => {
                let is_call = |entry: &&EntryRow| entry.kind == Kind::StepStarted;
                let calls = || entries.iter().filter(is_call);
                let of_step = || calls().filter(|entry| entry.name.as_deref() == Some(step));
                match nth.checked_sub(1).and_then(|nth| of_step().nth(nth)).and_then(|call| call.cause) {
                    Some(cause) => Ok(cause),
                    None if of_step().next().is_some() => refused(format!(
                        "call {nth} of step `{step}` was asked for, and its history has {} (counted from 1)",
                        of_step().count()
                    )),
                    None => {
                        let known: BTreeSet<_> = calls().filter_map(|entry| entry.name.as_deref()).collect();
                        let known: Vec<_> = known.into_iter().collect();
                        let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
                        refused(format!("its history has no call of step `{step}` (it has: {known})"))
                    }
                }
            }
            At::Position(position) => {
                let call = |entry: &&EntryRow| entry.position == Some(*position) && entry.kind != Kind::CallAbandoned;
                match entries.iter().filter(call).find_map(|entry| entry.cause) {
                    Some(cause) => Ok(cause),
                    None => refused(format!("nothing is recorded that was called at position {position}")),
                }
            }
            At::After(seq) => match entries.iter().find(|entry| entry.seq == *seq) {
                Some(entry) if entry.kind.is_turn() => Ok(*seq),
                Some(entry) => refused(format!(
                    "entry {seq} is `{}`, which the workflow does not observe; choose one such as the result of a step",
                    entry.kind.as_str()
                )),
                None => refused(format!("entry {seq} was asked for, and its history has {} entries", entries.len())),
            },
        }
    }
}

/// Returns how many entries are kept. Entries that belong to the start of the run are kept with its first one.
pub(super) fn kept(cut: u64, entries: &[EntryRow]) -> usize {
    let cut = usize::try_from(cut).unwrap_or(usize::MAX).min(entries.len());
    let opening = |entry: &&EntryRow| {
        let kept = matches!(entry.kind, Kind::MessageKept | Kind::AnswerKept | Kind::RequestKept);
        let set = matches!(entry.kind, Kind::ScopeSet | Kind::ContextContinued | Kind::StateSet);
        (kept || set) && entry.cause.is_none()
    };
    if cut > 1 { cut } else { cut + entries[cut..].iter().take_while(opening).count() }
}
