//! Values that are encrypted wherever they are stored.

mod holds;

pub use holds::{IsSecret, NoSecret};

use crate::codec;
use crate::fields::Coder;
use crate::value::Value;
use crate::vault::{
    MARKER, REDACTED, Vault, VaultFault,
    thread::{self, Mode},
    wipe::{wipe, wipe_shared},
};
use bytes::Bytes;
use serde::de::{DeserializeOwned, Error as _, Visitor};
use serde::ser::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::any::{Any, type_name};
use std::fmt;
use std::sync::Arc;

/// A value that is encrypted wherever it is stored: in a field, an argument or a result, or nested inside one.
///
/// Code that has the secret reads it with [`expose`](Self::expose). Outside the program it is a token such as
/// `"sealed1:key-1:bG9uZyBhbmQgdW5yZWFkYWJsZQ=="`, in every row, history and log. Neither `Debug` nor any error of this
/// crate shows the value.
///
/// ```
/// use steadfast::Secret;
///
/// let token = Secret::new("hunter2".to_owned());
/// assert_eq!(format!("{token:?}"), "Secret([redacted])");
/// assert_eq!(token.expose(), "hunter2");
/// // Only steadfast itself writes a secret, encrypted.
/// assert!(serde_json::to_string(&token).is_err());
/// ```
///
/// A secret may be part of a configuration file: outside of steadfast it is deserialized from a plain value. Its own
/// error names only the expected type; a format that adds the line where it stopped reading, as some do for files,
/// shows that line.
///
/// # Encryption
///
/// The value is encrypted and authenticated together with its location: the database, the run, and the field or
/// argument. A token that was changed, or copied to another location, is refused. Encryption is deterministic, so that
/// a replay can compare. A reader of the database therefore learns of a secret
///
/// * the length of its stored form,
/// * whether two secrets at the same location of the same run (such as the elements of one list, or a field before and
///   after an update) are equal, but nothing about secrets at different locations or of different runs,
/// * the id of its key.
///
/// A person who can *write* to the database can restore an earlier token of the same location, or swap two of one
/// location.
///
/// The value stays in plain text in memory: it is not wiped when a secret is dropped, and the time of `==` depends on
/// the values. It cannot be the key of a map in a stored value.
#[derive(Clone, Default, PartialEq, Eq, Hash)]
pub struct Secret<T>(T);

impl<T> Secret<T> {
    /// Creates a secret with this value.
    pub const fn new(value: T) -> Self {
        Self(value)
    }

    /// Returns the value. Code that writes or logs it is outside the protection of this type.
    pub const fn expose(&self) -> &T {
        &self.0
    }

    /// Returns the value, no longer a secret.
    pub fn into_inner(self) -> T {
        self.0
    }
}

impl<T> From<T> for Secret<T> {
    fn from(value: T) -> Self {
        Self(value)
    }
}

impl<T> fmt::Debug for Secret<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret([redacted])")
    }
}

const NOT_WRITTEN: &str =
    "a secret is written only by steadfast itself, encrypted; call `.expose()` to write it elsewhere";
const ENCRYPTED: &str = "this secret is encrypted, and is read only by steadfast itself, in the run that it belongs to";

/// Serializes an encrypted token, inside steadfast only: see [`Secret`].
impl<T: Serialize + 'static> Serialize for Secret<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match thread::mode() {
            Mode::Plain => Err(S::Error::custom(NOT_WRITTEN)),
            Mode::Sealed(vault) => {
                let token = self.seal(&vault).map_err(S::Error::custom)?;
                serializer.serialize_newtype_struct(MARKER, &token)
            }
            Mode::Redacted => serializer.serialize_newtype_struct(MARKER, REDACTED),
            Mode::Exposed => serializer
                .serialize_newtype_struct(MARKER, &self.0)
                .map_err(|_| S::Error::custom(cannot_be_written::<T>())),
        }
    }
}

/// Deserializes a token inside steadfast, a plain value elsewhere: see [`Secret`].
impl<'de, T: DeserializeOwned + 'static> Deserialize<'de> for Secret<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match thread::mode() {
            // The error of the format would show the value.
            Mode::Plain => match T::deserialize(deserializer) {
                Ok(value) if is_token(&value) => Err(D::Error::custom(ENCRYPTED)),
                value => value.map(Self).map_err(|_| D::Error::custom(not_expected::<T>())),
            },
            Mode::Exposed => T::deserialize(deserializer).map(Self).map_err(|_| D::Error::custom(not_expected::<T>())),
            Mode::Sealed(vault) => match deserializer.deserialize_str(Token(&vault)) {
                Ok(Ok(plain)) => Self::from_plain(plain).ok_or_else(|| D::Error::custom(not_expected::<T>())),
                Ok(Err(fault)) => Err(D::Error::custom(fault)),
                Err(_) => Err(D::Error::custom("expected a secret that is encrypted; what was found is not")),
            },
            Mode::Redacted => Err(D::Error::custom("it is redacted")),
        }
    }
}

impl<T: Serialize + 'static> Secret<T> {
    fn seal(&self, vault: &Vault) -> Result<String, String> {
        // A secret inside a secret is encrypted with it. If the value cannot be encoded, the error could show it.
        let value = thread::exposing(|| codec::encode(Coder::NO_RUN, &self.0)).map_err(|_| cannot_be_written::<T>())?;
        let mut plain = Vec::with_capacity(1 + value.bytes.len());
        plain.push(codec::tag(value.encoding));
        plain.extend_from_slice(&value.bytes);
        wipe_shared(value.bytes);
        let sealed = vault.seal_here(&plain);
        wipe(plain);
        sealed.map_err(|fault| fault.to_string())
    }
}

impl<T: DeserializeOwned + 'static> Secret<T> {
    /// Decodes an opened secret: an encoding tag and the encoded value.
    fn from_plain(plain: Vec<u8>) -> Option<Self> {
        let encoding = codec::tagged(*plain.first()?)?;
        let mut bytes = Bytes::from(plain);
        let value = Value { encoding, bytes: bytes.split_off(1) };
        let decoded = thread::exposing(|| codec::decode(Coder::NO_RUN, &value)).ok();
        drop(bytes);
        wipe_shared(value.bytes);
        decoded.map(Self)
    }
}

/// Returns whether the value is still an encrypted token: it would otherwise pass for a secret text.
fn is_token<T: 'static>(value: &T) -> bool {
    let value: &dyn Any = value;
    let text = value.downcast_ref::<String>().map(String::as_str);
    let text = text.or_else(|| value.downcast_ref::<Box<str>>().map(|text| &**text));
    text.or_else(|| value.downcast_ref::<Arc<str>>().map(|text| &**text)).is_some_and(crate::vault::token::is_one)
}

/// A visitor that opens a token at the current location.
struct Token<'a>(&'a Vault);

impl Visitor<'_> for Token<'_> {
    type Value = Result<Vec<u8>, VaultFault>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a secret that is encrypted")
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Self::Value, E> {
        if crate::vault::token::is_one(text) { Ok(self.0.open_here(text)) } else { Err(E::custom("it is no token")) }
    }
}

fn cannot_be_written<T>() -> String {
    let expected = codec::short(type_name::<T>());
    format!("the `{expected}` of a secret cannot be written here; the reason is left out, as it could show the secret")
}

fn not_expected<T>() -> String {
    let expected = codec::short(type_name::<T>());
    format!("expected `{expected}` as a secret; what was found is left out")
}

#[cfg(test)]
mod tests;
