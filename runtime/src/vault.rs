//! The encryption of one run's secrets: a cipher, and the run that it is bound to.

#[cfg(feature = "encryption")]
pub(crate) mod keys;
mod location;
#[cfg(feature = "encryption")]
mod siv;
pub(crate) mod thread;
pub(crate) mod token;
pub(crate) mod wipe;

use bytes::Bytes;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

pub(crate) use location::Location;
pub(crate) use thread::{exposing, is_exposing, is_redacting, opened, redacting, sealed, sealed_any};
pub(crate) use token::{holds_token, redact};

pub(crate) const REDACTED: &str = "[secret]";

/// The newtype name of secrets for a serializer: keys of maps refuse it.
pub(crate) const MARKER: &str = "$steadfast::Secret";

/// A deterministic cipher: the same bytes at the same location under the same key have the same token.
pub(crate) trait Cipher: Send + Sync {
    /// Encrypts bytes for one location, with the key for new values, and returns the token.
    ///
    /// # Errors
    /// There is no key.
    fn seal(&self, place: &[u8], plain: &[u8]) -> Result<String, CipherError>;

    /// Decrypts a token.
    ///
    /// # Errors
    /// The key is missing, or the token is not authentic at this location.
    fn open(&self, place: &[u8], token: &str) -> Result<Vec<u8>, CipherError>;
}

/// The reason why a secret was not sealed or opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum CipherError {
    /// No provider has the key with this id.
    NoKey {
        /// The id.
        id: String,
    },
    /// The provider of keys failed, or returned a key that cannot be used.
    Provider(String),
    /// Not authentic: changed, or from another location, run or database.
    Damaged,
}

/// The reason why a secret was not written or read, which the engine takes after an error.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum VaultFault {
    /// There is a secret, and the engine has no keys.
    NoProvider,
    /// No provider has the key with this id.
    NoKey {
        /// The id.
        id: String,
    },
    /// The provider of keys failed, or returned a key that cannot be used.
    Provider(String),
    /// Not authentic: changed, or from another location, run or database.
    Damaged,
}

impl From<CipherError> for VaultFault {
    fn from(error: CipherError) -> Self {
        match error {
            CipherError::NoKey { id } => Self::NoKey { id },
            CipherError::Provider(message) => Self::Provider(message),
            CipherError::Damaged => Self::Damaged,
        }
    }
}

impl VaultFault {
    /// Returns what to do about it, as the beginning of a sentence.
    pub(crate) fn remedy(&self) -> &'static str {
        match self {
            Self::NoProvider | Self::NoKey { .. } | Self::Provider(_) => "Give the engine the key",
            Self::Damaged => "Restore what was recorded from a copy of the database",
        }
    }
}

impl fmt::Display for VaultFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoProvider => f.write_str(NO_KEYS),
            Self::NoKey { id } => {
                write!(f, "the key `{id}` of a secret is missing: the engine's key provider does not know it")
            }
            Self::Provider(message) => write!(f, "the engine's key provider gave no key for a secret: {message}"),
            Self::Damaged => {
                f.write_str("a secret is not authentic: it was changed, or belongs to another place, run or database")
            }
        }
    }
}

const NO_KEYS: &str = "there is no key for secrets: add `.keys(..)` to the engine's builder";

/// The vault that seals and opens the secrets of one run.
pub(crate) struct Vault {
    cipher: Option<Arc<dyn Cipher>>,
    /// The database and the run, the prefix of each location.
    owner: Vec<u8>,
    /// The fault of a step's attempt that has failed, until it is taken.
    kept: Mutex<Option<VaultFault>>,
}

impl Vault {
    /// Returns its cipher.
    pub(crate) fn cipher(&self) -> Option<Arc<dyn Cipher>> {
        self.cipher.clone()
    }

    /// Creates the vault of a run; without a cipher it refuses every secret.
    pub(crate) fn new(cipher: Option<Arc<dyn Cipher>>, database: &str, execution: [u8; 16]) -> Arc<Self> {
        // The length precedes the name, executions have one length, and the location comes last: so no two bindings
        // have the same bytes.
        let mut owner = Vec::with_capacity(8 + database.len() + execution.len());
        owner.extend_from_slice(&(database.len() as u64).to_le_bytes());
        owner.extend_from_slice(database.as_bytes());
        owner.extend_from_slice(&execution);
        Arc::new(Self { cipher, owner, kept: Mutex::new(None) })
    }

    /// Makes secrets tokens of this vault on this thread, until the guard is dropped. Guards are dropped in reverse
    /// order, and none is held across an `await`.
    #[cfg(test)]
    pub(crate) fn enter(self: &Arc<Self>) -> thread::Entered {
        thread::enter(thread::Mode::Sealed(Arc::clone(self)))
    }

