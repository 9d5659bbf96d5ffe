//! How users prove who they are: passwords, sessions, keys, and identities that others vouch for.

use super::Asked;
use crate::model::{
    ApiKey, Digest, GroupId, KeyActor, NewUser, RefreshDigests, Scope, Session, SessionId, Timestamp, User,
    UserId,
};

/// Passwords, sessions, keys and outside identities. Asked at log-in and when a token is seen for the first time, never
/// per message.
pub trait Accounts: Send + Sync + 'static {
    /// A user and the hash of their password. An erased user has none of either.
    fn credentials<'a>(&'a self, login: Login<'a>) -> Asked<'a, Option<Credentials>>;

    /// Gives the user another password, and ends their sessions but `kept`. Answers those that ended.
    ///
    /// # Errors
    /// `StoreError::Missing` if there is no such user.
    fn set_password(&self, user: UserId, hash: String, kept: Option<SessionId>) -> Asked<'_, Vec<SessionId>>;

    /// Replaces the hash of an unchanged password: does nothing if the hash is not `old` any more.
    fn replace_hash(&self, user: UserId, old: String, new: String) -> Asked<'_, ()>;

    /// Gives the user another address.
    ///
    /// # Errors
    /// `StoreError::Taken` with [`Unique::Email`](super::Unique::Email), `StoreError::Missing`.
    fn set_email<'a>(&'a self, user: UserId, email: &'a str) -> Asked<'a, ()>;

    /// Makes the user an admin of the server, or no longer.
    ///
    /// # Errors
    /// `StoreError::Missing`.
    fn set_admin(&self, user: UserId, is_admin: bool) -> Asked<'_, ()>;

    /// Makes the user no admin of the server any more, who may be none; `false` if nobody else would be one. Of two who
    /// take it from each other one stays.
    ///
    /// # Errors
    /// `StoreError::Missing`.
    fn take_admin(&self, user: UserId) -> Asked<'_, bool>;

    /// Creates a user who is an admin, if nobody is one yet; `None` if somebody is.
    ///
    /// # Errors
    /// Those of [`Directory::create_user`](super::Directory::create_user).
    fn create_first_admin(&self, user: NewUser) -> Asked<'_, Option<User>>;

    /// Whether there is an admin of the server.
    fn has_admin(&self) -> Asked<'_, bool>;

    /// Users in ascending order of `id`, those above `after`, without the erased, at most
    /// [`PAGE_ROWS_MAX`](crate::model::limits::PAGE_ROWS_MAX) or `limit` of them, whichever is less.
    fn users(&self, after: UserId, limit: u64) -> Asked<'_, Vec<User>>;

    /// Users whose name begins with `prefix` in any case (Unicode's simple lower case as the database has it), in the
    /// order of their names, without the erased; at most `limit` of them.
    fn search_users<'a>(&'a self, prefix: &'a str, limit: u64) -> Asked<'a, Vec<User>>;

    /// Erases a user: name and address become `deleted-<id>`, the password fits nothing, sessions, keys, outside
    /// identities, memberships, bans and mutes of theirs go; groups they own get the oldest admin, else the oldest
    /// member, as owner. With `with_messages` the contents of their messages become empty. `None` if there is no such
    /// user, or none any more.
    fn erase_user(&self, user: UserId, with_messages: bool) -> Asked<'_, Option<Erased>>;

    /// Begins a session. Of a user with [`SESSIONS_MAX`](crate::model::limits::SESSIONS_MAX) others the one that was
    /// renewed longest ago ends, and is answered. Sessions that ran out by `session.created_at` are cleared away.
    ///
    /// # Errors
    /// `StoreError::Missing` if there is no such user; `StoreError::Refused` if the number is in use.
    fn start_session(&self, session: Session, digests: RefreshDigests) -> Asked<'_, Vec<SessionId>>;

    /// The session of this number, if it has not ended. It may have run out.
    fn session(&self, id: SessionId) -> Asked<'_, Option<Session>>;

    /// Which of these have not ended, in the same order.
    fn live_sessions(&self, ids: Vec<SessionId>) -> Asked<'_, Vec<bool>>;

    /// The user's sessions that have not ended, the one renewed last first.
    fn sessions(&self, user: UserId) -> Asked<'_, Vec<Session>>;

    /// Spends a refresh token: if `spent.current` is the session's, `next` takes its place. If it is not, but
    /// `spent.family` is, it was spent before, and the session ends here and now. One of several who come with the same
    /// token renews.
    fn renew_session(&self, renewal: Renewal) -> Asked<'_, Renewed>;

    /// Ends a session, one of this user's if one is named; `false` if there is none such.
    fn end_session(&self, id: SessionId, of: Option<UserId>) -> Asked<'_, bool>;

    /// Creates a key.
    ///
    /// # Errors
    /// `StoreError::Taken` with [`Unique::KeyName`](super::Unique::KeyName), `StoreError::Missing` if there is no such
    /// user.
    fn create_key(&self, key: NewKey) -> Asked<'_, ApiKey>;

    /// The key with this secret.
    fn key(&self, digest: Digest) -> Asked<'_, Option<ApiKey>>;

    /// All keys in ascending order of `name`; at most 10,000.
    fn keys(&self) -> Asked<'_, Vec<ApiKey>>;

    /// Takes a key back; answers the hash of its secret, `None` if there is none of this name.
    fn revoke_key<'a>(&'a self, name: &'a str) -> Asked<'a, Option<Digest>>;

    /// The user whom an outside issuer knows as `subject`.
    fn outside_user<'a>(&'a self, issuer: &'a str, subject: &'a str) -> Asked<'a, Option<User>>;

    /// Creates a user for an outside identity, or answers the one that somebody else has just created for it.
    ///
    /// # Errors
    /// `StoreError::Taken` as of [`Directory::create_user`](super::Directory::create_user).
    fn create_outside_user(&self, issuer: String, subject: String, user: NewUser) -> Asked<'_, User>;

    /// Notes that a token of an outside issuer counts no more. Notes of tokens that ran out by `now` are cleared away.
    fn end_token(&self, token: Digest, expires_at: Timestamp, now: Timestamp) -> Asked<'_, ()>;

    /// Whether that was noted.
    fn is_token_ended(&self, token: Digest) -> Asked<'_, bool>;

    /// The secret under which access tokens are signed: the one that is kept, or `fresh`, which is kept from now on.
    fn signing_secret(&self, fresh: String) -> Asked<'_, String>;

    /// Counts the changes that were made beside the server, see [`note_change`](Self::note_change).
    fn changes(&self) -> Asked<'_, i64>;

    /// Tells the server that works on this database that something was changed beside it.
    fn note_change(&self) -> Asked<'_, ()>;
}

