//! What the code of a graph asks of the user's types. Each has an answer also for a type that is no event, which is one
//! fault and is reported once, where the type is named first: an inherent item takes precedence where its bounds hold,
//! and one of an `Otherwise*` trait is there everywhere.

use super::collect::Collects;
use super::definition::{AnyStep, GraphOutcome, GraphStep};
use super::emit::Emits;
use super::event::Event;
use super::shape::StepShape;
use super::start::StopsWith;
use super::take::Takes;
use crate::codec::{Storable, StoredValue};
use std::marker::PhantomData;

/// A step of a graph, perhaps with types that are no events.
#[derive(Debug)]
pub struct StepProbe<S>(PhantomData<S>);

impl<S: GraphStep> StepProbe<S> {
    /// The static data on the step.
    pub const SHAPE: StepShape = S::SHAPE;
    /// The step without its types.
    pub const STEP: AnyStep = AnyStep::of::<S>();
}

/// The answers of a [`StepProbe`] for a step that does not compile.
pub trait OtherwiseStep {
    /// The static data on no step.
    const SHAPE: StepShape = StepShape::UNKNOWN;
    /// No step.
    const STEP: AnyStep = AnyStep::UNKNOWN;
}

impl<S> OtherwiseStep for StepProbe<S> {}

/// Types that events are taken as, as a list `(A, (B, ()))`.
#[doc(hidden)]
pub trait AllTaken {}

impl AllTaken for () {}

impl<T: Takes, Rest: AllTaken> AllTaken for (T, Rest) {}

/// Marks a type in such a list that begins or ends the run.
#[derive(Debug)]
pub struct EndsWith<T>(PhantomData<T>);

impl<T: Storable, Rest: AllTaken> AllTaken for (EndsWith<T>, Rest) {}

/// Checks of a type that names others, which are checked by themselves. Named in constants at the type.
#[derive(Debug)]
pub struct Beside<Others>(PhantomData<Others>);

impl<Others: AllTaken> Beside<Others> {
    /// Checks a parameter.
    pub const fn takes<T: Takes>() {}
    /// Checks what begins or ends the run.
    pub const fn ends<T: StoredValue>() {}
    /// Checks a parameter that collects.
    pub const fn collects<T: Collects>() {}
    /// Checks an event that is sent by hand.
    pub const fn sends<T: Event>() {}
    /// Checks a return type.
    pub const fn returns<R: GraphOutcome>() {}
}

/// The answers of [`Beside`] if one of the others is no event.
pub trait OtherwiseBeside {
    /// Checks nothing.
    fn takes<T>() {}
    /// Checks nothing.
    fn ends<T>() {}
    /// Checks nothing.
    fn collects<T>() {}
    /// Checks nothing.
    fn sends<T>() {}
    /// Checks nothing.
    fn returns<R>() {}
}

impl<Others> OtherwiseBeside for Beside<Others> {}

/// The end of the run in a return type.
#[derive(Debug)]
pub struct EndOf<R>(PhantomData<R>);

impl<R: GraphOutcome> EndOf<R> {
    /// Checks that it stops the run with this result, if it stops it.
    pub const fn is<T>()
    where
        <R::Value as Emits>::Stop: StopsWith<T>,
    {
    }
}

/// The answer of [`EndOf`] for a type that no step of a graph can return.
pub trait OtherwiseEnd {
    /// Checks nothing.
    fn is<T>() {}
}

impl<R> OtherwiseEnd for EndOf<R> {}
