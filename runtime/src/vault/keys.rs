//! The keys of secrets, and who has them.

use std::fmt;
use std::sync::Arc;
use zeroize::Zeroizing;

pub(crate) use super::siv::cipher;

/// A key for secrets: 32 random bytes, and the id under which values that it encrypted name it.
///
/// The bytes must come from a random number generator or a key management service; a password is none. They are
/// overwritten when the key is dropped.
#[derive(Clone)]
pub struct Key {
    id: Arc<str>,
    bytes: Zeroizing<[u8; 32]>,
}

impl Key {
    /// A key. Its id is stored in the clear with each value, and consists of ASCII letters, digits, `-`, `_` and `.`;
    /// with any other id, nothing can be encrypted.
    pub fn new(id: impl Into<String>, bytes: [u8; 32]) -> Self {
        Self { id: id.into().into(), bytes: Zeroizing::new(bytes) }
    }

    /// The id.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    pub(crate) fn bytes(&self) -> &Zeroizing<[u8; 32]> {
        &self.bytes
    }
}

/// The id only.
impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Key").field("id", &self.id).finish_non_exhaustive()
    }
}

/// Who has the keys of secrets.
///
/// It is asked while values are encoded and decoded, for each secret, and answers from memory: what comes from a key
/// management service is fetched beforehand. One id stands for one key, forever.
pub trait KeyProvider: Send + Sync + 'static {
    /// The key that encrypts new values.
    ///
    /// # Errors
    /// There is none now: what was to be written is not.
    fn current(&self) -> Result<Key, KeyError>;

    /// The key with this id, for values that it encrypted; `None` if nobody knows it.
    ///
    /// # Errors
    /// It cannot be said now.
    fn key(&self, id: &str) -> Result<Option<Key>, KeyError>;
}

/// Keys that a program has from its start.
///
/// ```
/// use steadfast::{Key, StaticKeys};
///
/// # let (this_year, last_year) = ([1; 32], [2; 32]);
/// let keys = StaticKeys::new(Key::new("2026", this_year)).with_old(Key::new("2025", last_year));
/// ```
///
/// An old key is kept for as long as a value of its time is.
#[derive(Clone, Debug)]
pub struct StaticKeys {
    current: Key,
    old: Vec<Key>,
}

impl StaticKeys {
    /// One key, for everything.
    #[must_use]
    pub const fn new(current: Key) -> Self {
        Self { current, old: Vec::new() }
    }

    /// A key that encrypts nothing any more, and opens what it has encrypted. Of two keys with the same id the first counts,
    /// and the current one before all.
    #[must_use]
    pub fn with_old(mut self, key: Key) -> Self {
        self.old.push(key);
        self
    }
}

impl KeyProvider for StaticKeys {
    fn current(&self) -> Result<Key, KeyError> {
        Ok(self.current.clone())
    }

    fn key(&self, id: &str) -> Result<Option<Key>, KeyError> {
        Ok(std::iter::once(&self.current).chain(&self.old).find(|key| key.id() == id).cloned())
    }
}

/// Why a provider has no answer, for people. It must not hold a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyError(String);

impl KeyError {
    /// An error with this message.
    pub fn new(message: impl Into<String>) -> Self {
        Self(message.into())
    }
}

impl fmt::Display for KeyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for KeyError {}

impl From<String> for KeyError {
    fn from(message: String) -> Self {
        Self(message)
    }
}

impl From<&str> for KeyError {
    fn from(message: &str) -> Self {
        Self(message.into())
    }
}
