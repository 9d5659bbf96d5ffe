//! What senders do.

use crate::content::Key;
use crate::ids::MessageId;

/// What a sender does to the log of its group. Other messages are named by who sent them as which of theirs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Action {
    /// Sends a message.
    Send {
        /// The message that it answers.
        reply_to: Option<Key>,
    },
    /// Gives a message of its own another content.
    Edit {
        /// The message.
        of: Key,
    },
    /// Takes the content of a message of its own away.
    Delete {
        /// The message.
        of: Key,
    },
    /// Reacts to anybody's message, or takes that back.
    React {
        /// The message.
        of: Key,
        emoji: Emoji,
        /// Whether the reaction comes.
        on: bool,
    },
}

impl Action {
    /// The message that it changes, if it is no message itself.
    pub(crate) fn changes(self) -> Option<Key> {
        match self {
            Self::Send { .. } => None,
            Self::Edit { of } | Self::Delete { of } | Self::React { of, .. } => Some(of),
        }
    }
}

/// An action as it is asked for, with the numbers that the server gave the messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Request {
    Send { reply_to: Option<MessageId> },
    Edit { message: MessageId },
    Delete { message: MessageId },
    React { message: MessageId, emoji: Emoji, on: bool },
}

/// One of the reactions that are used here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Emoji(u8);

/// Of one to seven bytes; the third and the fourth look alike and are not the same.
const EMOJIS: [&str; 4] = ["+", "❤️", "é", "e\u{301}"];

impl Emoji {
    /// How many there are.
    pub(crate) const COUNT: usize = EMOJIS.len();

    /// The one with this number, counted round and round.
    pub(crate) fn new(number: usize) -> Self {
        Self((number % Self::COUNT) as u8)
    }

    pub(crate) fn text(self) -> &'static str {
        EMOJIS[usize::from(self.0) % Self::COUNT]
    }

    /// Which of them the server shows.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        EMOJIS.iter().position(|emoji| *emoji == text).map(Self::new)
    }
}
