//! The keys of secrets, and their providers.

use std::fmt;
use std::sync::Arc;
use zeroize::Zeroizing;

pub(crate) use super::siv::cipher;

/// A key for secrets: 32 random bytes, and the id by which the values that it encrypted name it.
///
/// The bytes must come from a random number generator or a key management service, not from a password. They are
/// overwritten when the key is dropped.
#[derive(Clone)]
pub struct Key {
    id: Arc<str>,
    bytes: Zeroizing<[u8; 32]>,
}

impl Key {
    /// Creates a key. Its id is stored in plain text with each value, and consists of ASCII letters, digits, `-`, `_`
    /// and `.`; a key with any other id cannot encrypt.
    pub fn new(id: impl Into<String>, bytes: [u8; 32]) -> Self {
        Self { id: id.into().into(), bytes: Zeroizing::new(bytes) }
    }

    /// Returns the id.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    pub(crate) fn bytes(&self) -> &Zeroizing<[u8; 32]> {
        &self.bytes
    }
}

/// Shows the id only.
impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Key").field("id", &self.id).finish_non_exhaustive()
    }
}

/// A provider of the keys of secrets.
///
/// It is called for each secret that is encoded or decoded, and must answer from memory: fetch keys from a key
/// management service beforehand. An id always names the same key.
pub trait KeyProvider: Send + Sync + 'static {
    /// Returns the key that encrypts new values.
    ///
    /// # Errors
    /// No key is available now: the value is not written.
    fn current(&self) -> Result<Key, KeyError>;

    /// Returns the key with this id, for values that it encrypted; `None` if it is unknown.
    ///
    /// # Errors
    /// The provider cannot tell now.
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
/// Keep an old key for as long as a value that it encrypted exists.
#[derive(Clone, Debug)]
pub struct StaticKeys {
    current: Key,
    old: Vec<Key>,
}

impl StaticKeys {
    /// Creates a provider with one key for everything.
    #[must_use]
    pub const fn new(current: Key) -> Self {
        Self { current, old: Vec::new() }
    }

    /// Adds a key that no longer encrypts, but opens the values that it has encrypted. Of two keys with the same id the
    /// first counts, and the current one before all.
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

/// The reason why a provider has no key, for people. It must not contain a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyError(String);

impl KeyError {
    /// Creates an error with this message.
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
