//! Edits the shared state: a closure on a copy, published by a swap.

use super::here::{enter, runs_here};
use super::routed::Routing;
use super::{State, StateCall, StateError, TypedState, typed};
use crate::codec::{self, Storable};
use crate::panics::Held;
use crate::shared_state::{KnownEdit, StateEdit, StateEvent, StateSnapshot, StepIsOver, rows::of_field};
use crate::value::Value;
use std::any::TypeId;
use std::convert::Infallible;
use std::fmt;
use std::future::Future;
use std::panic::Location;
use std::sync::Arc;

/// The number of edits that may be in flight to the journal before further ones wait.
const UNDER_WAY: u64 = 1_024;

/// The longest name of an edit, with its distinguishing suffix, in bytes.
const LONGEST_KEY: usize = 4 << 10;

/// Shared state whose next edit has a name: see [`State::labelled`].
#[must_use = "a name changes nothing by itself: add `.edit(..)`"]
#[derive(Debug)]
pub struct Labelled<'a, S> {
    pub(super) state: &'a State<S>,
    pub(super) label: &'a str,
}

impl<S> State<S> {
    /// Names the edit that follows, instead of its place in the source: `state.labelled("counted").edit(|s| s.n += 1)`.
    /// Several edits of one name are distinguished by their order.
    pub const fn labelled<'a>(&'a self, label: &'a str) -> Labelled<'a, S> {
        Labelled { state: self, label }
    }

    /// Returns the key of an edit at a place in the source.
    pub(super) fn key_at(&self, place: &Location<'_>) -> String {
        self.scope.writes.key(&format!("edit:{}:{}:{}", place.file(), place.line(), place.column()))
    }

    pub(super) fn key_of(&self, label: &str) -> String {
        self.scope.writes.key(&format!("edit:{label}"))
    }
}

impl<S> State<S> {
    /// Edits the state: the closure gets a copy, which then replaces the state at once. Returns the closure's result,
    /// as recorded: the same in a later attempt, which does not run the closure again.
    ///
    /// Await the future; the closure runs when it is this edit's turn. If it panics, the step's attempt panics, and the
    /// state is unchanged.
    ///
    /// # Errors
    /// A changed field or the result cannot be stored, the step was cancelled, or this is within another edit. Nothing
    /// of the edit remains.
    #[track_caller]
    pub fn edit<'a, R: Storable>(&'a self, change: impl FnOnce(&mut S) -> R + Send + 'a) -> StateCall<'a, R>
    where
        S: TypedState,
    {
        let key = self.key_at(Location::caller());
        self.call(infallible(self.make(key, |s| Ok(change(s)))))
    }

    /// Edits the state like [`edit`](State::edit), with a closure that can fail: an `Err` leaves the state unchanged
    /// and is not recorded, so that a later attempt runs the closure again.
    ///
    /// ```
    /// # use steadfast::prelude::*;
    /// # #[derive(StepContext, Clone)]
    /// # struct Budget { #[context(default = 10)] cents: u64 }
    /// #[step]
    /// async fn spend(state: &State<Budget>, cents: u64) -> Result<u64> {
    ///     let left = state
    ///         .try_edit(|s| {
    ///             s.cents = s.cents.checked_sub(cents).ok_or_else(|| Error::msg("not enough"))?;
    ///             Ok::<_, Error>(s.cents)
    ///         })
    ///         .await??;
    ///     Ok(left)
    /// }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// let state = State::for_tests(Budget { cents: 10 });
    /// assert!(spend::direct(&state, 12).await.is_err());
    /// assert_eq!(spend::direct(&state, 4).await.unwrap(), 6);
    /// # }
    /// ```
    ///
    /// # Errors
    /// See [`edit`](State::edit). The closure's error is the inner result.
    #[track_caller]
    pub fn try_edit<'a, R: Storable, E: Send + 'a>(
        &'a self,
        change: impl FnOnce(&mut S) -> Result<R, E> + Send + 'a,
    ) -> StateCall<'a, Result<R, E>>
    where
        S: TypedState,
    {
        let key = self.key_at(Location::caller());
        self.call(self.make(key, change))
    }

    /// Makes one edit when it is its turn.
    async fn make<R: Storable, E: Send>(
        &self,
        key: String,
        change: impl FnOnce(&mut S) -> Result<R, E> + Send,
    ) -> Result<Result<R, E>, StateError>
    where
        S: TypedState,
    {
        let made = self.in_turn(key, move |before| {
            let (old, coder): (Arc<S>, _) = (typed(before), self.env.fields.coder());
            let mut new = S::clone(&old);
            let running = enter();
            let result = match change(&mut new) {
                Ok(result) => result,
                Err(error) => return Ok(Err(error)),
            };
            drop(running);
            let refused = |error: &dyn fmt::Display| StateError::Unstorable(error.to_string());
            let (result, decoded) = codec::round_trip_at(coder, codec::Location::Result(&self.scope.name), &result)
                .map_err(|error| refused(&format!("the result of the edit: {error}")))?;
            let whole = if self.env.state.is_older() {
                let (_, values) = S::clone(&old).store_all(coder).map_err(|error| refused(&error))?;
                Some(in_rows(values))
            } else {
                None
            };
            let (new, values) = old.store_difference(coder, new).map_err(|error| refused(&error))?;
            let after = StateSnapshot { typed: Some(Held::new(Arc::new(new))), ..before.clone() };
            Ok(Ok(Made { result, decoded, whole, rows: in_rows(values), after, routing: Routing::of::<S>() }))
        });
        made.await
    }
}

