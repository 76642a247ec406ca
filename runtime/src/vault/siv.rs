//! The cipher of secrets: AES-SIV (RFC 5297) with 512 bits of key, derived from the 32 bytes of a [`Key`].

use super::keys::{Key, KeyError, KeyProvider};
use super::token;
use super::{Cipher, CipherError};
use crate::panics::Held;
use aes_siv::KeyInit;
use aes_siv::siv::Aes256Siv;
use hmac_sha256::HMAC;
use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};
use zeroize::Zeroizing;

/// Creates the cipher with the keys of a provider.
pub(crate) fn cipher(provider: Arc<dyn KeyProvider>) -> Arc<dyn Cipher> {
    Arc::new(Siv { provider: Held::new(provider), derived: RwLock::default() })
}

struct Siv {
    provider: Held<Arc<dyn KeyProvider>>,
    /// The derived keys, by the id of the key.
    derived: RwLock<HashMap<String, Derived>>,
}

/// The derived key, and the bytes that it was derived from: a provider may correct a key that had wrong bytes.
struct Derived {
    from: Zeroizing<[u8; 32]>,
    key: Arc<Zeroizing<[u8; 64]>>,
}

impl Derived {
    fn new(key: &Key) -> Self {
        // The derivation includes the id: a changed id in a token does not make it one of another key.
        let half = |label: &str| HMAC::mac([label.as_bytes(), key.id().as_bytes()].concat(), &key.bytes()[..]);
        let mut derived = Zeroizing::new([0; 64]);
        derived[..32].copy_from_slice(&half("steadfast sealed1 authentication:"));
        derived[32..].copy_from_slice(&half("steadfast sealed1 encryption:"));
        Self { from: key.bytes().clone(), key: Arc::new(derived) }
    }
}

impl Siv {
    /// Creates the cipher with this key. It is created for each value, which takes a fifth of the time of encrypting a
    /// short one: a shared one would be locked while a large value is encrypted.
    fn with(&self, key: &Key) -> Aes256Siv {
        let known = {
            let derived = self.derived.read().unwrap_or_else(PoisonError::into_inner);
            derived.get(key.id()).filter(|derived| derived.from == *key.bytes()).map(|derived| Arc::clone(&derived.key))
        };
        let bytes = known.unwrap_or_else(|| {
            let new = Derived::new(key);
            let bytes = Arc::clone(&new.key);
            self.derived.write().unwrap_or_else(PoisonError::into_inner).insert(key.id().into(), new);
            bytes
        });
        Aes256Siv::new((&**bytes).into())
    }
}

impl Cipher for Siv {
    fn seal(&self, place: &[u8], plain: &[u8]) -> Result<String, CipherError> {
        let key = self.provider.current()?;
        if !token::is_id(key.id()) {
            return Err(CipherError::Provider(format!(
                "the id of a key consists of ASCII letters, digits, `-`, `_` and `.`, and that of the current one is {:?}",
                key.id()
            )));
        }
        let sealed = self.with(&key).encrypt([place], plain);
        // The cipher's limit exceeds any memory.
        let sealed = sealed.map_err(|_| CipherError::Provider("the cipher refused a value".into()))?;
        Ok(token::write(key.id(), &sealed))
    }

    fn open(&self, place: &[u8], token: &str) -> Result<Vec<u8>, CipherError> {
        let (id, mut sealed) = token::read(token).ok_or(CipherError::Damaged)?;
        let Some(key) = self.provider.key(id)? else {
            return Err(CipherError::NoKey { id: id.into() });
        };
        if key.id() != id {
            return Err(CipherError::Provider(format!("asked for the key `{id}`, it gave {:?}", key.id())));
        }
        // Decrypts in place after removing the tag, so that no copy of the plaintext remains in unused capacity.
        let (tag, rest) = sealed.split_first_chunk::<16>().ok_or(CipherError::Damaged)?;
        let (tag, length) = (*tag, rest.len());
        sealed.copy_within(16.., 0);
        sealed.truncate(length);
        let opened = self.with(&key).decrypt_inout_detached([place], sealed.as_mut_slice().into(), &tag.into());
        opened.map_err(|_| CipherError::Damaged)?;
        Ok(sealed)
    }
}

impl From<KeyError> for CipherError {
    fn from(error: KeyError) -> Self {
        Self::Provider(error.to_string())
    }
}
