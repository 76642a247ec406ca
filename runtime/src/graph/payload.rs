//! What travels from one step to the next: the event as it is written down, read by whoever takes it.

use super::items::Item;
use crate::value::Value;

/// One event on its way.
#[derive(Clone, Debug)]
#[doc(hidden)]
pub enum Payload {
    /// The input of the run.
    Begin(Value),
    /// An event of a step, or from outside.
    Event(Item),
    /// A question, and its answer if one came in time.
    Answer(Item, Option<Value>),
    /// A step that failed for good, and what it had taken.
    Failure(Box<Failure>),
}

/// A step that failed for good.
#[derive(Clone, Debug)]
#[doc(hidden)]
pub struct Failure {
    pub(super) step: &'static str,
    /// The error as it is recorded.
    pub(super) error: Value,
    /// The same for people.
    pub(super) message: String,
    /// How often a failure was taken in this line of descent, this one included.
    pub(super) times: u32,
    pub(super) taken: Vec<Payload>,
}

/// What one invocation of a step takes: for each event parameter one event, or several.
#[derive(Clone, Debug, Default)]
pub struct Inputs(pub(super) Vec<Vec<Payload>>);

impl Inputs {
    /// The events of one parameter.
    pub(super) fn parameter(&self, index: usize) -> &[Payload] {
        self.0.get(index).map_or(&[], Vec::as_slice)
    }
}
