//! The two ends of a graph: its input, and its result.

use super::emit::{Emission, Emits};
use super::shape::Shape;
use crate::codec::{CodecError, Storable};
use std::any::type_name;
use std::ops::Deref;

/// The input of an event-driven workflow, for the step that begins it: `begin: Begin<Urls>`. Exactly one step takes it.
///
/// ```
/// use steadfast::prelude::*;
///
/// #[derive(Event)]
/// struct Word { text: String }
///
/// struct Lengths;
///
/// #[workflow(name = "lengths")]
/// impl Lengths {
///     #[step]
///     async fn split(begin: Begin<String>) -> Result<Word> {
///         Ok(Word { text: begin.trim().to_owned() })
///     }
///
///     #[step]
///     async fn measure(word: Word) -> Result<Stop<usize>> {
///         Ok(Stop(word.text.len()))
///     }
/// }
/// # fn main() {}
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Begin<T>(pub T);

impl<T> Deref for Begin<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

/// The result of an event-driven workflow: the step that returns it ends the run. Steps that still run are cancelled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stop<T = ()>(pub T);

#[diagnostic::do_not_recommend]
impl<T: Storable> Emits for Stop<T> {
    const SHAPE: Shape = Shape::Stop(type_name::<T>);
    type Stop = Stops<T>;

    fn emit(self, out: &mut Emission<'_>) -> Result<(), CodecError> {
        out.stop(&self.0)
    }
}

/// Marks a type that does not stop the run.
#[doc(hidden)]
#[derive(Debug)]
pub enum NoStop {}

/// Marks a type that may stop the run with a `T`.
#[doc(hidden)]
#[derive(Debug)]
pub struct Stops<T>(T);

/// The combined stop of two types. If they stop with different results it is the first; [`StopsWith`] finds the other.
#[doc(hidden)]
pub trait BothStop<Other> {
    /// The combined stop.
    type Stop;
}

impl<Other> BothStop<Other> for NoStop {
    type Stop = Other;
}

impl<T, Other> BothStop<Other> for Stops<T> {
    type Stop = Self;
}

/// Holds if a type, if it stops the run, stops it with the result of its graph.
#[doc(hidden)]
#[diagnostic::on_unimplemented(
    message = "this step stops the run with another result than the first one that does: `{T}`",
    label = "a run has one type of result",
    note = "return the same `Stop<..>` from every step that ends the run"
)]
pub trait StopsWith<T> {}

#[diagnostic::do_not_recommend]
impl<T> StopsWith<T> for NoStop {}

#[diagnostic::do_not_recommend]
impl<T> StopsWith<T> for Stops<T> {}

/// The result of a graph; `()` for one that never stops, which another check refuses.
#[doc(hidden)]
pub trait StopResult {
    /// The type of the result.
    type Result: Storable;
}

impl StopResult for NoStop {
    type Result = ();
}

impl<T: Storable> StopResult for Stops<T> {
    type Result = T;
}

/// Marks a type that is not the start of the run.
#[doc(hidden)]
#[derive(Debug)]
pub enum NoBegin {}

/// Marks a type that is the start of the run, with an input of `T`.
#[doc(hidden)]
#[derive(Debug)]
pub struct Begins<T>(T);

/// The combined start of two parameters, of which one may be the start.
#[doc(hidden)]
pub trait BothBegin<Other> {
    /// The combined start.
    type Begin;
}

impl<Other> BothBegin<Other> for NoBegin {
    type Begin = Other;
}

impl<T, Other> BothBegin<Other> for Begins<T> {
    type Begin = Self;
}

/// The input of a graph; `()` for one without a start, which another check refuses.
#[doc(hidden)]
pub trait BeginInput {
    /// The type of the input.
    type Input: Storable;
}

impl BeginInput for NoBegin {
    type Input = ();
}

impl<T: Storable> BeginInput for Begins<T> {
    type Input = T;
}
