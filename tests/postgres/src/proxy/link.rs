//! One connection through a proxy: a thread for each direction.

use super::answers::{Answers, Fate};
use super::frames::{Frame, Frames};
use super::switches::Switches;
use crate::stream::Stream;
use std::io::{Read as _, Write as _};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Both ends of a connection.
#[derive(Debug)]
pub(super) struct Link {
    client: Stream,
    server: Stream,
    is_cut: AtomicBool,
    answers: Mutex<Answers>,
}

impl Link {
    pub(super) fn new(client: Stream, server: Stream) -> Arc<Self> {
        Arc::new(Self { client, server, is_cut: AtomicBool::new(false), answers: Mutex::default() })
    }

    /// Closes both ends. What was read and not passed on is lost.
    pub(super) fn cut(&self) {
        self.is_cut.store(true, Ordering::SeqCst);
        self.client.cut();
        self.server.cut();
    }

    pub(super) fn is_cut(&self) -> bool {
        self.is_cut.load(Ordering::SeqCst)
    }

    fn answers(&self) -> MutexGuard<'_, Answers> {
        self.answers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Passes on the messages of the client, until either end is closed.
    pub(super) fn pass_up(&self, switches: &Switches) {
        let mut frames = Frames::of_client();
        self.pass(&self.client, &self.server, switches, |chunk, server| {
            frames.push(chunk);
            while let Some((frame, message)) = frames.take() {
                self.note(&frame, &message, switches);
                let limit = switches.limit(message.len());
                server.write_all(&message[..limit.unwrap_or(message.len())]).ok()?;
                if limit.is_some() {
                    return None;
                }
            }
            Some(())
        });
    }

    fn note(&self, frame: &Frame, message: &[u8], switches: &Switches) {
        let mut answers = self.answers();
        match *frame {
            Frame::Encryption => answers.encryptions += 1,
            Frame::Untyped => {}
            Frame::Message(kind) => {
                if answers.sent(kind, message).is_some_and(|text| switches.loses(&text)) {
                    answers.lose();
                }
                answers.counted(kind);
            }
        }
    }

    /// Passes on the messages of the server, until either end is closed.
    pub(super) fn pass_down(&self, switches: &Switches) {
        let mut frames = Frames::of_server();
        self.pass(&self.server, &self.client, switches, |chunk, client| {
            frames.push(chunk);
            while let Some((frame, message)) = self.take_answer(&mut frames) {
                let fate = match frame {
                    Frame::Message(kind) => self.answers().received(kind),
                    Frame::Untyped | Frame::Encryption => Fate::Passed,
                };
                match fate {
                    Fate::Passed => client.write_all(&message).ok()?,
                    Fate::Lost => {}
                    Fate::LostAndCut => {
                        switches.set(|settings| settings.lost += 1);
                        return None;
                    }
                }
            }
            Some(())
        });
    }

    fn take_answer(&self, frames: &mut Frames) -> Option<(Frame, Vec<u8>)> {
        let mut answers = self.answers();
        if answers.encryptions > 0
            && let Some(refusal) = frames.take_refusal()
        {
            answers.encryptions -= 1;
            return Some(refusal);
        }
        frames.take()
    }

    /// Reads from one end and passes chunks on until `pass_on` returns `None`, then cuts the connection.
    fn pass(
        &self,
        from: &Stream,
        to: &Stream,
        switches: &Switches,
        mut pass_on: impl FnMut(&[u8], &mut Stream) -> Option<()>,
    ) {
        let ends = from.try_clone().and_then(|from| Ok((from, to.try_clone()?)));
        if let Ok((mut from, mut to)) = ends {
            let mut chunk = [0; 16 * 1024];
            while let Ok(length) = from.read(&mut chunk)
                && length > 0
            {
                switches.hold(|| self.is_cut());
                if self.is_cut() || pass_on(&chunk[..length], &mut to).is_none() {
                    break;
                }
            }
        }
        self.cut();
    }
}
