//! What the registered workflows need and the engine may not have: found at its start, not in the middle of a run.

use super::core::Options;
use super::error::EngineError;
use super::workflows::Workflows;
use crate::context::Schema;

/// # Errors
/// The first thing that is missing, by workflow and field.
pub(super) fn check(workflows: &Workflows, options: &Options) -> Result<(), EngineError> {
    for (name, workflow) in workflows.iter() {
        if let Some([step, outer, inner]) = workflow.graph().and_then(crate::graph::Plan::ambiguous) {
            return Err(EngineError::Configuration(format!(
                "step `{step}` of workflow `{name}` collects what comes of `{outer}` and what comes of `{inner}` within it, and \
                 does not say which it waits for: write `#[collect(from = {outer})]`, or let the steps between return an event \
                 of another type"
            )));
        }
        if let Some(schema) = workflow.schema() {
            fields(name, schema, options)?;
        }
        if let Some(state) = workflow.state() {
            shared(name, state.schema(), options)?;
        }
        if let Some(place) = workflow.secret_place().filter(|_| options.cipher.is_none()) {
            return Err(no_keys(&format!("the {place} of workflow `{name}`")));
        }
    }
    Ok(())
}

fn fields(workflow: &str, schema: &Schema, options: &Options) -> Result<(), EngineError> {
    let context = schema.name;
    for field in schema.fields {
        let place = || format!("field `{}` of context `{context}` (workflow `{workflow}`)", field.name);
        match field.store {
            Some(store) if !options.stores.contains_key(store) => {
                return Err(EngineError::Configuration(format!(
                    "{} goes to the field store `{store}`, which the engine does not have: add \
                     `.field_store(\"{store}\", FolderStore::new(..)?)` to its builder",
                    place()
                )));
            }
            None if (field.lazy)() => {
                return Err(EngineError::Configuration(format!(
                    "{} is lazy and names no store: write `#[context(store = \"..\")]`",
                    place()
                )));
            }
            _ => {}
        }
        if (field.secret)() && options.cipher.is_none() {
            return Err(no_keys(&place()));
        }
    }
    Ok(())
}

/// The state that concurrent steps share is in the database itself.
fn shared(workflow: &str, schema: &Schema, options: &Options) -> Result<(), EngineError> {
    let state = schema.name;
    for field in schema.fields {
        let place = || format!("field `{}` of the shared state `{state}` (workflow `{workflow}`)", field.name);
        if field.store.is_some() || (field.lazy)() {
            return Err(EngineError::Configuration(format!(
                "{} cannot go to a field store: shared state is copied with each edit, and small. Keep a large value in the \
                 context, or have the step return it",
                place()
            )));
        }
        if (field.secret)() && options.cipher.is_none() {
            return Err(no_keys(&place()));
        }
    }
    Ok(())
}

fn no_keys(place: &str) -> EngineError {
    EngineError::Configuration(format!(
        "{place} holds a secret, which is stored only encrypted: enable the feature `encryption` of steadfast, and add \
         `.keys(..)` to the engine's builder"
    ))
}
