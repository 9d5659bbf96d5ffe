//! What admins of the server see.

mod group;
mod key;
mod session;
mod setting;
mod status;
mod user;

pub(in crate::http) use group::GroupRow;
pub(in crate::http) use key::{KeyRow, NewKeyRow};
pub(in crate::http) use session::SessionRow;
pub(in crate::http) use setting::SettingRow;
pub(in crate::http) use status::StatusView;
pub(in crate::http) use user::{RankedUser, UserRow};
