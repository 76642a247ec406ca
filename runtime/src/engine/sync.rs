//! What tasks share in [`driving`](super::driving): the model test puts its own here.

pub(super) use futures_util::task::AtomicWaker;
pub(super) use std::sync::atomic::AtomicU8;
pub(super) use std::sync::{Mutex, MutexGuard};

/// How often a task polls a run, as long as it is woken meanwhile; then the run's own task goes on.
pub(super) const POLLS: usize = 8;
