//! Tokens of forms: each is for one action of one visitor, for a limited time, and for one use.

use crate::answer::Fault;
use data_encoding::HEXLOWER;
use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// The time within which a form is sent.
const LIFE: Duration = Duration::from_hours(12);

/// How many forms that were sent are remembered.
const REMEMBERED: usize = 10_000;

/// Makes and checks the tokens of forms.
pub(crate) struct Forms {
    /// Random, of this process: a form of an earlier one is refused.
    key: [u8; 32],
    used: Mutex<VecDeque<String>>,
}

impl Forms {
    pub(crate) fn new() -> Self {
        Self { key: random(), used: Mutex::default() }
    }

    /// Returns the token of a form for an action.
    pub(crate) fn token(&self, session: &str, action: &str) -> String {
        let nonce = HEXLOWER.encode(&random()[..16]);
        let until = (SystemTime::now() + LIFE).duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
        let sum = self.sum(session, action, &nonce, until);
        format!("{nonce}.{until}.{sum}")
    }

    /// Checks the token of a form, and that it was not used.
    ///
    /// # Errors
    /// It is of another visitor, another action or another process, too old, or was used.
    pub(crate) fn take(&self, token: Option<&str>, session: &str, action: &str) -> Result<(), Fault> {
        let refused = || Fault::forbidden("the form is not of this page, or too old; open the page again".to_owned());
        let mut parts = token.ok_or_else(refused)?.split('.');
        let (Some(nonce), Some(until), Some(sum), None) = (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(refused());
        };
        let until: u64 = until.parse().map_err(|_| refused())?;
        let expected = self.sum(session, action, nonce, until);
        if !is_same(sum, &expected) || UNIX_EPOCH + Duration::from_secs(until) < SystemTime::now() {
            return Err(refused());
        }
        let mut used = self.used.lock().unwrap_or_else(PoisonError::into_inner);
        if used.iter().any(|known| known == nonce) {
            let why = "this form was sent before, and acted once; open the page again to act another time";
            return Err(Fault::conflict(why.to_owned()));
        }
        if used.len() == REMEMBERED {
            used.pop_front();
        }
        used.push_back(nonce.to_owned());
        Ok(())
    }

    fn sum(&self, session: &str, action: &str, nonce: &str, until: u64) -> String {
        // Each part has its length before it, so that no two inputs read the same.
        let text = format!("{}:{session}{}:{action}{}:{nonce}{until}", session.len(), action.len(), nonce.len());
        HEXLOWER.encode(&hmac_sha256::HMAC::mac(text.as_bytes(), self.key))
    }
}

/// Returns 32 random bytes.
pub(crate) fn random() -> [u8; 32] {
    // Each has 122 random bits of the system.
    let parts = [uuid::Uuid::new_v4(), uuid::Uuid::new_v4(), uuid::Uuid::new_v4()];
    hmac_sha256::Hash::hash(&parts.map(uuid::Uuid::into_bytes).concat())
}

/// Compares two texts in a time that does not depend on where they differ.
pub(crate) fn is_same(left: &str, right: &str) -> bool {
    hmac_sha256::Hash::hash(left.as_bytes())
        .iter()
        .zip(hmac_sha256::Hash::hash(right.as_bytes()))
        .fold(0, |difference, (left, right)| difference | (left ^ right))
        == 0
}