/// What a user is looked up by to log in.
#[derive(Clone, Copy, Debug)]
pub enum Login<'a> {
    /// By name, compared byte by byte.
    Username(&'a str),
    /// By address, normalised.
    Email(&'a str),
    /// By number.
    Id(UserId),
}

/// A user and what their password is checked against.
#[derive(Clone)]
pub struct Credentials {
    /// The user.
    pub user: User,
    /// The password's hash.
    pub password_hash: String,
}

/// What went with an erased user.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Erased {
    /// Sessions that ended.
    pub sessions: Vec<SessionId>,
    /// Groups that they belonged to.
    pub groups: Vec<GroupId>,
    /// Who owns groups from now on that they owned.
    pub heirs: Vec<(GroupId, UserId)>,
}

/// A refresh token that is spent, and the one that takes its place.
#[derive(Clone, Debug)]
pub struct Renewal {
    /// The session.
    pub id: SessionId,
    /// Of the token that is spent.
    pub spent: RefreshDigests,
    /// Of the token that takes its place.
    pub next: Digest,
    /// When.
    pub at: Timestamp,
    /// When the session ends from now on unless it is renewed again.
    pub expires_at: Timestamp,
}

/// What came of a renewal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Renewed {
    /// The next token holds.
    Yes(Session),
    /// The token was spent before. The session has ended.
    Reused,
    /// There is no such session, it ran out, or the token was never one of its.
    No,
}

/// What it takes to create a key.
#[derive(Clone)]
pub struct NewKey {
    /// See [`ApiKey::name`].
    pub name: String,
    /// Of its secret.
    pub digest: Digest,
    /// See [`ApiKey::scope`].
    pub scope: Scope,
    /// See [`ApiKey::actor`].
    pub actor: KeyActor,
    /// When.
    pub created_at: Timestamp,
}
