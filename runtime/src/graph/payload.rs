//! The events on their way from one step to the next: encoded, and decoded by the step that takes them.

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
    /// A request, and its answer if one came in time.
    Answer(Item, Option<Value>),
    /// A step that failed for good, and the events that it had taken.
    Failure(Box<Failure>),
}

impl Payload {
    /// Returns the name by which its takers are found.
    pub(super) fn name(&self) -> &str {
        match self {
            Self::Event(item) | Self::Answer(item, _) => &item.name,
            Self::Begin(_) | Self::Failure(_) => "",
        }
    }
}

/// A step that failed for good.
#[derive(Clone, Debug)]
#[doc(hidden)]
pub struct Failure {
    pub(super) step: &'static str,
    /// The error as it is recorded.
    pub(super) error: Value,
    /// The text of the error.
    pub(super) message: String,
    /// The number of failures that were caught along this chain of events, including this one.
    pub(super) times: u32,
    pub(super) taken: Vec<Payload>,
}

/// The events of one call of a step: for each event parameter one event, or several.
#[derive(Clone, Debug)]
pub struct Inputs(pub(super) Each<Payload>);

impl Inputs {
    /// Returns the events of one parameter.
    pub(super) fn parameter(&self, index: usize) -> &[Payload] {
        self.0.parameter(index)
    }
}

/// Items for each parameter of a step. One item for the only parameter is the usual case, and needs no allocation.
#[derive(Clone, Debug)]
pub(super) enum Each<T> {
    One(T),
    Several(Vec<Vec<T>>),
}

impl<T> Each<T> {
    /// Returns the number of parameters.
    pub(super) const fn parameters(&self) -> usize {
        match self {
            Self::One(_) => 1,
            Self::Several(all) => all.len(),
        }
    }

    /// Returns the items of one parameter.
    pub(super) fn parameter(&self, index: usize) -> &[T] {
        match self {
            Self::One(one) if index == 0 => std::slice::from_ref(one),
            Self::One(_) => &[],
            Self::Several(all) => all.get(index).map_or(&[], Vec::as_slice),
        }
    }

    /// Returns the items of all parameters, in their order.
    pub(super) fn iter(&self) -> impl Iterator<Item = &T> {
        (0..self.parameters()).flat_map(|index| self.parameter(index))
    }

    /// Maps each item.
    pub(super) fn map<U>(self, each: impl Fn(T) -> U) -> Each<U> {
        match self {
            Self::One(one) => Each::One(each(one)),
            Self::Several(all) => {
                Each::Several(all.into_iter().map(|all| all.into_iter().map(&each).collect()).collect())
            }
        }
    }
}
