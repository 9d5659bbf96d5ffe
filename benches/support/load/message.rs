//! What the load client says: who sent it and which of the sender's messages it is.

/// The identity of a message.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Message {
    pub(crate) group: usize,
    /// The publisher's number in its group.
    pub(crate) publisher: usize,
    /// 0 for the first of a publisher.
    pub(crate) counter: usize,
}

/// Length of the content of a message, unless it is padded.
pub(crate) const BYTES: usize = 64;

/// The content by which a socket learns that it hears its group.
pub(crate) const PROBE: &[u8] = b"?";

const GROUP_DIGITS: usize = 6;
const PUBLISHER_DIGITS: usize = 4;
const COUNTER_DIGITS: usize = 9;

impl Message {
    /// The content that says this, `bytes` long, which is [`BYTES`] or more.
    pub(crate) fn content(self, bytes: usize) -> String {
        let Message { group, publisher, counter } = self;
        let identity =
            format!("#{group:0GROUP_DIGITS$}{publisher:0PUBLISHER_DIGITS$}{counter:0COUNTER_DIGITS$}");
        format!("{identity:.<bytes$}")
    }

    /// Reads what starts with such a content; `None` if it is something else, such as a join line.
    pub(crate) fn parse(content: &[u8]) -> Option<Message> {
        let content = content.first_chunk::<BYTES>()?;
        if content[0] != b'#' {
            return None;
        }
        let (group, rest) = content[1..].split_at(GROUP_DIGITS);
        let (publisher, rest) = rest.split_at(PUBLISHER_DIGITS);
        let counter = &rest[..COUNTER_DIGITS];
        Some(Message { group: number(group), publisher: number(publisher), counter: number(counter) })
    }
}

fn number(digits: &[u8]) -> usize {
    digits.iter().fold(0, |number, digit| number * 10 + usize::from(digit.wrapping_sub(b'0')))
}
