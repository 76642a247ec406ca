//! What a value must be able to do to be stored, by where it stands.

use serde::{Serialize, de::DeserializeOwned};

/// A value that can be the result of a step, or the input or result of a workflow: any owned serde type, or bytes.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be kept in the journal",
    label = "results and inputs are stored, so that they survive a crash",
    note = "derive `serde::Serialize` and `serde::Deserialize` for it; it must own what it holds (`String` instead of `&str`)"
)]
pub trait Storable: Serialize + DeserializeOwned + Send + 'static {}

#[diagnostic::do_not_recommend]
impl<T: Serialize + DeserializeOwned + Send + 'static> Storable for T {}

/// A value that can be an argument of a step: any owned serde type, or bytes.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be an argument of a step",
    label = "arguments are recorded, so that a step can be run again after a crash",
    note = "derive `serde::Serialize` and `serde::Deserialize` for it; it must own what it holds (`String` instead of `&str`)",
    note = "the handle of a workflow cannot be passed into a step: return a value, and let the workflow change the context"
)]
pub trait StepArg: Serialize + DeserializeOwned + Send + 'static {}

#[diagnostic::do_not_recommend]
impl<T: Serialize + DeserializeOwned + Send + 'static> StepArg for T {}

/// A value that can be a stored field of a context: any owned serde type that can be compared and shared, or bytes.
///
/// Locks, cells and atomics are excluded: a field cannot be changed behind the journal's back.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be a stored field of a context",
    label = "a stored field must be `Serialize + Deserialize + PartialEq + Clone + Send + Sync` and own what it holds",
    note = "derive what is missing; a lock, cell or atomic cannot be stored, because a step could change the context through it: store the value, and change it with `flow.update(..)`"
)]
pub trait Persist: Serialize + DeserializeOwned + PartialEq + Clone + Send + Sync + 'static {}

#[diagnostic::do_not_recommend]
impl<T: Serialize + DeserializeOwned + PartialEq + Clone + Send + Sync + 'static> Persist for T {}
