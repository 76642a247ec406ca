//! Fields of shared state that go to stores: saved before the edit that points to them is published.

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

/// How the fields of a typed state are routed, without its type.
#[derive(Clone, Copy)]
pub(super) struct Routing {
    schema: fn() -> &'static Schema,
    point: fn(Coder<'_>, &mut StateSnapshot, &FieldValues),
}

impl Routing {
    /// That of a type; `None` if no field goes to a store.
    pub(super) fn of<S: TypedState>() -> Option<Self> {
        let routes = S::schema().fields.iter().any(|field| field.store.is_some());
        routes.then_some(Self { schema: S::schema, point: point::<S> })
    }
}

/// A handle that loads its value when it is read points to the store from now on.
fn point<S: TypedState>(coder: Coder<'_>, snapshot: &mut StateSnapshot, values: &FieldValues) {
    let mut state = S::clone(&typed::<S>(snapshot));
    // What was just encoded is read; a value that is not there for a handle is a value still.
    let _ = state.point_to_stored(coder, values);
    snapshot.typed = Some(Held::new(Arc::new(state)));
}

impl<S> State<S> {
    /// Saves what is routed and puts what points to it in its place. If the step is dropped meanwhile nothing was published,
    /// and the content that nothing points to is garbage.
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
            let routed = RoutedValue { field: field.name, store, value: value.clone(), is_default };
            *value = self.env.fields.save(&routed).await.map_err(|why| {
                StateError::Unstorable(format!("field `{name}`: store `{store}` did not take the value: {why}"))
            })?;
            saved.push((field.name, value.clone()));
        }
        (routing.point)(self.env.fields.coder(), after, &saved);
        Ok(())
    }
}
