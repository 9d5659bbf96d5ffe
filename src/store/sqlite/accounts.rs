//! What is asked about passwords, sessions, keys and outside identities.

use super::{SqliteStore, admins, credentials, erasure, facts, keys, outside, sessions, users};
use crate::model::{ApiKey, Digest, NewUser, RefreshDigests, Session, SessionId, Timestamp, User, UserId};
use crate::store::{Accounts, Asked, Credentials, Erased, Login, NewKey, Renewal, Renewed};

impl Accounts for SqliteStore {
    fn credentials<'a>(&'a self, login: Login<'a>) -> Asked<'a, Option<Credentials>> {
        let key = match login {
            Login::Username(name) => credentials::Key::Username(name.to_owned()),
            Login::Email(email) => credentials::Key::Email(email.to_owned()),
            Login::Id(id) => credentials::Key::Id(id.0),
        };
        self.read(move |connection| credentials::find(connection, &key))
    }

    fn set_password(&self, user: UserId, hash: String, kept: Option<SessionId>) -> Asked<'_, Vec<SessionId>> {
        self.writer.write(move |connection| credentials::set_password(connection, user, &hash, kept))
    }

    fn replace_hash(&self, user: UserId, old: String, new: String) -> Asked<'_, ()> {
        self.writer.write(move |connection| credentials::replace_hash(connection, user, &old, &new))
    }

    fn set_email<'a>(&'a self, user: UserId, email: &'a str) -> Asked<'a, ()> {
        let email = email.to_owned();
        self.writer.write(move |connection| credentials::set_email(connection, user, &email))
    }

    fn set_admin(&self, user: UserId, is_admin: bool) -> Asked<'_, ()> {
        self.writer.write(move |connection| admins::set(connection, user, is_admin))
    }

    fn take_admin(&self, user: UserId) -> Asked<'_, bool> {
        self.writer.write(move |connection| admins::take(connection, user))
    }

    fn create_first_admin(&self, user: NewUser) -> Asked<'_, Option<User>> {
        self.writer.write(move |connection| admins::create_first(connection, user))
    }

    fn has_admin(&self) -> Asked<'_, bool> {
        self.read(|connection| admins::exists(connection))
    }

    fn users(&self, after: UserId, limit: u64) -> Asked<'_, Vec<User>> {
        self.read(move |connection| users::list(connection, after, limit))
    }

    fn search_users<'a>(&'a self, prefix: &'a str, limit: u64) -> Asked<'a, Vec<User>> {
        let prefix = prefix.to_owned();
        self.read(move |connection| users::search(connection, &prefix, limit))
    }

    fn erase_user(&self, user: UserId, with_messages: bool) -> Asked<'_, Option<Erased>> {
        self.writer.write(move |connection| erasure::erase(connection, user, with_messages))
    }

    fn start_session(&self, session: Session, digests: RefreshDigests) -> Asked<'_, Vec<SessionId>> {
        self.writer.write(move |connection| sessions::start(connection, &session, &digests))
    }

    fn session(&self, id: SessionId) -> Asked<'_, Option<Session>> {
        self.read(move |connection| sessions::by_id(connection, id))
    }

    fn live_sessions(&self, ids: Vec<SessionId>) -> Asked<'_, Vec<bool>> {
        self.read(move |connection| sessions::live(connection, &ids))
    }

    fn sessions(&self, user: UserId) -> Asked<'_, Vec<Session>> {
        self.read(move |connection| sessions::of_user(connection, user))
    }

    fn renew_session(&self, renewal: Renewal) -> Asked<'_, Renewed> {
        self.writer.write(move |connection| sessions::renew(connection, &renewal))
    }

    fn end_session(&self, id: SessionId, of: Option<UserId>) -> Asked<'_, bool> {
        self.writer.write(move |connection| sessions::end(connection, id, of))
    }

    fn create_key(&self, key: NewKey) -> Asked<'_, ApiKey> {
        self.writer.write(move |connection| keys::create(connection, &key))
    }

    fn key(&self, digest: Digest) -> Asked<'_, Option<ApiKey>> {
        self.read(move |connection| keys::by_digest(connection, &digest))
    }

    fn keys(&self) -> Asked<'_, Vec<ApiKey>> {
        self.read(|connection| keys::list(connection))
    }

    fn revoke_key<'a>(&'a self, name: &'a str) -> Asked<'a, Option<Digest>> {
        let name = name.to_owned();
        self.writer.write(move |connection| keys::revoke(connection, &name))
    }

    fn outside_user<'a>(&'a self, issuer: &'a str, subject: &'a str) -> Asked<'a, Option<User>> {
        let (issuer, subject) = (issuer.to_owned(), subject.to_owned());
        self.read(move |connection| outside::user(connection, &issuer, &subject))
    }

    fn create_outside_user(&self, issuer: String, subject: String, user: NewUser) -> Asked<'_, User> {
        self.writer.write(move |connection| outside::create(connection, &issuer, &subject, user))
    }

    fn end_token(&self, token: Digest, expires_at: Timestamp, now: Timestamp) -> Asked<'_, ()> {
        self.writer.write(move |connection| outside::end_token(connection, &token, expires_at, now))
    }

    fn is_token_ended(&self, token: Digest) -> Asked<'_, bool> {
        self.read(move |connection| outside::is_token_ended(connection, &token))
    }

    fn signing_secret(&self, fresh: String) -> Asked<'_, String> {
        self.writer.write(move |connection| facts::signing_secret(connection, &fresh))
    }

    fn changes(&self) -> Asked<'_, i64> {
        self.read(|connection| facts::changes(connection))
    }

    fn note_change(&self) -> Asked<'_, ()> {
        self.writer.write(facts::note_change)
    }
}
