//! Compiler messages, put together in constants.

/// A message that is being put together.
pub(super) struct Text {
    bytes: [u8; Self::MOST],
    length: usize,
}

impl Text {
    const MOST: usize = 2_048;

    pub(super) const fn new() -> Self {
        Self { bytes: [0; Self::MOST], length: 0 }
    }

    /// Appends text, truncated at `MOST` bytes.
    pub(super) const fn add(mut self, words: &str) -> Self {
        let words = words.as_bytes();
        let mut index = 0;
        while index < words.len() && self.length < Self::MOST {
            self.bytes[self.length] = words[index];
            self.length += 1;
            index += 1;
        }
        self
    }

    /// Stops the compiler with this message, at the place of the caller.
    #[track_caller]
    pub(super) const fn fail(&self) -> ! {
        match std::str::from_utf8(self.bytes.split_at(self.length).0) {
            Ok(text) => panic!("{}", text),
            Err(_) => panic!("this graph does not hold together"),
        }
    }
}
