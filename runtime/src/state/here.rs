//! Detects that the closure of an edit runs on this thread, where some calls would wait for themselves.

use std::cell::Cell;

thread_local! {
    static RUNS_HERE: Cell<bool> = const { Cell::new(false) };
}

/// Returns whether the closure of an edit runs on this thread.
pub(crate) fn runs_here() -> bool {
    RUNS_HERE.get()
}

/// Marks that the closure of an edit runs on this thread, until the guard is dropped.
pub(super) fn enter() -> impl Drop {
    struct Leave;
    impl Drop for Leave {
        fn drop(&mut self) {
            RUNS_HERE.set(false);
        }
    }
    RUNS_HERE.set(true);
    Leave
}
