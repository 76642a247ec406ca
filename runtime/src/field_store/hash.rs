//! The hash that identifies a content.

use crate::panics;
use bytes::Bytes;
use data_encoding::HEXLOWER;
use tokio::task::spawn_blocking;

/// The size in bytes from which on hashing takes longer than handing it to another thread.
const LARGE: usize = 256 * 1024;

/// Returns the SHA-256 of a content as 64 lowercase hexadecimal digits.
///
/// It takes about 5 ms per megabyte.
#[must_use]
pub(crate) fn content_hash(bytes: &[u8]) -> String {
    HEXLOWER.encode(&hmac_sha256::Hash::hash(bytes))
}

/// Returns the hash of a content of any size without blocking the executor. The bytes are shared, not copied.
pub(crate) async fn content_hash_apart(bytes: Bytes) -> String {
    if bytes.len() < LARGE {
        return content_hash(&bytes);
    }
    let again = bytes.clone();
    // A runtime that shuts down runs no more tasks, and tokio panics if the system has no thread left.
    match panics::caught(|| spawn_blocking(move || content_hash(&bytes))) {
        Ok(task) => task.await.unwrap_or_else(|_| content_hash(&again)),
        Err(_) => content_hash(&again),
    }
}