impl<S: TypedState> Labelled<'_, S> {
    /// Edits like [`State::edit`], under this name.
    ///
    /// # Errors
    /// See [`State::edit`].
    pub fn edit<'a, R: Storable>(&self, change: impl FnOnce(&mut S) -> R + Send + 'a) -> StateCall<'a, R>
    where
        Self: 'a,
    {
        let key = self.state.key_of(self.label);
        self.state.call(infallible(self.state.make(key, |s| Ok(change(s)))))
    }

    /// Edits like [`State::try_edit`], under this name.
    ///
    /// # Errors
    /// See [`State::try_edit`].
    pub fn try_edit<'a, R: Storable, E: Send + 'a>(
        &self,
        change: impl FnOnce(&mut S) -> Result<R, E> + Send + 'a,
    ) -> StateCall<'a, Result<R, E>>
    where
        Self: 'a,
    {
        let key = self.state.key_of(self.label);
        self.state.call(self.state.make(key, change))
    }
}

/// A finished edit, before it is published.
pub(super) struct Made<R> {
    pub(super) result: Value,
    pub(super) decoded: R,
    pub(super) whole: Option<Vec<(String, Value)>>,
    pub(super) rows: Vec<(String, Value)>,
    pub(super) after: StateSnapshot,
    /// The routing of its fields to stores, if any is routed.
    pub(super) routing: Option<Routing>,
}

fn in_rows(values: Vec<(&'static str, Value)>) -> Vec<(String, Value)> {
    values.into_iter().map(|(name, value)| (of_field(name), value)).collect()
}

async fn infallible<R>(edit: impl Future<Output = Result<Result<R, Infallible>, StateError>>) -> Result<R, StateError> {
    edit.await.map(|result| match result {
        Ok(result) => result,
        Err(never) => match never {},
    })
}

impl<S> State<S> {
    /// Makes an edit when it is its turn, unless it was made before. No other edit runs before it is published. Until
    /// then it awaits only the saves of fields in stores, which are invisible to others: an edit is made or it is not.
    pub(super) async fn in_turn<R: Storable, E: Send>(
        &self,
        key: String,
        work: impl FnOnce(&StateSnapshot) -> Result<Result<Made<R>, E>, StateError> + Send,
    ) -> Result<Result<R, E>, StateError> {
        if runs_here() {
            return Err(StateError::WithinEdit);
        }
        let state = &self.env.state;
        let stopped = |_: StepIsOver| StateError::Stopped;
        let turn = state.writer.lock().await;
        // Checked again: a closure that has waited for this one would wait for itself.
        if runs_here() {
            return Err(StateError::WithinEdit);
        }
        if key.len() > LONGEST_KEY {
            let message = format!("the name or place of an edit has {} bytes, the limit is {LONGEST_KEY}", key.len());
            return Err(StateError::Unstorable(message));
        }
        let position = self.scope.position;
        if let Some(known) = state.known(position, &key).map_err(stopped)? {
            drop(turn);
            return self.made_before(&key, known).await.map(Ok);
        }
        if self.scope.cancellation.is_requested() {
            return Err(StateError::Stopped);
        }
        let made = match work(&state.now().0) {
            Ok(Ok(made)) => made,
            Ok(Err(error)) => return Ok(Err(error)),
            Err(error) => {
                drop(turn);
                return self.locked_or(error).await;
            }
        };
        let Made { result, decoded, mut whole, mut rows, mut after, routing } = made;
        if let Some(routing) = routing.filter(|_| state.is_recorded_anywhere()) {
            let all = whole.iter_mut().flatten().chain(&mut rows);
            self.save_routed(routing, all, &mut after).await?;
        }
        if let Some(why) = state.refuses(whole.as_deref(), &rows, &result) {
            return Err(StateError::Unstorable(why));
        }
        let (attempt, step) = (self.scope.attempt, self.scope.name.clone());
        let edit = StateEdit { position, attempt, step, key, result, whole, rows, after, seq: 0 };
        let seq = state.publish(edit).map_err(stopped)?;
        drop(turn);
        let wait = if shows_nothing::<R>() { seq.saturating_sub(UNDER_WAY) } else { seq };
        state.durable(wait).await.map_err(stopped)?;
        Ok(Ok(decoded))
    }

    /// Returns the recorded result of the edit. A result that no longer decodes parks the run: the edit was made, and
    /// the step must not continue as if it were not.
    async fn made_before<R: Storable>(&self, key: &str, known: KnownEdit) -> Result<R, StateError> {
        if !shows_nothing::<R>() {
            self.env.state.durable(known.seq).await.map_err(|_| StateError::Stopped)?;
        }
        let location = codec::Location::Result(&self.scope.name);
        let decoded = codec::decode_at(self.env.fields.coder(), location, &known.result);
        if let Err(error) = &decoded
            && !self.is_locked()
        {
            let reason = self.unreadable(key, error);
            self.env.state.notify(StateEvent::Unreadable(Box::new(reason)));
        }
        match decoded {
            Ok(result) => Ok(result),
            Err(_) => std::future::pending().await,
        }
    }

    fn unreadable(&self, key: &str, why: &dyn fmt::Display) -> crate::ParkReason {
        let (run, step) = (&self.scope.run, &self.scope.name);
        let message = format!(
            "what an edit of the shared state gave in step `{step}` of run `{}` (workflow `{}`) cannot be read with today's \
             types: {why} ({key}). Deploy code whose types read what is recorded; the run then resumes automatically",
            run.id, run.workflow
        );
        crate::ParkReason::new(crate::ParkCause::Unreadable, message).at(Some(self.scope.position))
    }
}

/// Returns whether a value of this type carries no information.
fn shows_nothing<R: 'static>() -> bool {
    TypeId::of::<R>() == TypeId::of::<()>()
}
