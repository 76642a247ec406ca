//! How large things may be.

/// Sizes above which values are refused or kept as a hash.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    /// The largest value that is stored, in bytes.
    pub(crate) value: usize,
    /// Arguments above this size, in bytes, are kept as a hash.
    pub(crate) arguments: usize,
    /// What a context may take in the database, in bytes, before a warning tells of it.
    pub(crate) large_context: usize,
    /// What a context may take in the database at most, in bytes.
    pub(crate) context: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { value: 256 << 20, arguments: 64 << 10, large_context: 64 << 10, context: 1 << 20 }
    }
}
