//! The parameter types of steps.

use super::event::Event;
use super::payload::{Inputs, Payload};
use super::shape::{Source, Taken};
use super::start::{Begin, Begins, NoBegin};
use crate::codec::{self, CodecError, Location, Storable};
use crate::fields::Coder;
use std::any::type_name;

/// A type that a step of an event-driven workflow can take: an event, [`Begin`](crate::Begin), the answer to a request
/// ([`Answered`](crate::Answered)) or, if it catches failures, [`Caught`](crate::Caught).
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an event",
    label = "a step is called by the events that it takes",
    note = "put `#[derive(steadfast::Event)]` on the struct; what the engine gives a step comes by reference: `ctx: &YourContext`, `state: &State<..>`, `scope: &StepScope`, `#[resource] db: &Db`",
    note = "several events: `#[collect] all: Vec<YourEvent>`"
)]
pub trait Takes: Sized + Send + 'static {
    /// The origin of its events.
    #[doc(hidden)]
    const TAKEN: Taken;

    /// The type of the run's input, if it is the start.
    #[doc(hidden)]
    type Begin;

    #[doc(hidden)]
    fn take(coder: Coder<'_>, payload: &Payload) -> Result<Self, CodecError>;
}

#[diagnostic::do_not_recommend]
impl<E: Event> Takes for E {
    const TAKEN: Taken = Source::Event(E::INFO);
    type Begin = NoBegin;

    fn take(coder: Coder<'_>, payload: &Payload) -> Result<Self, CodecError> {
        match payload {
            Payload::Event(item) => item.read::<E>(coder).map_err(|error| CodecError {
                message: format!("event `{}`: {error}", E::INFO.name),
                path: String::new(),
            }),
            _ => Err(another(E::INFO.name)),
        }
    }
}

#[diagnostic::do_not_recommend]
impl<T: Storable> Takes for Begin<T> {
    const TAKEN: Taken = Source::Begin(type_name::<T>);
    type Begin = Begins<T>;

    fn take(coder: Coder<'_>, payload: &Payload) -> Result<Self, CodecError> {
        match payload {
            Payload::Begin(value) => codec::decode_at(coder, Location::Input, value).map(Self),
            _ => Err(another("the start of the run")),
        }
    }
}

pub(super) fn another(expected: &str) -> CodecError {
    CodecError { path: String::new(), message: format!("what came is not `{expected}`") }
}

impl Inputs {
    /// Returns the event of a parameter.
    ///
    /// # Errors
    /// The event does not fit the type.
    #[doc(hidden)]
    pub fn one<T: Takes>(&self, coder: Coder<'_>, index: usize) -> Result<T, CodecError> {
        match self.parameter(index) {
            [payload] => T::take(coder, payload),
            other => Err(CodecError { path: String::new(), message: format!("{} events came for one", other.len()) }),
        }
    }
}
