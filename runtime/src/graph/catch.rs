//! The failures that a step with `#[step(catch)]` takes.

use super::event::Event;
use super::payload::{Failure, Payload};
use super::shape::{Source, Taken};
use super::start::NoBegin;
use super::take::{Takes, another};
use crate::codec::{self, CodecError, Location};
use crate::error::{self, StepError};
use crate::fields::{Coder, Fields};
use std::sync::Arc;

/// A step that failed for good, for the step with `#[step(catch)]`: its name, its error, and the event that it had
/// taken.
#[derive(Clone, Debug)]
pub struct Caught {
    failure: Failure,
    /// The fields of the run.
    fields: Option<Arc<Fields>>,
}

impl Caught {
    fn coder(&self) -> Coder<'_> {
        Coder::new(self.fields.as_ref())
    }

    /// Returns the name of the step that failed.
    #[must_use]
    pub fn step(&self) -> &str {
        self.failure.step
    }

    /// Returns the text of its error, with the cause of every attempt.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.failure.message
    }

    /// Returns the error itself, if the step's error is an `E`; a step that returns
    /// [`steadfast::Result`](crate::Result) has [`steadfast::Error`](crate::Error).
    #[must_use]
    pub fn error<E: error::Failure>(&self) -> Option<StepError<E>> {
        codec::decode_at(self.coder(), Location::Result(self.failure.step), &self.failure.error).ok()
    }

    /// Returns how many failures were caught along this chain of events, including this one.
    #[must_use]
    pub const fn times(&self) -> u32 {
        self.failure.times
    }

    /// Returns the event that the step had taken, if it had this type; of several the first.
    #[must_use]
    pub fn event<E: Event>(&self) -> Option<E> {
        self.failure.taken.iter().find_map(|payload| match payload {
            Payload::Event(item) if item.name == E::INFO.name => item.read::<E>(self.coder()).ok(),
            _ => None,
        })
    }
}

#[diagnostic::do_not_recommend]
impl Takes for Caught {
    const TAKEN: Taken = Source::Failure;
    type Begin = NoBegin;

    fn take(coder: Coder<'_>, payload: &Payload) -> Result<Self, CodecError> {
        match payload {
            Payload::Failure(failure) => Ok(Self { failure: (**failure).clone(), fields: coder.fields() }),
            _ => Err(another("a failure")),
        }
    }
}
