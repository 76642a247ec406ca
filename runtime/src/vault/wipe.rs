//! Overwrites buffers that held a secret: as far as the cipher's crates can, and only with them.

use bytes::Bytes;

/// Overwrites a buffer.
#[cfg(feature = "encryption")]
pub(crate) fn wipe(mut buffer: Vec<u8>) {
    zeroize::Zeroize::zeroize(&mut buffer);
}

/// Overwrites a buffer, unless it is shared.
#[cfg(feature = "encryption")]
pub(crate) fn wipe_shared(buffer: Bytes) {
    if let Ok(mut buffer) = buffer.try_into_mut() {
        zeroize::Zeroize::zeroize(buffer.as_mut());
    }
}

/// Does nothing: without a cipher there is no secret to overwrite.
#[cfg(not(feature = "encryption"))]
pub(crate) fn wipe(_: Vec<u8>) {}

/// Does nothing: without a cipher there is no secret to overwrite.
#[cfg(not(feature = "encryption"))]
pub(crate) fn wipe_shared(_: Bytes) {}
