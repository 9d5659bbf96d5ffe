//! Bounds of names and contents that hold whatever the configuration says.

/// Longest user name, in characters (Unicode scalar values), as in the original's schema.
pub const USERNAME_CHARS_MAX: usize = 50;

/// Longest e-mail address, in characters, as in the original's schema.
pub const EMAIL_CHARS_MAX: usize = 100;

/// Longest group name, in characters.
pub const GROUP_NAME_CHARS_MAX: usize = 100;

/// Longest topic of a group, in characters.
pub const TOPIC_CHARS_MAX: usize = 250;

/// Longest reason of a ban, in characters.
pub const REASON_CHARS_MAX: usize = 250;

/// Longest name of an API key, in characters.
pub const KEY_NAME_CHARS_MAX: usize = 50;

/// Sessions that one user may have; one more ends the one that was renewed longest ago.
pub const SESSIONS_MAX: usize = 100;

/// Sockets that may speak by one session, key or token of an outside issuer.
pub const GRANT_SOCKETS_MAX: usize = 100_000;

/// Members that one message can mention by naming everybody.
pub const MENTIONED_MAX: usize = 10_000;

/// Unread messages, and mentions among them, up to which they are counted exactly; it stands for more too.
pub const UNREAD_MAX: u64 = 1_000;

/// Longest reaction, in bytes of UTF-8.
pub const EMOJI_BYTES_MAX: usize = 64;

/// Different reactions that one message may have.
pub const EMOJIS_MAX: usize = 50;

/// Longest password, in bytes of UTF-8; hashing a longer one only burns time.
pub const PASSWORD_BYTES_MAX: usize = 1024;

/// Members a private group can have.
pub const PRIVATE_MEMBERS_MAX: usize = 2;

/// Longest `client_id`, in bytes of UTF-8.
pub const CLIENT_ID_BYTES_MAX: usize = 64;

/// Longest `id` of a request on a socket, in bytes of UTF-8.
pub const REQUEST_ID_BYTES_MAX: usize = 64;

/// Longest message content unless configured otherwise, in bytes of UTF-8 after unescaping.
pub const CONTENT_BYTES_MAX_DEFAULT: usize = 1024 * 1024;

/// Messages that one search gives.
pub const FOUND_MAX: u64 = 100;

/// Users that one search gives.
pub const FOUND_USERS_MAX: u64 = 100;

/// Rows that one question to the store may bring. Longer lists are read in pages of this size, so a list
/// of any length takes a bounded amount of memory.
pub const PAGE_ROWS_MAX: usize = 500;

/// Users, groups or sessions in one page of a list for admins of the server.
pub const OVERVIEW_ROWS_MAX: usize = 100;

/// Contents that one page of messages may bring, in bytes of UTF-8: a page ends with the message that reaches
/// this. By count alone a page of the longest messages could take half a gigabyte.
pub const PAGE_BYTES_MAX: usize = 4 * 1024 * 1024;

/// Shortest time that a group's own rule may keep entries, in seconds.
pub const RETAIN_SECONDS_MIN: u64 = 60;

/// Longest time that a rule may keep entries, in seconds: 100 years of 365 days.
pub const RETAIN_SECONDS_MAX: u64 = 36_500 * 86_400;

/// Most messages that a rule may keep.
pub const RETAIN_MESSAGES_MAX: u32 = 1_000_000_000;
