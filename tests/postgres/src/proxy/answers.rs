//! Which answer of the server belongs to which message of the client.
//!
//! The server answers each query and each `Sync` with one `ReadyForQuery`, in order, and sends one more when a
//! connection begins. So the answers between two of them belong to the messages between two queries or `Sync`s, also if
//! a client sends many before it reads.

use super::frames::texts;
use std::collections::BTreeMap;

/// The messages and answers of one connection, counted.
#[derive(Debug, Default)]
pub(super) struct Answers {
    /// The texts of prepared statements by name.
    statements: BTreeMap<String, String>,
    /// The number of queries and `Sync`s that the client has sent.
    asked: u64,
    /// The number of `ReadyForQuery`s that the server has sent.
    ready: u64,
    /// The value of `ready` while the answer comes that gets lost.
    lost: Option<u64>,
    /// The number of requests for encryption that are not answered.
    pub(super) encryptions: u32,
}

impl Answers {
    /// Notes a message of the client. Returns the text that it executes, if any.
    pub(super) fn sent(&mut self, kind: u8, message: &[u8]) -> Option<String> {
        let mut texts = texts(message);
        match kind {
            b'P' => {
                self.statements.insert(texts.next()?, texts.next()?);
                None
            }
            // A portal, then a statement.
            b'B' => self.statements.get(&texts.nth(1)?).cloned(),
            b'Q' => texts.next(),
            _ => None,
        }
    }

    /// Loses the answer to the message that is about to be sent.
    pub(super) fn lose(&mut self) {
        // The answers to the first group come after the `ReadyForQuery` of the startup.
        self.lost = Some(self.asked + 1);
    }

    /// Notes that a message of the client was complete.
    pub(super) fn counted(&mut self, kind: u8) {
        self.asked += u64::from(matches!(kind, b'Q' | b'S' | b'F'));
    }

    /// Notes a message of the server, and returns its fate.
    pub(super) fn received(&mut self, kind: u8) -> Fate {
        let is_lost = self.lost == Some(self.ready);
        let is_end = kind == b'Z';
        self.ready += u64::from(is_end);
        match (is_lost, is_end) {
            (false, _) => Fate::Passed,
            (true, false) => Fate::Lost,
            (true, true) => Fate::LostAndCut,
        }
    }
}

/// The fate of a message of the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    Passed,
    Lost,
    /// The last of a lost answer: the server has executed the message.
    LostAndCut,
}

#[cfg(test)]
mod tests {
    use super::{Answers, Fate};

    /// Sends messages of a client, and loses the answer to the text `wanted`.
    fn send(answers: &mut Answers, wanted: &str, messages: &[(u8, &str)]) {
        for (kind, body) in messages {
            let message = [&[*kind, 0, 0, 0, 0], body.as_bytes()].concat();
            if answers.sent(*kind, &message).is_some_and(|text| text == wanted) {
                answers.lose();
            }
            answers.counted(*kind);
        }
    }

    fn receive(answers: &mut Answers, kinds: &[u8]) -> Vec<Fate> {
        kinds.iter().map(|kind| answers.received(*kind)).collect()
    }

    #[test]
    fn a_prepared_statement_is_lost_when_it_is_executed() {
        let mut answers = Answers::default();
        assert_eq!(receive(&mut answers, b"RZ"), [Fate::Passed; 2]);
        send(&mut answers, "commit", &[(b'P', "s1\0commit\0"), (b'D', "Ss1\0"), (b'S', "")]);
        assert_eq!(receive(&mut answers, b"1tnZ"), [Fate::Passed; 4]);
        send(&mut answers, "commit", &[(b'B', "\0s1\0"), (b'E', "\0"), (b'S', "")]);
        assert_eq!(receive(&mut answers, b"2CZ"), [Fate::Lost, Fate::Lost, Fate::LostAndCut]);
    }

    #[test]
    fn answers_to_earlier_messages_pass() {
        let mut answers = Answers::default();
        send(&mut answers, "commit", &[(b'Q', "select 1\0"), (b'Q', "begin\0"), (b'Q', "commit\0"), (b'Q', "begin\0")]);
        assert_eq!(receive(&mut answers, b"RZTDCZCZ"), [Fate::Passed; 8]);
        assert_eq!(receive(&mut answers, b"CZ"), [Fate::Lost, Fate::LostAndCut]);
    }
}
