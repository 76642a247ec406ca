//! What can come to a run from outside, by the word that stands in a database.

/// What an item of an inbox is.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum InboxKind {
    /// The run is to end.
    Cancel,
    /// The run is to stand still.
    Pause,
    /// The run is to go on.
    Resume,
    /// A message on a channel.
    Message,
    /// The answer to a request.
    Answer,
    /// A run that this one waits for has ended.
    Ended,
    /// A word that this version does not know: what a newer one has sent stays where it is.
    Unknown(String),
}

impl InboxKind {
    /// The word that stands for it in a database.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::Cancel => "cancel",
            Self::Pause => "pause",
            Self::Resume => "resume",
            Self::Message => "message",
            Self::Answer => "answer",
            Self::Ended => "ended",
            Self::Unknown(word) => word,
        }
    }

    /// What a word of a database stands for.
    #[must_use]
    pub fn from_word(word: &str) -> Self {
        [Self::Cancel, Self::Pause, Self::Resume, Self::Message, Self::Answer, Self::Ended]
            .into_iter()
            .find(|kind| kind.as_str() == word)
            .unwrap_or_else(|| Self::Unknown(word.to_owned()))
    }

    /// Whether it goes to the run that takes the place of its own: what others have told it does, the ends of its children
    /// it asks for anew.
    pub(crate) const fn moves_on(&self) -> bool {
        match self {
            Self::Cancel | Self::Pause | Self::Resume | Self::Message | Self::Answer => true,
            Self::Ended | Self::Unknown(_) => false,
        }
    }

    /// Whether a paused run takes it: it changes whether the run stands still.
    pub(crate) const fn reaches_paused(&self) -> bool {
        match self {
            Self::Cancel | Self::Pause | Self::Resume => true,
            Self::Message | Self::Answer | Self::Ended | Self::Unknown(_) => false,
        }
    }
}
