//! Fields of shared state in stores: saved before the edit that points to them is published.

use super::{State, StateError, TypedState, typed};
use crate::context::{FieldValues, Schema};
use crate::fields::Coder;
use crate::panics::Held;
use crate::record::RoutedValue;
use crate::shared_state::{
    StateSnapshot,
    rows::{StateRow, parse},
};
use crate::value::{Encoding, Value};
use std::sync::Arc;

/// The routing of a typed state's fields, without its type.
#[derive(Clone, Copy)]
pub(super) struct Routing {
    schema: fn() -> &'static Schema,
    point: fn(Coder<'_>, &mut StateSnapshot, &FieldValues),
}

impl Routing {
    /// Returns the routing of a type; `None` if no field goes to a store.
    pub(super) fn of<S: TypedState>() -> Option<Self> {
        let routes = S::schema().fields.iter().any(|field| field.store.is_some());
        routes.then_some(Self { schema: S::schema, point: point::<S> })
    }
}

/// Makes lazy handles point to the saved values.
fn point<S: TypedState>(coder: Coder<'_>, snapshot: &mut StateSnapshot, values: &FieldValues) {
    let mut state = S::clone(&typed::<S>(snapshot));
    // The values were just encoded; if a handle has no value there, it keeps its own.
    let _ = state.point_to_stored(coder, values);
    snapshot.typed = Some(Held::new(Arc::new(state)));
}

impl<S> State<S> {
    /// Saves the routed fields and replaces their values by pointers. If the step is dropped meanwhile, nothing was
    /// published, and the saved contents are garbage.
    pub(super) async fn save_routed(
        &self,
        routing: Routing,
        rows: impl Iterator<Item = &mut (String, Value)>,
        after: &mut StateSnapshot,
    ) -> Result<(), StateError> {
        let schema = (routing.schema)();
        let mut saved = FieldValues::new();
        for (row, value) in rows {
            let Some(StateRow::Field(name)) = parse(row) else { continue };
            let Some(place) = schema.position(name) else { continue };
            let field = &schema.fields[place];
            let Some(store) = field.store.filter(|_| value.encoding != Encoding::Stored) else { continue };
            let is_default = schema.is_default(self.env.fields.coder(), place, value);
            let routed = RoutedValue { field: field.name.into(), store, value: value.clone(), is_default };
            *value = self.env.fields.save(&routed).await.map_err(|why| {
                StateError::Unstorable(format!("field `{name}`: store `{store}` did not take the value: {why}"))
            })?;
            saved.push((field.name, value.clone()));
        }
        (routing.point)(self.env.fields.coder(), after, &saved);
        Ok(())
    }
}
