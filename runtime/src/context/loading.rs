//! A context from what was recorded of it, in whatever version.

use super::{ContextError, RecordedFields, RecordedValue, StoredContext};
use crate::store::FieldRow;

/// A context that is loaded from recorded fields, change by change.
///
/// While the fields are of an older version, they are kept as they were recorded, and the context is made of all of them
/// anew with each change: an old change may map to several current fields.
pub(crate) struct Loading<'a, C: StoredContext> {
    pub(crate) context: &'a mut C,
    pub(crate) older: &'a mut Option<Box<RecordedFields>>,
}

impl<C: StoredContext> Loading<'_, C> {
    /// A whole context that was set.
    pub(crate) fn set(version: u32, rows: Vec<FieldRow>) -> Result<(C, Option<Box<RecordedFields>>), ContextError> {
        known::<C>(version)?;
        let recorded = RecordedFields::of::<C>(version, recorded(rows));
        if version == C::schema().version {
            return Ok((C::load(&mut |name| recorded.find(name))?, None));
        }
        Ok((migrated(&recorded)?, Some(Box::new(recorded))))
    }

    /// Fields that were changed.
    pub(crate) fn change(&mut self, version: u32, rows: Vec<FieldRow>) -> Result<(), ContextError> {
        known::<C>(version)?;
        match self.older {
            Some(older) if older.version() == version => {
                older.write(recorded(rows));
                *self.context = migrated(older)?;
                return Ok(());
            }
            // The first change by newer code writes every field: from there on they are those of its version.
            Some(older) if version < C::schema().version => {
                **older = RecordedFields::of::<C>(version, recorded(rows));
                *self.context = migrated(older)?;
                return Ok(());
            }
            _ => *self.older = None,
        }
        for row in recorded(rows) {
            // A field that this build no longer has is left alone.
            self.context.load_field(&row)?;
        }
        Ok(())
    }
}

fn recorded(rows: Vec<FieldRow>) -> impl Iterator<Item = RecordedValue> {
    rows.into_iter().map(|row| RecordedValue { name: row.name, value: row.value })
}

fn migrated<C: StoredContext>(recorded: &RecordedFields) -> Result<C, ContextError> {
    let mut fields = recorded.clone();
    C::migrate(&mut fields)?;
    C::load(&mut |name| fields.find(name))
}

fn known<C: StoredContext>(version: u32) -> Result<(), ContextError> {
    let ours = C::schema().version;
    if version <= ours {
        return Ok(());
    }
    let message =
        format!("it was recorded in version {version}, and this build knows versions up to {ours}: use a newer build");
    Err(ContextError { context: C::NAME.into(), field: None, message })
}
