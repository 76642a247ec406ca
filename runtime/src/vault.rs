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
pub(crate) use thread::{
    exposing, has_fault, is_exposing, is_plain, is_redacting, opened, redacting, sealed, sealed_any,
};
pub(crate) use token::{holds_token, redact};

pub(crate) const REDACTED: &str = "[secret]";

/// The name of the newtype that a secret is for a serializer: the keys of a map refuse it.
pub(crate) const MARKER: &str = "$steadfast::Secret";

/// Encrypts deterministically: the same bytes at the same place under the same key are the same token.
pub(crate) trait Cipher: Send + Sync {
    /// The token of some bytes, for this place only, with the key for new values.
    ///
    /// # Errors
    /// There is no such key.
    fn seal(&self, place: &[u8], plain: &[u8]) -> Result<String, CipherError>;

    /// The bytes of a token.
    ///
    /// # Errors
    /// Its key is not there, or it is not authentic at this place.
    fn open(&self, place: &[u8], token: &str) -> Result<Vec<u8>, CipherError>;
}

/// Why something was not sealed or opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum CipherError {
    /// Nobody has the key with this id.
    NoKey {
        /// The id.
        id: String,
    },
    /// The provider of keys failed, or gave a key that cannot be used.
    Provider(String),
    /// Not authentic: it was changed, or belongs to another place, run or database.
    Damaged,
}

/// Why a secret was not written or read, for the engine that asks after an error.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum VaultFault {
    /// A secret was met, and the engine has no keys.
    NoProvider,
    /// Nobody has the key with this id.
    NoKey {
        /// The id.
        id: String,
    },
    /// The provider of keys failed, or gave a key that cannot be used.
    Provider(String),
    /// Not authentic: it was changed, or belongs to another place, run or database.
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
    /// What to do about it, as the beginning of a sentence.
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

/// What seals and opens the secrets of one run.
pub(crate) struct Vault {
    cipher: Option<Arc<dyn Cipher>>,
    /// The database and the run, in front of each place.
    owner: Vec<u8>,
    /// Why an attempt of a step has failed that nobody has taken note of yet.
    kept: Mutex<Option<VaultFault>>,
}

impl Vault {
    /// What encrypts for it.
    pub(crate) fn cipher(&self) -> Option<Arc<dyn Cipher>> {
        self.cipher.clone()
    }

    /// The vault of a run; without a cipher it refuses every secret.
    pub(crate) fn new(cipher: Option<Arc<dyn Cipher>>, database: &str, execution: [u8; 16]) -> Arc<Self> {
        // The name has its length before it, the execution is always as long, and the place comes last: no two have the same bytes.
        let mut owner = Vec::with_capacity(8 + database.len() + execution.len());
        owner.extend_from_slice(&(database.len() as u64).to_le_bytes());
        owner.extend_from_slice(database.as_bytes());
        owner.extend_from_slice(&execution);
        Arc::new(Self { cipher, owner, kept: Mutex::new(None) })
    }

    /// Until the guard is dropped, secrets are written and read on this thread as tokens of this vault. Guards are dropped
    /// in reverse order, and none is held over an `await`.
    pub(crate) fn enter(self: &Arc<Self>) -> thread::Entered {
        thread::enter(thread::Mode::Sealed(Arc::clone(self)))
    }

    /// Why the last secret was not written or read on this thread. Ask where encoding or decoding failed: an error that was
    /// survived, such as that of a variant of an untagged enum, is noted too, until something else is encoded or decoded.
    pub(crate) fn take_fault(&self) -> Option<VaultFault> {
        thread::take_fault(self)
    }

    /// Keeps the fault of an attempt of a step, which another thread asks for.
    pub(crate) fn keep_fault(&self) {
        if let Some(fault) = self.take_fault() {
            *self.kept.lock().unwrap_or_else(PoisonError::into_inner) = Some(fault);
        }
    }

    /// The fault that an attempt of a step has kept.
    pub(crate) fn take_kept(&self) -> Option<VaultFault> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// The token of some bytes at the place that this thread is at.
    pub(super) fn seal_here(&self, plain: &[u8]) -> Result<String, VaultFault> {
        let sealed = self.cipher.as_ref();
        let sealed = sealed.map(|cipher| cipher.seal(&thread::with_place(|place| self.bound(place)), plain));
        self.noted(sealed).inspect(|_| thread::note_sealed())
    }

    /// The bytes of a token at the place that this thread is at.
    pub(super) fn open_here(&self, token: &str) -> Result<Vec<u8>, VaultFault> {
        let opened = self.cipher.as_ref();
        let opened = opened.map(|cipher| cipher.open(&thread::with_place(|place| self.bound(place)), token));
        self.noted(opened).inspect(|_| thread::note_opened())
    }

    /// What is authenticated with a secret at `place`.
    fn bound(&self, place: &str) -> Vec<u8> {
        [&self.owner, place.as_bytes()].concat()
    }

    fn noted<R>(&self, result: Option<Result<R, CipherError>>) -> Result<R, VaultFault> {
        let result = result.map_or(Err(VaultFault::NoProvider), |result| result.map_err(VaultFault::from));
        result.inspect_err(|fault| thread::note_fault(self, fault.clone()))
    }
}

/// Replaces every token in a JSON text that is authentic under `from` at a location by one of `to`, without knowing types.
/// `None` if nothing changed.
///
/// A text that only looks like a token is a user's own and stays, as does a token of another place, and one of an unknown
/// key that stands within a longer text: a secret is a text of its own.
///
/// # Errors
/// The key of something that looks like a token is missing, so that nobody can tell what it is: left as it is, a secret
/// would stay bound to its old place, where no key opens it any more. Or `to` has no key.
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

/// The bytes of a text that is a token; `None` if it only looks like one.
fn plain_of(vault: &Vault, place: &[u8], text: &str) -> Result<Option<Vec<u8>>, CipherError> {
    let Some((id, _)) = token::read(text) else { return Ok(None) };
    let Some(cipher) = &vault.cipher else { return Err(CipherError::NoKey { id: id.into() }) };
    match cipher.open(place, text) {
        Ok(plain) => Ok(Some(plain)),
        Err(CipherError::Damaged) => Ok(None),
        Err(error) => Err(error),
    }
}
