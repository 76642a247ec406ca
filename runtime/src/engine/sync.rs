//! Types that [`driving`](super::driving) shares between tasks, replaced in the model test.

pub(super) use futures_util::task::AtomicWaker;
pub(super) use std::sync::atomic::AtomicU8;
pub(super) use std::sync::{Mutex, MutexGuard};

/// The number of polls of one task while the future is woken; then the run's own task continues.
pub(super) const POLLS: usize = 8;
