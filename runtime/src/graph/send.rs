//! Events that a step sends by hand, before it ends.

use super::emit::Emission;
use super::event::Event;
use super::items::FROM;
use crate::codec::{CodecError, Location as Place};
use crate::fields::Coder;
use crate::record::{StepWrite, Written};
use crate::scope::{StepScope, step_writer};
use crate::value::Value;
use std::future::Future;
use std::panic::Location;

impl StepScope {
    /// Sends an event to the step that takes it, before this step ends. The event belongs to the fan-out of the step's
    /// result. It is sent once for all attempts: a later attempt does not send again an event that an earlier one has
    /// sent from the same line of code and the same time around. The step declares the events that it sends:
    /// `#[step(sends(Chunk))]`.
    ///
    /// In a unit test, with [`StepScope::for_tests`], the event is dropped.
    ///
    /// # Errors
    /// The step does not declare the event, this code does not run in a step of an event-driven workflow, the event
    /// cannot be stored, or the step was cancelled.
    #[track_caller]
    pub fn send<E: Event>(&self, event: E) -> impl Future<Output = Result<(), crate::Error>> + Send + use<E> {
        let place = Location::caller();
        let sent = match step_writer() {
            None if self.is_test() => Ok(None),
            None => Err(format!("event `{}` cannot be sent: this code runs in no step", E::NAME)),
            Some((scope, env)) => {
                if scope.sends.iter().any(|declared| declared.name == E::NAME) {
                    let value = encode(env.fields.coder(), &event, scope.position);
                    value.map_err(|error| format!("event `{}` cannot be sent: {error}", E::NAME)).map(|value| {
                        // The prefix separates it from stream items that are written at the same place.
                        let key = format!("send {}:{}:{}", place.file(), place.line(), place.column());
                        let (key, what) = (scope.writes.key(&key), Written::Event { name: E::NAME });
                        let (position, attempt) = (scope.position, scope.attempt);
                        Some(env.outputs.write(StepWrite { position, attempt, key, what, value }))
                    })
                } else {
                    let (step, event) = (&scope.name, E::NAME);
                    Err(format!(
                        "step `{step}` does not say that it sends `{event}`, so nobody knows where it goes: write \
                         `#[step(sends({event}))]` on it"
                    ))
                }
            }
        };
        drop(event);
        async move {
            match sent {
                Err(why) => Err(crate::Error::msg(why)),
                Ok(None) => Ok(()),
                Ok(Some(taken)) => {
                    taken.await.map_err(|_| crate::Error::msg("the run was evicted: the step must stop"))
                }
            }
        }
    }
}

/// Encodes the event and its sender.
fn encode<E: Event>(coder: Coder<'_>, event: &E, position: u64) -> Result<Value, CodecError> {
    let mut emission = Emission::new(coder, Place::Message(E::INFO.channel));
    emission.event(event)?;
    emission.json(FROM, position.to_string().as_bytes())?;
    let value = emission.finish();
    crate::codec::check_size(coder, &value)?;
    Ok(value)
}
