//! What an engine has at hand for the steps of all its runs: connections, clients, configuration, by type.

use std::sync::Arc;

/// What an engine has at hand for the steps of all its runs, by type.
#[derive(Clone, Debug, Default)]
pub struct Resources(Arc<()>);

/// The type of a resource that a step takes.
#[doc(hidden)]
#[derive(Clone, Copy, Debug)]
pub struct Need {
    /// Its id.
    pub id: fn() -> std::any::TypeId,
    /// Its name, for people.
    pub name: fn() -> &'static str,
}
