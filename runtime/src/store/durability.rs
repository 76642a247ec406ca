//! The failures that an answered commit has survived.

/// The failures that a commit to a file survives once it is answered.
///
/// In both settings the file always stays consistent, and the end of the process alone, even by a crash, loses nothing.
///
/// ```
/// # use steadfast::prelude::*;
/// use steadfast::Durability;
///
/// let builder = Engine::builder().sqlite("cache.db").durability(Durability::Relaxed);
/// # drop(builder);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Durability {
    /// A power cut or a crash of the operating system too: each commit waits for the disk (on macOS with `F_FULLFSYNC`,
    /// without which that system does not wait).
    #[default]
    Full,
    /// Only the end of the process. A power cut or a crash of the operating system may lose the last commits, from the
    /// newest one backwards, at most to the last checkpoint. Effects that left the process before stay done: steps
    /// whose results are lost run again, with the same idempotency key, and an observer may have seen a result that is
    /// now computed anew. Several times faster where commits are small.
    Relaxed,
}
