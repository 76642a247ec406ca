//! Splits one direction of a connection into the messages of Postgres's protocol.

/// The codes of requests that come before a startup message, and are answered by one byte without a length: encryption
/// by TLS or GSSAPI.
const ENCRYPTION: [u32; 2] = [80_877_103, 80_877_104];

/// The code of a request that cancels a query of another connection.
const CANCEL: u32 = 80_877_102;

/// A part of the stream that is passed on as a whole.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Frame {
    /// A message with its type.
    Message(u8),
    /// A first message of a client, or the answer to a request for encryption.
    Untyped,
    /// A request for encryption.
    Encryption,
}

/// The bytes that are received and not yet taken.
#[derive(Debug, Default)]
pub(super) struct Frames {
    bytes: Vec<u8>,
    /// The messages of a client have a type after its startup message.
    is_started: bool,
}

impl Frames {
    pub(super) fn of_client() -> Self {
        Self::default()
    }

    pub(super) fn of_server() -> Self {
        Self { is_started: true, ..Self::default() }
    }

    pub(super) fn push(&mut self, bytes: &[u8]) {
        self.bytes.extend(bytes);
    }

    /// Takes the next message if all of it is there.
    pub(super) fn take(&mut self) -> Option<(Frame, Vec<u8>)> {
        let typed = usize::from(self.is_started);
        let length = u32_at(&self.bytes, typed)?;
        let end = typed + usize::try_from(length).ok()?.max(4);
        if self.bytes.len() < end {
            return None;
        }
        let frame = if self.is_started {
            Frame::Message(self.bytes[0])
        } else {
            let code = u32_at(&self.bytes, 4)?;
            self.is_started = code != CANCEL && !ENCRYPTION.contains(&code);
            if ENCRYPTION.contains(&code) { Frame::Encryption } else { Frame::Untyped }
        };
        Some((frame, self.bytes.drain(..end).collect()))
    }

    /// Takes the one byte that refuses encryption, if that is the next.
    pub(super) fn take_refusal(&mut self) -> Option<(Frame, Vec<u8>)> {
        (self.bytes.first() == Some(&b'N')).then(|| (Frame::Untyped, self.bytes.drain(..1).collect()))
    }
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_be_bytes(*bytes.get(at..)?.first_chunk()?))
}

/// Returns the texts of a message that end with a zero byte, without its type and length.
pub(super) fn texts(message: &[u8]) -> impl Iterator<Item = String> + '_ {
    let body = message.get(5..).unwrap_or_default();
    body.split(|byte| *byte == 0).map(|text| String::from_utf8_lossy(text).into_owned())
}
