//! The context of a run at any entry: its fields with who wrote them, its changes with which steps saw them, and the
//! difference between two.

use super::InspectError;
use super::changes::{Change, Snapshot, each_change};
use super::inspector::{Inspector, Source};
use super::page::{Page, Paging};
use super::shown::Shown;
use crate::record::Kind;
use crate::record::millis::moment;
use crate::store::{EntryRow, FieldRow, StoreError};
use crate::value::Value;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;
use std::time::SystemTime;

/// The number of entries read at a time.
const PAGE: usize = 4_096;

/// How many steps are named that saw one version.
const NAMED: usize = 100;

/// The context of a run as it was after an entry.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct ContextView {
    /// The id of the run.
    pub run: String,
    /// The entry after which it was so.
    pub at: u64,
    /// The version: the number of the entry that last changed it, by which steps name what they saw.
    pub version: u64,
    /// The recorded name of the context's type.
    pub context: String,
    /// The recorded version of that type.
    pub type_version: u32,
    /// The fields, by their recorded names. A transient field is never recorded.
    pub fields: BTreeMap<String, FieldView>,
}

/// A field of a context or of shared state, and who wrote it.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct FieldView {
    /// The value.
    pub value: Shown,
    /// The entry that wrote it.
    pub written_by: u64,
}

/// One change of a context.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct ContextChange {
    /// The entry that made it, which names this version of the context.
    pub seq: u64,
    /// The time of the change.
    #[serde(serialize_with = "crate::record::millis::serialize")]
    pub at: SystemTime,
    /// The kind: the whole context was set, fields were changed, or a change was refused.
    pub kind: Kind,
    /// The entry after which the workflow made it: what it reacted to.
    pub after: Option<EntryRef>,
    /// The fields that it wrote, with the values before (`left`) and after (`right`).
    pub fields: Vec<FieldDiff>,
    /// The reason, if it was refused.
    pub refused: Option<Shown>,
    /// The calls of steps that saw this version; at most 100.
    pub seen_by: Vec<EntryRef>,
    /// How many calls of steps saw it.
    pub seen_by_count: u64,
}

/// An entry, by its number.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct EntryRef {
    /// The number of the entry.
    pub seq: u64,
    /// Its kind.
    pub kind: Kind,
    /// The name of its step, channel or request.
    pub name: Option<String>,
    /// The command index of its call.
    pub position: Option<u64>,
}

/// A field whose values differ.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct FieldDiff {
    /// The field's name, as recorded.
    pub field: String,
    /// The one value; `None` if there is none.
    pub left: Option<Shown>,
    /// The other value; `None` if there is none.
    pub right: Option<Shown>,
}

/// The difference between two contexts. Two secrets are compared as they are sealed: within one run equal secrets are
/// equal, in two runs they never are.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct Difference {
    /// The one context; `None` if it was not set.
    pub left: Option<ContextView>,
    /// The other context; `None` if it was not set.
    pub right: Option<ContextView>,
    /// The fields that differ, in alphabetical order.
    pub fields: Vec<FieldDiff>,
}

impl EntryRef {
    pub(super) fn of(row: &EntryRow) -> Self {
        Self { seq: row.seq, kind: row.kind, name: row.name.clone(), position: row.position }
    }
}

impl FieldView {
    pub(super) fn of(row: &FieldRow) -> Self {
        Self { value: Shown::of(&row.value), written_by: row.seq }
    }
}

impl FieldDiff {
    fn of(field: &str, left: Option<&Value>, right: Option<&Value>) -> Self {
        Self { field: field.to_owned(), left: left.map(Shown::of), right: right.map(Shown::of) }
    }
}

/// A context with its values as they were recorded.
struct Context {
    snapshot: Snapshot,
    view: ContextView,
}

impl Context {
    fn new(run: &str, at: u64, version: u64, snapshot: Snapshot) -> Self {
        let fields = snapshot.fields.iter().map(|(name, row)| (name.clone(), FieldView::of(row)));
        let view = ContextView {
            run: run.to_owned(),
            at,
            version,
            context: snapshot.context.clone(),
            type_version: snapshot.version,
            fields: fields.collect(),
        };
        Self { snapshot, view }
    }
}

impl Source {
    /// Returns the contexts of a run as they were after some entries, in the order of these; reads the history once.
    fn contexts<const N: usize>(&self, run: &str, at: [u64; N]) -> Result<[Option<Context>; N], InspectError> {
        let row = self.run(run)?;
        let at = at.map(|at| at.min(row.seq));
        let mut found = at.map(|at| (at, Snapshot::default(), None));
        let last = at.into_iter().max().unwrap_or_default();
        each_change(&*self.store, row.number, last, &mut |change| {
            for (_, snapshot, version) in found.iter_mut().filter(|(at, ..)| change.entry.seq <= *at) {
                if change.entry.kind != Kind::ContextRefused {
                    *version = Some(change.entry.seq);
                    snapshot.apply(&change);
                }
            }
            ControlFlow::Continue(())
        })?;
        Ok(found.map(|(at, snapshot, version)| Some(Context::new(&row.id, at, version?, snapshot))))
    }

    fn context(&self, run: &str, at: u64) -> Result<Option<Context>, InspectError> {
        self.contexts(run, [at]).map(|[context]| context)
    }

