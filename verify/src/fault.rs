//! What can be wrong, and how often it was.

/// A kind of fault. None of them may ever occur.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// A message or change was acked and is not stored.
    Lost,
    /// A message or change was seen and is not stored.
    NotStored,
    /// A message or change is stored or was shown under two places, or was given two places by its acks.
    Duplicated,
    /// A socket was shown an earlier place after a later one, or what a sender did is stored in another order than
    /// it was sent.
    Reordered,
    /// A place is missing from what is stored, or from what a subscription was shown.
    Hole,
    /// A message or change has not the content, sender, group or numbers that it had elsewhere, or nobody made it.
    Altered,
    /// A message was shown with a content that it had no longer when that was asked for.
    Outdated,
    /// A message is not in the end what those who were acked made of it, or is not the same for all who look: its
    /// content, whether it was edited or deleted, its reactions or replies.
    Apart,
    /// A message or change is stored, and a receiver that asked for everything never saw it.
    Unseen,
    /// An ack came far too late, from a server that had no trouble itself.
    Late,
    /// A server says that others are there than those who are, long after the last trouble.
    Presence,
    /// An answer or event that a right client does not expect: a refusal, a frame that cannot be read.
    Unexpected,
}

impl Fault {
    /// All of them, in the order of the report.
    pub(crate) const ALL: [Self; 12] = [
        Self::Lost,
        Self::NotStored,
        Self::Duplicated,
        Self::Reordered,
        Self::Hole,
        Self::Altered,
        Self::Outdated,
        Self::Apart,
        Self::Unseen,
        Self::Late,
        Self::Presence,
        Self::Unexpected,
    ];

    /// Its name in the report.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Lost => "acked but lost",
            Self::NotStored => "seen but not stored",
            Self::Duplicated => "duplicated",
            Self::Reordered => "reordered",
            Self::Hole => "holes in seq",
            Self::Altered => "altered",
            Self::Outdated => "outdated content",
            Self::Apart => "states that differ",
            Self::Unseen => "stored but never seen",
            Self::Late => "acks far too late",
            Self::Presence => "wrong presence",
            Self::Unexpected => "unexpected answers",
        }
    }
}

/// Faults told one by one; further ones are only counted.
const EXAMPLES_MAX: usize = 20;
/// Where an example is cut off, for it may quote a long message.
const EXAMPLE_CHARS_MAX: usize = 240;

/// The faults found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Faults {
    counts: [u64; Fault::ALL.len()],
    examples: Vec<String>,
}

impl Faults {
    /// Notes one.
    pub(crate) fn add(&mut self, fault: Fault, example: impl FnOnce() -> String) {
        self.add_many(fault, 1, example);
    }

    /// Notes several of a kind, which have one example.
    pub(crate) fn add_many(&mut self, fault: Fault, count: u64, example: impl FnOnce() -> String) {
        self.counts[fault as usize] += count;
        if self.examples.len() < EXAMPLES_MAX {
            let told = format!("{}: {}", fault.name(), example());
            self.examples.push(told.chars().take(EXAMPLE_CHARS_MAX).collect());
        }
    }

    /// How many of a kind there are.
    pub(crate) fn count(&self, fault: Fault) -> u64 {
        self.counts[fault as usize]
    }

    /// How many there are.
    pub(crate) fn total(&self) -> u64 {
        self.counts.iter().sum()
    }

    /// The first ones, as sentences.
    pub(crate) fn examples(&self) -> &[String] {
        &self.examples
    }
}
