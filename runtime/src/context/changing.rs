//! Methods that change what they are called on, on a field of a context: a collection of the standard library cannot be
//! changed there, and a handle of the user's may have methods of the same names.
//!
//! The macro asks `Changing(&ctx.items).kind()`. For a collection listed here an inherent method answers; for every other
//! type the method of [`AnyType`], which is found second. A trait that a collection does not have then names the fault.

use std::collections::{BTreeMap, BTreeSet, BinaryHeap, HashMap, HashSet, VecDeque};

/// The kind of every type that has no other.
#[derive(Debug)]
pub struct Harmless;

/// The fallback for types without a kind of their own.
pub trait AnyType {
    /// Returns its kind.
    fn kind(&self) -> Harmless {
        Harmless
    }
}

/// A field on which a method is called that may change it.
#[derive(Debug)]
pub struct Changing<'a, T: ?Sized>(pub &'a T);

impl<T: ?Sized> AnyType for Changing<'_, T> {}

/// The kind of a collection of the standard library.
#[derive(Debug)]
pub struct Collection;

macro_rules! collections {
    ($([$($generic:tt)*] $collection:ty),* $(,)?) => { $(
        impl<$($generic)*> Changing<'_, $collection> {
            /// Returns its kind.
            #[must_use]
            pub const fn kind(&self) -> Collection {
                Collection
            }
        }
    )* };
}

collections! {
    [T] Vec<T>, [T] VecDeque<T>, [T] BinaryHeap<T>, [T] Option<T>, [T, const N: usize] [T; N],
    [K, V, S] HashMap<K, V, S>, [K, V] BTreeMap<K, V>, [T, S] HashSet<T, S>, [T] BTreeSet<T>, [] String,
}

/// The kinds on which a step may call such a method.
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

/// The kinds on which a step of an event-driven workflow may call such a method.
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

/// The kinds on which a workflow may call such a method.
#[diagnostic::on_unimplemented(
    message = "the context is changed only by `update`, so that it is recorded",
    label = "read through the workflow's handle",
    note = "write `flow.update(|c| c.field(..)).await?`",
    note = "to change a copy: `let mut copy = flow.field.clone();`"
)]
pub trait MayChangeInWorkflow {
    /// Accepts it.
    fn check(&self) {}
}

#[diagnostic::do_not_recommend]
impl MayChange for Harmless {}

#[diagnostic::do_not_recommend]
impl MayChangeInGraph for Harmless {}

#[diagnostic::do_not_recommend]
impl MayChangeInWorkflow for Harmless {}

/// Stands for `&mut place` in the body of a faulty function, whose other faults are still to be found.
#[allow(clippy::mut_from_ref, reason = "it never returns")]
#[must_use]
pub fn borrowed<T: ?Sized>(_: &T) -> &mut T {
    unimplemented!()
}

/// Stands for `ctx.update(..)` in such a body.
///
/// # Errors
/// None: it is never called.
pub async fn unwritten() -> Result<(), crate::Error> {
    Ok(())
}
