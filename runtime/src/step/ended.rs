//! Encodes the result of a step's body: where the body runs, but outside of its scope.

use super::StepInputs;
use super::body::unstorable;
use crate::codec::{self, CodecError, Location, Same, StoredValue};
use crate::error::Failure;
use crate::fields::Coder;
use crate::lengths;
use crate::record::AttemptOutcome;
use crate::scope;
use crate::value::Value;

/// How an attempt ends whose body returns these types: known where they can be stored, and given to a body that need not know
/// it.
#[doc(hidden)]
#[expect(missing_debug_implementations, reason = "for generated code")]
pub struct Ending<T, E> {
    end: End<T, E>,
    same: Option<Same<T>>,
    is_final: fn(&E) -> bool,
}

/// Ends an attempt.
type End<T, E> = fn(&StepInputs, Result<T, E>, Option<Same<T>>, fn(&E) -> bool) -> AttemptOutcome;

impl<T: StoredValue, E: Failure> Ending<T, E> {
    /// Results are compared by `same` with their decoded form; an error with `is_final` ends the step at once.
    #[must_use]
    pub const fn new(same: Option<Same<T>>, is_final: fn(&E) -> bool) -> Self {
        Self { end: StepInputs::end, same, is_final }
    }

    /// Returns how a value is encoded.
    pub(super) const fn same(&self) -> Option<Same<T>> {
        self.same
    }

    /// Returns whether an error ends the step at once.
    pub(crate) fn is_final(&self, error: &E) -> bool {
        (self.is_final)(error)
    }
}

impl<T, E> Ending<T, E> {
    /// Stands for types that cannot be stored, in a program that does not compile.
    pub(super) const UNKNOWN: Self = Self {
        end: |_, _, _, _| unreachable!("these types cannot be stored"),
        same: None,
        is_final: |_| unreachable!("these types cannot be stored"),
    };

    /// Returns the outcome of the attempt.
    #[must_use]
    pub fn of(&self, inputs: &StepInputs, result: Result<T, E>) -> AttemptOutcome {
        (self.end)(inputs, result, self.same, self.is_final)
    }
}

impl StepInputs {
    /// Returns the outcome of an attempt whose body has ended. A result is decoded once before it is recorded.
    #[must_use]
    pub fn end<T: StoredValue, E: Failure>(
        &self,
        result: Result<T, E>,
        same: Option<Same<T>>,
        is_final: fn(&E) -> bool,
    ) -> AttemptOutcome {
        // The engine encodes and drops the result, not the body.
        let _outside = scope::outside();
        let (coder, location) = (self.env().fields.coder(), Location::Result(&self.scope().name));
        // The result is dropped here, outside of the body's scope.
        let outcome = match result {
            Ok(value) => stored(value.record(coder, location, same)),
            Err(error) => failed(coder, location, &error, is_final(&error)),
        };
        self.scope().writes.with_wait(outcome)
    }

    /// Returns the outcome for results that have an encoding of their own.
    pub(crate) fn end_encoded<T, E: Failure>(
        &self,
        result: Result<T, E>,
        encode: fn(Coder<'_>, Location<'_>, T) -> Result<Value, CodecError>,
        is_final: fn(&E) -> bool,
    ) -> AttemptOutcome {
        let _outside = scope::outside();
        let (coder, location) = (self.env().fields.coder(), Location::Result(&self.scope().name));
        let outcome = match result {
            Ok(value) => stored(encode(coder, location, value)),
            Err(error) => failed(coder, location, &error, is_final(&error)),
        };
        self.scope().writes.with_wait(outcome)
    }
}

fn stored(value: Result<Value, CodecError>) -> AttemptOutcome {
    match value {
        Ok(stored) => AttemptOutcome::Completed(stored),
        Err(error) => unstorable(&error.to_string()),
    }
}

pub(super) fn failed<E: Failure>(
    coder: Coder<'_>,
    location: Location<'_>,
    error: &E,
    terminal: bool,
) -> AttemptOutcome {
    let cut = error.cut();
    let error = cut.as_ref().unwrap_or(error);
    let message = lengths::cut(error.to_string());
    match codec::record_at(coder, location, error) {
        Ok(stored) => {
            let cause = crate::error::AttemptCause::Failed;
            AttemptOutcome::Failed { cause, error: Some(stored), message, terminal, retry_after: None }
        }
        Err(why) => unstorable(&format!("its error `{message}`: {why}")),
    }
}
