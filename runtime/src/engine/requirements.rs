//! Checks at the start that the engine has what the registered workflows need, instead of in the middle of a run.

use super::core::Options;
use super::error::EngineError;
use super::workflows::Workflows;
use crate::context::Schema;

/// Checks field stores and keys.
///
/// # Errors
/// The first thing that is missing, by workflow and field.
pub(super) fn check(workflows: &Workflows, options: &Options) -> Result<(), EngineError> {
    for (name, workflow) in workflows.iter() {
        if let Some(schema) = workflow.schema() {
            fields(&format!("context `{}` (workflow `{name}`)", schema.name), schema, options)?;
        }
        if let Some(state) = workflow.state() {
            let schema = state.schema();
            fields(&format!("the shared state `{}` (workflow `{name}`)", schema.name), schema, options)?;
        }
        if let Some(place) = workflow.secret_place().filter(|_| options.cipher.is_none()) {
            return Err(no_keys(&format!("the {place} of workflow `{name}`")));
        }
    }
    Ok(())
}

fn fields(of: &str, schema: &Schema, options: &Options) -> Result<(), EngineError> {
    for field in schema.fields {
        let place = || format!("field `{}` of {of}", field.name);
        match field.store {
            Some(store) if !options.stores.contains_key(store) => {
                return Err(EngineError::configuration(format!(
                    "{} goes to the field store `{store}`, which the engine does not have: add \
                     `.field_store(\"{store}\", FolderStore::new(..)?)` to its builder",
                    place()
                )));
            }
            None if (field.lazy)() => {
                return Err(EngineError::configuration(format!(
                    "{} is lazy and names no store: write `#[context(store = \"..\")]`",
                    place()
                )));
            }
            _ => {}
        }
        if field.secret && options.cipher.is_none() {
            return Err(no_keys(&place()));
        }
    }
    Ok(())
}

fn no_keys(place: &str) -> EngineError {
    EngineError::configuration(format!(
        "{place} holds a secret, which is stored only encrypted: enable the feature `encryption` of steadfast, and add \
         `.keys(..)` to the engine's builder"
    ))
}