    fn difference(&self, left: (&str, u64), right: (&str, u64)) -> Result<Difference, InspectError> {
        let [left, right] = if left.0 == right.0 {
            self.contexts(left.0, [left.1, right.1])?
        } else {
            [self.context(left.0, left.1)?, self.context(right.0, right.1)?]
        };
        let value = |of: &Option<Context>, name: &str| -> Option<Value> {
            of.as_ref()?.snapshot.fields.get(name).map(|row| row.value.clone())
        };
        let both = [&left, &right].into_iter().flatten();
        let names: BTreeSet<&String> = both.flat_map(|context| context.snapshot.fields.keys()).collect();
        let differing = names.into_iter().filter_map(|name| {
            let (one, other) = (value(&left, name), value(&right, name));
            (one != other).then(|| FieldDiff::of(name, one.as_ref(), other.as_ref()))
        });
        let fields = differing.collect();
        Ok(Difference { left: left.map(|context| context.view), right: right.map(|context| context.view), fields })
    }

    fn context_changes(&self, run: i64, after: u64, limit: usize) -> Result<Page<ContextChange>, StoreError> {
        let mut snapshot = Snapshot::default();
        let mut changes = Vec::new();
        each_change(&*self.store, run, u64::MAX, &mut |change| {
            if change.entry.seq > after {
                changes.push(ContextChange::of(&change, &snapshot));
            }
            if change.entry.kind != Kind::ContextRefused {
                snapshot.apply(&change);
            }
            if changes.len() > limit { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        })?;
        // A step sees the newest version: none that is called after the next change sees an earlier one. A refusal makes
        // no version.
        let next = changes.get(limit).filter(|next| next.kind != Kind::ContextRefused);
        let until = next.map_or(u64::MAX, |next| next.seq);
        let mut page = Page::of_one_more(changes, limit, |change| change.seq.to_string());
        self.add_readers(run, until, &mut page.items)?;
        Ok(page)
    }

    /// Adds the steps that saw each version.
    fn add_readers(&self, run: i64, until: u64, changes: &mut [ContextChange]) -> Result<(), StoreError> {
        let Some(mut after) = changes.first().map(|first| first.seq) else { return Ok(()) };
        while after < until {
            let page = self.store.outline(run, after, PAGE)?;
            let Some(last) = page.last().map(|entry| entry.seq) else { break };
            after = last;
            for entry in page.iter().filter(|entry| entry.kind == Kind::StepStarted) {
                let Some(version) = entry.context else { continue };
                let Ok(index) = changes.binary_search_by_key(&version, |change| change.seq) else { continue };
                let change = &mut changes[index];
                change.seen_by_count += 1;
                if change.seen_by.len() < NAMED {
                    change.seen_by.push(EntryRef::of(entry));
                }
            }
        }
        Ok(())
    }
}

impl ContextChange {
    fn of(change: &Change, before: &Snapshot) -> Self {
        let EntryRow { seq, at, kind, value, .. } = &change.entry;
        let fields = change
            .rows
            .iter()
            .map(|row| FieldDiff::of(&row.name, before.fields.get(&row.name).map(|old| &old.value), Some(&row.value)));
        let refused = value.as_ref().filter(|_| *kind == Kind::ContextRefused).map(Shown::of);
        Self {
            seq: *seq,
            at: moment(*at),
            kind: *kind,
            after: change.cause.as_ref().map(EntryRef::of),
            fields: fields.collect(),
            refused,
            seen_by: Vec::new(),
            seen_by_count: 0,
        }
    }
}

impl Inspector {
    /// Returns the context of a run as it was after an entry, with the entry that wrote each field; `None` if it was not set
    /// by then. Pass `u64::MAX` for the latest.
    ///
    /// # Errors
    /// No run has this id, or the database cannot be read.
    pub async fn context(&self, run: &str, at: u64) -> Result<Option<ContextView>, InspectError> {
        let run = run.to_owned();
        self.ask(move |source| Ok(source.context(&run, at)?.map(|context| context.view))).await
    }

    /// Returns a page of the changes of a run's context, each with what the workflow reacted to, the values before and
    /// after, and the steps that saw this version. The cursor is the number of an entry.
    ///
    /// # Errors
    /// No run has this id, the cursor is no number, or the database cannot be read.
    pub async fn context_changes(&self, run: &str, paging: &Paging) -> Result<Page<ContextChange>, InspectError> {
        let (run, paging) = (run.to_owned(), paging.clone());
        self.ask(move |source| {
            let (limit, after) = (paging.checked()?, paging.number::<u64>()?);
            let number = source.run(&run)?.number;
            Ok(source.context_changes(number, after, limit)?)
        })
        .await
    }

    /// Compares two contexts field by field: each of a run, after an entry; of one run at two entries, or of two runs.
    ///
    /// # Errors
    /// No run has one of the ids, or the database cannot be read.
    pub async fn diff(&self, left: (&str, u64), right: (&str, u64)) -> Result<Difference, InspectError> {
        let (left, right) = ((left.0.to_owned(), left.1), (right.0.to_owned(), right.1));
        self.ask(move |source| source.difference((&left.0, left.1), (&right.0, right.1))).await
    }
}
