//! Streams that steps write to.

use crate::codec::{self, Storable};
use crate::fields::Coder;
use crate::record::{OutputKind, StepWrite, Written};
use crate::run_env::RunEnv;
use crate::scope::{self, StepScope};
use crate::value::Value;
use std::future::Future;
use std::marker::PhantomData;
use std::panic::Location;
use tokio::sync::oneshot;

/// Returns a stream, by its name, of the run whose step runs here. See [`StepStreamWriter::write`].
#[must_use]
pub fn stream<T: Storable>(name: &str) -> StepStreamWriter<'_, T> {
    StepStreamWriter { name, items: PhantomData }
}

/// A stream of a run, for its steps to write to.
pub struct StepStreamWriter<'a, T> {
    name: &'a str,
    items: PhantomData<fn(T)>,
}

impl<T: Storable> StepStreamWriter<'_, T> {
    /// Writes an item once for all attempts of the step: what an attempt has written at this place of the source, and
    /// as the n-th time there, no later attempt writes again. Readers see it once it is durable, before the step's
    /// result.
    ///
    /// # Errors
    /// This code does not run in a step (nor in a task that a step spawned, unless with
    /// [`propagate`](crate::propagate)), the item cannot be stored, or the step was cancelled.
    #[track_caller]
    pub fn write(&self, item: &T) -> impl Future<Output = Result<(), crate::Error>> + Send + use<T> {
        let place = Location::caller();
        let what = OutputKind::Written(self.name);
        let written = match scope::step_writer() {
            None => Err(format!("stream `{}` cannot be written to: this code runs in no step", self.name)),
            Some((scope, env)) => {
                let encode = || {
                    what.check()?;
                    encode(env.fields.coder(), what, item)
                        .map_err(|error| format!("an item of stream `{}` cannot be stored: {error}", self.name))
                };
                encode().map(|value| hand_over(&scope, &env, place, self.name, value))
            }
        };
        async move {
            match written {
                Err(why) => Err(crate::Error::msg(why)),
                Ok(taken) => taken.await.map_err(|_| crate::Error::msg("the run was evicted: the step must stop")),
            }
        }
    }
}

/// Sends an item to the run's driver, under the key of its place; the receiver resolves when it is taken.
pub(crate) fn hand_over(
    scope: &StepScope,
    env: &RunEnv,
    place: &Location<'_>,
    stream: &str,
    value: Value,
) -> oneshot::Receiver<()> {
    let key = scope.writes.key(&format!("{}:{}:{}", place.file(), place.line(), place.column()));
    let (position, attempt) = (scope.position, scope.attempt);
    let what = Written::Item { stream: stream.to_owned() };
    env.outputs.write(StepWrite { position, attempt, key, what, value })
}

/// Encodes an output: its secrets are bound to its channel.
pub(crate) fn encode<T: Storable>(
    coder: Coder<'_>,
    what: OutputKind<'_>,
    value: &T,
) -> Result<Value, codec::CodecError> {
    codec::record_at(coder, codec::Location::Published(&what.channel()), value)
}
