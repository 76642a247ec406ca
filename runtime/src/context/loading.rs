//! Loads a context from recorded fields, in any version.

use super::{ContextError, ContextType, RecordedFields, RecordedValue, SharedContext};
use crate::fields::Coder;
use crate::store::FieldRow;

/// A context that is loaded from recorded fields, change by change.
///
/// Fields of an older version are kept as they were recorded, and each change migrates all of them again: an old change
/// may map to several current fields.
pub(crate) struct Loading<'a> {
    pub(crate) context: &'a mut SharedContext,
    pub(crate) older: &'a mut Option<Box<RecordedFields>>,
    pub(crate) coder: Coder<'a>,
}

impl Loading<'_> {
    /// Loads a whole context that was set.
    pub(crate) fn set(
        coder: Coder<'_>,
        kind: ContextType,
        version: u32,
        rows: Vec<FieldRow>,
    ) -> Result<(SharedContext, Option<Box<RecordedFields>>), ContextError> {
        known(kind, version)?;
        let recorded = RecordedFields::of(coder, kind.name(), version, recorded(rows));
        if version == kind.schema().version {
            return Ok((kind.load(coder, &mut |name| recorded.find(name))?, None));
        }
        Ok((migrated(kind, &recorded)?, Some(Box::new(recorded))))
    }

    /// Loads changed fields.
    pub(crate) fn change(&mut self, version: u32, rows: Vec<FieldRow>) -> Result<(), ContextError> {
        let (kind, coder) = (self.context.kind(), self.coder);
        known(kind, version)?;
        match self.older {
            Some(older) if older.version() == version => {
                older.write(recorded(rows));
                *self.context = migrated(kind, older)?;
                return Ok(());
            }
            // The first change by newer code writes every field, so all fields have its version from there on.
            Some(older) if version < kind.schema().version => {
                **older = RecordedFields::of(coder, kind.name(), version, recorded(rows));
                *self.context = migrated(kind, older)?;
                return Ok(());
            }
            _ => *self.older = None,
        }
        for row in recorded(rows) {
            // A field that this build no longer has is ignored.
            self.context.load_field(coder, &row)?;
        }
        Ok(())
    }
}

fn recorded(rows: Vec<FieldRow>) -> impl Iterator<Item = RecordedValue> {
    rows.into_iter().map(|row| RecordedValue { name: row.name, value: row.value })
}

fn migrated(kind: ContextType, recorded: &RecordedFields) -> Result<SharedContext, ContextError> {
    let mut fields = recorded.clone();
    kind.migrate(&mut fields)?;
    kind.load(recorded.coder(), &mut |name| fields.find(name))
}

fn known(kind: ContextType, version: u32) -> Result<(), ContextError> {
    let ours = kind.schema().version;
    if version <= ours {
        return Ok(());
    }
    let message =
        format!("it was recorded in version {version}, and this build knows versions up to {ours}: use a newer build");
    Err(ContextError { context: kind.name().into(), field: None, message })
}
