//! Checks that the types of a step can be stored, each in a constant at the user's type.

use super::Returned;
use crate::codec::{StepArg, StoredValue};
use crate::error::Failure;
use std::marker::PhantomData;

/// Types of arguments, as a list `(A, (B, ()))`.
#[doc(hidden)]
pub trait AllArguments {}

impl AllArguments for () {}

impl<T: StepArg, Rest: AllArguments> AllArguments for (T, Rest) {}

/// Checks of a type that names others, which are checked by themselves. An inherent function takes precedence where its
/// bounds hold.
#[derive(Debug)]
pub struct StoredBeside<Others>(PhantomData<Others>);

impl<Others: AllArguments> StoredBeside<Others> {
    /// Checks an argument.
    pub const fn argument<T: StepArg>() {}

    /// Checks the input of a workflow.
    pub const fn input<T: StoredValue>() {}

    /// Checks a return type.
    pub const fn returned<R: Returned>()
    where
        R::Value: StoredValue,
        R::Error: Failure,
    {
    }
}

/// The answers of [`StoredBeside`] if one of the others cannot be stored.
pub trait OtherwiseStored {
    /// Checks nothing.
    fn argument<T>() {}
    /// Checks nothing.
    fn input<T>() {}
    /// Checks nothing.
    fn returned<R>() {}
}

impl<Others> OtherwiseStored for StoredBeside<Others> {}
