//! Methods that change what they are called on, on a field of a step's context: a collection of the standard library cannot
//! be changed there, and a handle of the user's may have methods of the same names.
//!
//! The macro asks `Changing(&ctx.items).of()`. For a collection listed here an inherent method answers; for every other type
//! the method of [`OfAny`], which is found second.

use std::collections::{BTreeMap, BTreeSet, BinaryHeap, HashMap, HashSet, VecDeque};

/// A field on which a method is called that may change it.
#[derive(Debug)]
pub struct Changing<'a, T: ?Sized>(pub &'a T);

/// The answer for a collection of the standard library.
#[derive(Debug)]
pub struct OfCollection;

/// The answer for every other type.
#[derive(Debug)]
pub struct OfOther;

/// The fallback for types that are no collections.
pub trait OfAny {
    /// Returns what it is.
    fn of(&self) -> OfOther {
        OfOther
    }
}

impl<T: ?Sized> OfAny for Changing<'_, T> {}

macro_rules! collections {
    ($([$($generic:tt)*] $collection:ty),* $(,)?) => { $(
        impl<$($generic)*> Changing<'_, $collection> {
            /// Returns what it is.
            #[must_use]
            pub const fn of(&self) -> OfCollection {
                OfCollection
            }
        }
    )* };
}

collections! {
    [T] Vec<T>, [T] VecDeque<T>, [T] BinaryHeap<T>, [T] Option<T>, [T, const N: usize] [T; N],
    [K, V, S] HashMap<K, V, S>, [K, V] BTreeMap<K, V>, [T, S] HashSet<T, S>, [T] BTreeSet<T>, [] String,
}

/// A type on which a step may call such a method.
#[diagnostic::on_unimplemented(
    message = "a step cannot change its context",
    label = "the step has it by shared reference",
    note = "return the new value, and write it in the workflow: `flow.update(|c| c.field(..)).await?`",
    note = "to change a copy: `let mut copy = ctx.field.clone();`"
)]
pub trait MayChange {
    /// Accepts it.
    fn check(&self) {}
}

#[diagnostic::do_not_recommend]
impl MayChange for OfOther {}

/// The same for a step of an event-driven workflow.
#[diagnostic::on_unimplemented(
    message = "a step cannot change its context",
    label = "the step has it by shared reference",
    note = "return the change beside the event: `Updated::of(ctx, |c| c.field(..))`",
    note = "to change a copy: `let mut copy = ctx.field.clone();`"
)]
pub trait MayChangeInGraph {
    /// Accepts it.
    fn check(&self) {}
}

#[diagnostic::do_not_recommend]
impl MayChangeInGraph for OfOther {}

/// Stands for `&mut place` in the body of a faulty function, whose other faults are still to be found.
#[allow(clippy::mut_from_ref, reason = "it never returns")]
#[must_use]
pub fn borrowed<T: ?Sized>(_: &T) -> &mut T {
    unimplemented!()
}

/// Stands for `ctx.update(..)` there.
///
/// # Errors
/// None: it is never called.
pub async fn unwritten() -> Result<(), crate::Error> {
    Ok(())
}
