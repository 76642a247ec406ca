//! Kinds of inbox items, by their word in a database.

/// The kind of an inbox item.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum InboxKind {
    /// A cancellation of the run.
    Cancel,
    /// A pause of the run.
    Pause,
    /// A resume of the run.
    Resume,
    /// A message on a channel.
    Message,
    /// The answer to a request.
    Answer,
    /// The end of a run that this one waits for.
    Ended,
    /// The outcome of an attempt that ran in another process.
    Attempt,
    /// A write of such an attempt before its end.
    Wrote,
    /// A word of a newer version; such an item stays in the inbox.
    Unknown(String),
}

impl InboxKind {
    /// Returns its word in a database.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::Cancel => "cancel",
            Self::Pause => "pause",
            Self::Resume => "resume",
            Self::Message => "message",
            Self::Answer => "answer",
            Self::Ended => "ended",
            Self::Attempt => "attempt",
            Self::Wrote => "wrote",
            Self::Unknown(word) => word,
        }
    }

    /// Returns the kind of a word in a database.
    #[must_use]
    pub fn from_word(word: &str) -> Self {
        const KNOWN: [InboxKind; 8] = [
            InboxKind::Cancel,
            InboxKind::Pause,
            InboxKind::Resume,
            InboxKind::Message,
            InboxKind::Answer,
            InboxKind::Ended,
            InboxKind::Attempt,
            InboxKind::Wrote,
        ];
        KNOWN.into_iter().find(|kind| kind.as_str() == word).unwrap_or_else(|| Self::Unknown(word.to_owned()))
    }

    /// Returns whether it moves to the successor of its run: items from others do, but the ends of children are watched
    /// anew, and steps are called anew.
    pub(crate) const fn moves_on(&self) -> bool {
        match self {
            Self::Cancel | Self::Pause | Self::Resume | Self::Message | Self::Answer => true,
            Self::Ended | Self::Attempt | Self::Wrote | Self::Unknown(_) => false,
        }
    }

    /// Returns whether a run that waits for room in a queue takes it without: it pauses or ends the run.
    pub(crate) const fn needs_no_room(&self) -> bool {
        match self {
            Self::Cancel | Self::Pause => true,
            Self::Resume
            | Self::Message
            | Self::Answer
            | Self::Ended
            | Self::Attempt
            | Self::Wrote
            | Self::Unknown(_) => false,
        }
    }

    /// Returns whether a run with these items needs no room in a queue to take them: they pause or end it. One that is
    /// resumed, too, goes on.
    pub(crate) fn need_no_room<'a>(items: impl Iterator<Item = &'a Self>) -> bool {
        let (mut pauses, mut resumes) = (false, false);
        for kind in items {
            match kind {
                Self::Cancel => return true,
                Self::Pause => pauses = true,
                Self::Resume => resumes = true,
                Self::Message | Self::Answer | Self::Ended | Self::Attempt | Self::Wrote | Self::Unknown(_) => {}
            }
        }
        pauses && !resumes
    }

    /// Returns whether a paused run takes it: it pauses, resumes or ends the run.
    pub(crate) const fn reaches_paused(&self) -> bool {
        match self {
            Self::Cancel | Self::Pause | Self::Resume => true,
            Self::Message | Self::Answer | Self::Ended | Self::Attempt | Self::Wrote | Self::Unknown(_) => false,
        }
    }
}
