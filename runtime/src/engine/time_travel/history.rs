//! The history of a run's context.

use crate::context::ContextError;
use crate::inspect::changes::{Change, Snapshot};
use crate::record::{Kind, WrittenFields};
use crate::store::EntryRow;
use crate::value::Value;
use serde::Serialize;
use std::fmt;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// The changes of a run's context, from [`Run::context_history`](crate::Run::context_history).
///
/// ```
/// # use steadfast::prelude::*;
/// # #[derive(StepContext, Clone)]
/// # struct Order { #[context(default)] paid: bool }
/// #[workflow(context = Order)]
/// async fn pay(flow: &mut Flow<Order>) -> Result<()> {
///     flow.update(|order| order.paid(true)).await?;
///     Ok(())
/// }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> std::result::Result<(), Box<dyn std::error::Error>> {
/// # let engine = Engine::builder().in_memory().workflow(pay).start().await?;
/// let run = engine.start(pay, ()).id("order-1").await?;
/// run.result().await?;
/// println!("{}", run.context_history().await?); // a line for each change, with its cause
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ContextHistory {
    run: String,
    #[serde(serialize_with = "crate::record::millis::serialize")]
    started_at: SystemTime,
    entries: Vec<ContextEntry>,
}

/// One change of a context.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct ContextEntry {
    /// The number of its entry in the journal.
    pub seq: u64,
    /// The time of the change.
    #[serde(serialize_with = "crate::record::millis::serialize")]
    pub at: SystemTime,
    /// The kind: the whole context was set, fields were changed, or a change was refused.
    pub kind: Kind,
    /// The context's recorded name.
    pub context: String,
    /// The entry after which the workflow made it: its number, its kind, and the name of its step.
    pub after: Option<(u64, Kind, Option<String>)>,
    /// The fields, in alphabetical order.
    pub fields: Vec<FieldChange>,
    /// The reason of a refusal, if it was refused.
    pub refused: Option<String>,
}

/// A field and its values before and after.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct FieldChange {
    /// The field's name, as recorded.
    pub field: String,
    /// The value before; `None` if there was none. For a value in a field store it is the pointer.
    pub old: Option<Value>,
    /// The value after; `None` if there is none.
    pub new: Option<Value>,
}

impl ContextHistory {
    pub(super) fn new(run: &str, started_at: SystemTime, changes: &[Change]) -> Self {
        let mut snapshot = Snapshot::default();
        let entries = changes.iter().map(|change| {
            let entry = ContextEntry::new(change, &snapshot);
            if change.entry.kind != Kind::ContextRefused {
                snapshot.apply(change);
            }
            entry
        });
        Self { run: run.to_owned(), started_at, entries: entries.collect() }
    }

    /// Returns the changes, the oldest first.
    #[must_use]
    pub fn entries(&self) -> &[ContextEntry] {
        &self.entries
    }
}

impl ContextEntry {
    fn new(change: &Change, before: &Snapshot) -> Self {
        let EntryRow { seq, at, kind, name, value, .. } = &change.entry;
        let fields = change.rows.iter().map(|row| FieldChange {
            field: row.name.clone(),
            old: before.fields.get(&row.name).map(|old| old.value.clone()),
            new: Some(row.value.clone()),
        });
        let refused = value.as_ref().filter(|_| *kind == Kind::ContextRefused);
        let refused = refused.map(|value| match serde_json::from_slice::<ContextError>(&value.bytes) {
            Ok(error) => error.to_string(),
            Err(_) => value.to_string(),
        });
        Self {
            seq: *seq,
            at: UNIX_EPOCH + Duration::from_millis(u64::try_from(*at).unwrap_or(0)),
            kind: *kind,
            context: name.clone().unwrap_or_default(),
            after: change.cause.as_ref().map(|cause| (cause.seq, cause.kind, cause.name.clone())),
            fields: fields.collect(),
            refused,
        }
    }
}

impl fmt::Display for ContextHistory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(first) = self.entries.first() else {
            return write!(f, "run `{}` has not set its context", self.run);
        };
        write!(f, "context `{}` of run `{}`", first.context, self.run)?;
        for entry in &self.entries {
            let since = entry.at.duration_since(self.started_at).unwrap_or_default();
            write!(f, "\n{:>6}  {:>9}  {}{}", entry.seq, Since(since), what(entry.kind), After(entry))?;
            if let Some(why) = &entry.refused {
                write!(f, "\n          {why}")?;
            }
            let width = entry.fields.iter().map(|change| change.field.chars().count()).max().unwrap_or(0);
            for change in &entry.fields {
                write!(f, "\n          {:width$}  {change}", change.field)?;
            }
        }
        Ok(())
    }
}

const fn what(kind: Kind) -> &'static str {
    match kind.written_fields() {
        WrittenFields::InSchema => "set",
        WrittenFields::None => "refused",
        WrittenFields::Listed | WrittenFields::Counted | WrittenFields::IfStored => "changed",
    }
}

/// The values only: `old -> new`.
impl fmt::Display for FieldChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.old, &self.new) {
            (Some(old), Some(new)) => write!(f, "{old} -> {new}"),
            (None, Some(new)) => write!(f, "{new}"),
            (Some(old), None) => write!(f, "{old} -> nothing"),
            (None, None) => f.write_str("nothing"),
        }
    }
}

/// The entry after which the workflow made a change, printed for people.
struct After<'a>(&'a ContextEntry);

impl fmt::Display for After<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0.after {
            None => Ok(()),
            Some((_, Kind::RunStarted, _)) => f.write_str(" at the start"),
            Some((_, Kind::TimerFired, _)) => f.write_str(" after a sleep"),
            Some((_, Kind::StepFailed, Some(step))) => write!(f, " after step `{step}` failed"),
            Some((_, _, Some(step))) => write!(f, " after step `{step}`"),
            Some((seq, kind, None)) => write!(f, " after entry {seq} ({})", kind.as_str()),
        }
    }
}

/// The time since the start of a run.
pub(in crate::engine) struct Since(pub(in crate::engine) Duration);

impl fmt::Display for Since {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.0.as_secs();
        let text = match seconds {
            0..60 => format!("+{:.3}s", self.0.as_secs_f64()),
            60..3_600 => format!("+{}m{:02}s", seconds / 60, seconds % 60),
            3_600..86_400 => format!("+{}h{:02}m", seconds / 3_600, seconds % 3_600 / 60),
            _ => format!("+{}d{:02}h", seconds / 86_400, seconds % 86_400 / 3_600),
        };
        f.pad(&text)
    }
}
