//! Numbering and group commit of messages.
