//! The hash that a content is known by.

use crate::panics;
use bytes::Bytes;
use data_encoding::HEXLOWER;
use tokio::task::spawn_blocking;

/// From this size on (bytes) hashing takes longer than it takes to hand it to another thread.
const LARGE: usize = 256 * 1024;

/// The SHA-256 of a content as 64 hexadecimal digits in lower case.
///
/// It takes about 5 ms for each megabyte.
#[must_use]
pub(crate) fn content_hash(bytes: &[u8]) -> String {
    HEXLOWER.encode(&hmac_sha256::Hash::hash(bytes))
}

/// The same for contents of any size, without holding up the executor. The bytes are shared, not copied.
pub(crate) async fn content_hash_apart(bytes: Bytes) -> String {
    if bytes.len() < LARGE {
        return content_hash(&bytes);
    }
    let again = bytes.clone();
    // An executor that shuts down does no more; and tokio panics if the system gives no thread.
    match panics::caught(|| spawn_blocking(move || content_hash(&bytes))) {
        Ok(task) => task.await.unwrap_or_else(|_| content_hash(&again)),
        Err(_) => content_hash(&again),
    }
}
