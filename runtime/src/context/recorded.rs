//! Stored fields as they were recorded, with their old names and versions.

use super::{ContextError, Schema, StoredContext};
use crate::codec;
use crate::error::Error;
use crate::fields::{Coder, Fields};
use crate::value::Value;
use serde::{Serialize, de::DeserializeOwned};
use std::any::Any;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

/// The stored value of a field, with the name under which it was recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordedValue {
    /// The name that the field had when it was recorded.
    pub name: String,
    /// The value.
    pub value: Value,
}

impl RecordedValue {
    /// Creates a value with its name.
    #[must_use]
    pub fn new(name: impl Into<String>, value: Value) -> Self {
        Self { name: name.into(), value }
    }
}

/// The stored fields of a context in an older version, as `#[context(version = 2, migrate = ..)]` gets them.
///
/// ```
/// use steadfast::{RecordedFields, prelude::*};
///
/// #[derive(StepContext, Clone)]
/// #[context(version = 2, migrate = from_v1)]
/// pub struct Account {
///     pub cents: u64,
/// }
///
/// /// Version 1 had whole euros.
/// fn from_v1(old: &mut RecordedFields) -> Result<()> {
///     if let Some(euros) = old.get::<u64>("euros")? {
///         old.set("cents", &(euros * 100))?;
///     }
///     Ok(())
/// }
/// ```
#[derive(Clone, Debug)]
pub struct RecordedFields {
    context: &'static str,
    version: u32,
    fields: BTreeMap<String, RecordedValue>,
    /// The run that they belong to.
    run: Option<Arc<Fields>>,
}

impl RecordedFields {
    /// Creates fields as a run of an older version may have recorded them: for tests of a `migrate` function.
    ///
    /// ```
    /// use steadfast::{RecordedFields, history::Value, prelude::*};
    ///
    /// #[derive(StepContext, Clone)]
    /// #[context(version = 2, migrate = from_v1)]
    /// struct Account {
    ///     cents: u64,
    /// }
    ///
    /// fn from_v1(old: &mut RecordedFields) -> Result<()> {
    ///     let euros = old.get::<u64>("euros")?.unwrap_or_default();
    ///     Ok(old.set("cents", &(euros * 100))?)
    /// }
    ///
    /// let mut old = RecordedFields::new::<Account>(1, [("euros", Value::json("5"))]);
    /// from_v1(&mut old).unwrap();
    /// assert_eq!(old.get::<u64>("cents").unwrap(), Some(500));
    /// ```
    pub fn new<'a, C: StoredContext>(version: u32, fields: impl IntoIterator<Item = (&'a str, Value)>) -> Self {
        let fields: Vec<_> = fields.into_iter().map(|(name, value)| RecordedValue::new(name, value)).collect();
        Self::of(Coder::NO_RUN, C::NAME, version, fields)
    }

    /// Creates fields that were read from the database.
    pub(crate) fn of(
        coder: Coder<'_>,
        context: &'static str,
        version: u32,
        fields: impl IntoIterator<Item = RecordedValue>,
    ) -> Self {
        let fields = fields.into_iter().map(|field| (field.name.clone(), field)).collect();
        Self { context, version, fields, run: coder.fields() }
    }

    pub(super) fn coder(&self) -> Coder<'_> {
        Coder::new(self.run.as_ref())
    }

    /// Returns the version in which the fields were recorded.
    #[must_use]
    pub const fn version(&self) -> u32 {
        self.version
    }

    /// Returns the names of the fields, in alphabetical order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.fields.keys().map(String::as_str)
    }

    /// Returns a field's value, or `None` if it was not recorded.
    ///
    /// # Errors
    /// It does not decode to this type.
    pub fn get<T: DeserializeOwned + 'static>(&self, name: &str) -> Result<Option<T>, ContextError> {
        let Some(field) = self.fields.get(name) else { return Ok(None) };
        codec::decode_field(self.coder(), &field.name, &field.value)
            .map(Some)
            .map_err(|error| self.refuse(name, &error))
    }

    /// Sets a field to a new value.
    ///
    /// # Errors
    /// The value cannot be stored.
    pub fn set<T: Serialize + 'static>(&mut self, name: &str, value: &T) -> Result<(), ContextError> {
        let value = codec::encode_field(self.coder(), name, codec::form_of::<T>(), value)
            .map_err(|error| self.refuse(name, &error))?;
        self.fields.insert(name.to_owned(), RecordedValue::new(name, value));
        Ok(())
    }

    /// Removes a field; returns `false` if it was not recorded.
    pub fn remove(&mut self, name: &str) -> bool {
        self.fields.remove(name).is_some()
    }

    /// Renames a field; returns `false` if it was not recorded.
    pub fn rename(&mut self, from: &str, to: &str) -> bool {
        let Some(field) = self.fields.remove(from) else { return false };
        self.fields.insert(to.to_owned(), field);
        true
    }

    /// Returns the value from which a current field is loaded.
    #[doc(hidden)]
    #[must_use]
    pub fn find(&self, name: &str) -> Option<RecordedValue> {
        self.fields.get(name).cloned()
    }

    /// Replaces values by later ones of the same version.
    pub(crate) fn write(&mut self, fields: impl IntoIterator<Item = RecordedValue>) {
        self.fields.extend(fields.into_iter().map(|field| (field.name.clone(), field)));
    }

    fn refuse(&self, field: &str, why: &dyn fmt::Display) -> ContextError {
        let message = format!("{why} (recorded in version {})", self.version);
        ContextError { context: self.context.into(), field: Some(field.into()), message }
    }
}

/// The return type of a `migrate` function.
#[doc(hidden)]
#[diagnostic::on_unimplemented(
    message = "this is not what a `migrate` function returns",
    label = "it must return `Result<()>`, and cannot be async",
    note = "write `fn from_v1(old: &mut RecordedFields) -> Result<()>`"
)]
pub trait MigrateOutcome {
    /// Returns the function's error: unchanged if it names a field, otherwise as an error of the context.
    ///
    /// # Errors
    /// The function returned an error.
    fn outcome(self, schema: &Schema, from: u32) -> Result<(), ContextError>;
}

#[diagnostic::do_not_recommend]
impl<E: Into<Error> + 'static> MigrateOutcome for Result<(), E> {
    fn outcome(self, schema: &Schema, from: u32) -> Result<(), ContextError> {
        self.map_err(|error| {
            let any: &dyn Any = &error;
            if let Some(error) = any.downcast_ref::<ContextError>() {
                return error.clone();
            }
            let error = error.into();
            let message =
                format!("fields of version {from} cannot become those of version {}: {error}", schema.version);
            ContextError { context: schema.name.into(), field: None, message }
        })
    }
}

/// Converts the outcome of a `migrate` function; generated code calls this.
///
/// # Errors
/// The function returned an error.
#[doc(hidden)]
pub fn migrated(outcome: impl MigrateOutcome, schema: &Schema, from: u32) -> Result<(), ContextError> {
    outcome.outcome(schema, from)
}
