//! Fields that go to stores: saved before the change that points to them is recorded.

use crate::context::{ContextError, FieldValues};
use crate::journal::{ContextChange, Journal};
use crate::record::RoutedValue;
use std::future::poll_fn;

/// Saves what is routed to stores and puts what points to it in its place; what stays in the database must fit.
///
/// The turn in which the workflow makes the change stays open meanwhile, so that it is one step of its history.
///
/// # Errors
/// A store has given up: names field and store. Or the context is too large: names the largest fields.
pub(super) async fn save_routed(
    journal: &dyn Journal,
    position: u64,
    change: &ContextChange<'_>,
    values: &mut FieldValues,
) -> Result<(), ContextError> {
    match routed(journal, change, values)? {
        Some(routed) => routed.save(journal, position, values).await,
        None => Ok(()),
    }
}

/// Values that are routed to stores, and their places among the values of a change.
pub(super) struct Routed {
    context: &'static str,
    places: Vec<usize>,
    values: Vec<RoutedValue>,
}

/// Takes out what is routed to stores, if anything is; what stays in the database must fit.
///
/// # Errors
/// The context is too large: names the largest fields.
pub(super) fn routed(
    journal: &dyn Journal,
    change: &ContextChange<'_>,
    values: &mut FieldValues,
) -> Result<Option<Routed>, ContextError> {
    journal.fits(change, values)?;
    let schema = change.schema();
    let mut places = Vec::new();
    let mut routed = Vec::new();
    for (place, (name, value)) in values.iter().enumerate() {
        if let Some((store, is_default)) = schema.store_of(journal.coder(), name, value) {
            places.push(place);
            routed.push(RoutedValue { field: name, store, value: value.clone(), is_default });
        }
    }
    if routed.is_empty() {
        return Ok(None);
    }
    for place in &places {
        // The store has it now; a large value shall not be held twice.
        values[*place].1.bytes = bytes::Bytes::new();
    }
    Ok(Some(Routed { context: schema.name, places, values: routed }))
}

impl Routed {
    /// Saves what is routed and puts what points to it in its place.
    ///
    /// # Errors
    /// A store has given up: names field and store.
    pub(super) async fn save(
        self,
        journal: &dyn Journal,
        position: u64,
        values: &mut FieldValues,
    ) -> Result<(), ContextError> {
        journal.save(position, self.context, self.values);
        let mut open = Open { journal, position, done: false };
        let saved = poll_fn(|cx| journal.poll_saved(position, cx)).await;
        open.done = true;
        for (place, value) in self.places.into_iter().zip(saved?) {
            values[place].1 = value;
        }
        Ok(())
    }
}

/// Tells the journal when the workflow drops the change before its fields are saved.
struct Open<'a> {
    journal: &'a dyn Journal,
    position: u64,
    done: bool,
}

impl Drop for Open<'_> {
    fn drop(&mut self) {
        if !self.done {
            self.journal.abandon_change(self.position);
        }
    }
}
