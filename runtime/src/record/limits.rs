//! Size limits.

/// The sizes above which values are refused or recorded as a hash.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    /// The largest value that is stored, in bytes.
    pub(crate) value: usize,
    /// The size in bytes above which arguments are recorded as a hash.
    pub(crate) arguments: usize,
    /// The size of a context in the database, in bytes, above which a warning is logged.
    pub(crate) large_context: usize,
    /// The largest size of a context in the database, in bytes.
    pub(crate) context: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { value: 256 << 20, arguments: 64 << 10, large_context: 64 << 10, context: 1 << 20 }
    }
}
