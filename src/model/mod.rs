//! What the chat is about: users, groups, messages, and the limits they live in.
//!
//! Plain values. Nothing here does I/O, reads a clock or knows a wire format.

mod access;
mod annotations;
mod change;
mod entry;
mod group;
mod ids;
pub mod limits;
mod member_state;
pub mod mention;
mod message;
mod rate;
mod retention;
mod role;
mod setting;
mod timestamp;
mod unread;
mod user;
mod validity;

pub use access::{ApiKey, Digest, KeyActor, RefreshDigests, Scope, Session, SessionId};
pub use annotations::{Annotations, ReactionCount};
pub use change::{Change, ChangeKind, MemberChange, Mentions, MessageKey};
pub use entry::Entry;
pub use group::Group;
pub use ids::{GroupId, MessageId, NodeId, Seq, UserId};
pub use member_state::MemberState;
pub use message::{Message, MessageDetails, NewEntry, NewEntryKind};
pub use rate::Rate;
pub use retention::RetentionRule;
pub use role::{JoinPolicy, Removal, Role, Standing};
pub use setting::Setting;
pub use timestamp::Timestamp;
pub use unread::{ReadMark, Unread};
pub use user::{NewUser, User};
pub use validity::Validity;
