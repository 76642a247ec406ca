//! What a commit has survived when it is answered.

/// What a commit to a file has survived when it is answered.
///
/// In both settings the file stays consistent whatever happens, and nothing is lost when only the process ends,
/// however it ends.
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
    /// A power cut or a crash of the operating system too: each commit waits for the disk (on macOS with
    /// `F_FULLFSYNC`, without which that system does not wait).
    #[default]
    Full,
    /// Only the end of the process. A power cut or a crash of the operating system may take back the last commits, from
    /// the newest one backwards, at most to the last checkpoint. What had left the process by then stays done: steps
    /// whose results are taken back run again, with the same idempotency key, and an observer may have seen a
    /// result that is now computed anew. Several times faster where commits are small.
    Relaxed,
}
