//! A value that is encrypted wherever it is stored.

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
/// Code that has the value uses it through [`expose`](Self::expose). What leaves the program is a token such as
/// `"sealed1:key-1:bG9uZyBhbmQgdW5yZWFkYWJsZQ=="` in place of the value, in every row, history and log; `Debug` does not
/// show the value, and no error of this crate does.
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
/// A secret may stand in a configuration file: outside of steadfast it is deserialized from a plain value. Its own error
/// names the expected type only; a format that adds the line where it stopped reading, as some do for files, shows that.
///
/// # What is encrypted, and what is not
///
/// The value is encrypted and authenticated together with its place: the database, the run, and the field or argument. A
/// token that was changed, or copied to another place, is refused. Encryption is deterministic, so that a replay can
/// compare. A reader of the database therefore learns of a secret
///
/// * the length of what is stored for it,
/// * whether two secrets at the same place of the same run (such as the elements of one list, or a field before and after
///   an update) are equal, and nothing about secrets at different places or of different runs,
/// * the id of its key.
///
/// A person who *writes* to the database can put an earlier token of the same place back, or exchange two of one place.
///
/// The value stays as it is in memory: it is not wiped when a secret is dropped, and `==` takes as long as the values
/// are equal. It cannot be the key of a map in something that is stored.
#[derive(Clone, Default, PartialEq, Eq, Hash)]
pub struct Secret<T>(T);

impl<T> Secret<T> {
    /// A secret with this value.
    pub const fn new(value: T) -> Self {
        Self(value)
    }

    /// The value. Code that writes or logs it is outside of what this type protects.
    pub const fn expose(&self) -> &T {
        &self.0
    }

    /// The value, no longer a secret.
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

/// Encrypted, and by steadfast only: see [`Secret`].
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

/// A token inside of steadfast, a plain value elsewhere: see [`Secret`].
impl<'de, T: DeserializeOwned + 'static> Deserialize<'de> for Secret<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match thread::mode() {
            // The reason of the format would show the value.
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
        // A secret inside a secret is encrypted with it. Where the value refuses to be written, the reason could show it.
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
    /// The secret that was opened: a form tag and the encoded value.
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

/// Whether the value outside of an encryption is still encrypted: a token would otherwise pass for a secret text.
fn is_token<T: 'static>(value: &T) -> bool {
    let value: &dyn Any = value;
    let text = value.downcast_ref::<String>().map(String::as_str);
    let text = text.or_else(|| value.downcast_ref::<Box<str>>().map(|text| &**text));
    text.or_else(|| value.downcast_ref::<Arc<str>>().map(|text| &**text)).is_some_and(crate::vault::token::is_one)
}

/// Takes a token, and opens it where it stands.
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
