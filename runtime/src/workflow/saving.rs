//! Saves fields to their stores before the change that points to them is recorded.

use crate::context::{ContextError, FieldValues};
use crate::journal::{ContextChange, Journal};
use crate::record::RoutedValue;
use std::future::poll_fn;

/// Saves the values that are routed to stores and replaces them by pointers; the rest must fit in the database.
///
/// The turn in which the workflow makes the change stays open meanwhile, so that the change is part of that turn.
///
/// # Errors
/// A store has failed for good: names field and store. Or the context is too large: names the largest fields.
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

/// Values that are routed to stores, and their indexes among the values of a change.
pub(super) struct Routed {
    context: &'static str,
    places: Vec<usize>,
    values: Vec<RoutedValue>,
}

/// Takes out the values that are routed to stores, if there are any; the rest must fit in the database.
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
            routed.push(RoutedValue { field: (*name).into(), store, value: value.clone(), is_default });
        }
    }
    if routed.is_empty() {
        return Ok(None);
    }
    for place in &places {
        // `routed` holds the value now; a large one must not be in memory twice.
        values[*place].1.bytes = bytes::Bytes::new();
    }
    Ok(Some(Routed { context: schema.name, places, values: routed }))
}

impl Routed {
    /// Saves the routed values and replaces them by pointers.
    ///
    /// # Errors
    /// A store has failed for good: names field and store.
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

/// Abandons the change in the journal if the workflow drops it before its fields are saved.
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