    /// Returns why the last secret was not written or read on this thread. Call it where encoding or decoding failed:
    /// it also has the fault of an error that was recovered from, such as that of a variant of an untagged enum, until
    /// other values are encoded or decoded.
    pub(crate) fn take_fault(&self) -> Option<VaultFault> {
        thread::take_fault(self)
    }

    /// Keeps the fault of a step's attempt, which another thread takes.
    pub(crate) fn keep_fault(&self) {
        if let Some(fault) = self.take_fault() {
            *self.kept.lock().unwrap_or_else(PoisonError::into_inner) = Some(fault);
        }
    }

    /// Takes the fault that a step's attempt has kept.
    pub(crate) fn take_kept(&self) -> Option<VaultFault> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// Seals bytes for the current location of this thread.
    pub(super) fn seal_here(&self, plain: &[u8]) -> Result<String, VaultFault> {
        let sealed = self.cipher.as_ref();
        let sealed = sealed.map(|cipher| cipher.seal(&thread::with_place(|place| self.bound(place)), plain));
        self.noted(sealed).inspect(|_| thread::note_sealed())
    }

    /// Opens a token at the current location of this thread.
    pub(super) fn open_here(&self, token: &str) -> Result<Vec<u8>, VaultFault> {
        let opened = self.cipher.as_ref();
        let opened = opened.map(|cipher| cipher.open(&thread::with_place(|place| self.bound(place)), token));
        self.noted(opened).inspect(|_| thread::note_opened())
    }

    /// Returns the data that are authenticated with a secret at `place`.
    fn bound(&self, place: &str) -> Vec<u8> {
        [&self.owner, place.as_bytes()].concat()
    }

    fn noted<R>(&self, result: Option<Result<R, CipherError>>) -> Result<R, VaultFault> {
        let result = result.map_or(Err(VaultFault::NoProvider), |result| result.map_err(VaultFault::from));
        result.inspect_err(|fault| thread::note_fault(self, fault.clone()))
    }
}

/// Replaces every token in a JSON text that is authentic under `from` at a location by one of `to`, without knowing
/// types. Returns `None` if nothing changed.
///
/// Other texts stay: one that only looks like a token belongs to the user, a token may belong to another location, and
/// one of an unknown key within a longer text is no secret, because a secret is a text of its own.
///
/// # Errors
/// The key of a possible token is missing, so it cannot be judged: left as it is, a secret would stay bound to its old
/// location, where no key opens it any more. Or `to` has no key.
pub(crate) fn reseal(
    bytes: &Bytes,
    from: &Vault,
    to: &Vault,
    location: impl fmt::Display,
) -> Result<Option<Bytes>, CipherError> {
    let location = location.to_string();
    let (from_place, to_place) = (from.bound(&location), to.bound(&location));
    let mut changed = Vec::new();
    let (mut copied, mut searched) = (0, 0);
    while let Some(found) = token::next(bytes, searched) {
        // A token is ASCII.
        let text = std::str::from_utf8(&bytes[found.clone()]).map_err(|_| CipherError::Damaged)?;
        let plain = match plain_of(from, &from_place, text) {
            Err(CipherError::NoKey { .. }) if !token::is_whole(bytes, &found) => None,
            plain => plain?,
        };
        let Some(plain) = plain else {
            searched = token::after_prefix(found.start);
            continue;
        };
        let cipher = to.cipher.as_ref().ok_or_else(|| CipherError::Provider(NO_KEYS.into()))?;
        let sealed = cipher.seal(&to_place, &plain);
        wipe::wipe(plain);
        changed.extend_from_slice(&bytes[copied..found.start]);
        changed.extend_from_slice(sealed?.as_bytes());
        (copied, searched) = (found.end, found.end);
    }
    changed.extend_from_slice(&bytes[copied..]);
    Ok((copied > 0 && changed != *bytes).then(|| changed.into()))
}

/// Opens a text if it is a token; returns `None` if it only looks like one.
fn plain_of(vault: &Vault, place: &[u8], text: &str) -> Result<Option<Vec<u8>>, CipherError> {
    let Some((id, _)) = token::read(text) else { return Ok(None) };
    let Some(cipher) = &vault.cipher else { return Err(CipherError::NoKey { id: id.into() }) };
    match cipher.open(place, text) {
        Ok(plain) => Ok(Some(plain)),
        Err(CipherError::Damaged) => Ok(None),
        Err(error) => Err(error),
    }
}
