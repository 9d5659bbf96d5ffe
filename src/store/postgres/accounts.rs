//! What is asked about passwords, sessions, keys and outside identities.

use super::{
    LONG_QUESTION_TIMEOUT, PostgresStore, admins, credentials, erasure, facts, keys, outside, sessions, users,
};
use crate::model::{ApiKey, Digest, NewUser, RefreshDigests, Session, SessionId, Timestamp, User, UserId};
use crate::store::{Accounts, Asked, Credentials, Erased, Login, NewKey, Renewal, Renewed};

impl Accounts for PostgresStore {
    fn credentials<'a>(&'a self, login: Login<'a>) -> Asked<'a, Option<Credentials>> {
        let key = match login {
            Login::Username(name) => credentials::Key::Username(name.to_owned()),
            Login::Email(email) => credentials::Key::Email(email.to_owned()),
            Login::Id(id) => credentials::Key::Id(id.0),
        };
        self.ask(move |client| Box::pin(credentials::find(client, key)))
    }

    fn set_password(&self, user: UserId, hash: String, kept: Option<SessionId>) -> Asked<'_, Vec<SessionId>> {
        self.change(move |client, node| Box::pin(credentials::set_password(client, node, user, hash, kept)))
    }

    fn replace_hash(&self, user: UserId, old: String, new: String) -> Asked<'_, ()> {
        self.ask(move |client| Box::pin(credentials::replace_hash(client, user, old, new)))
    }

    fn set_email<'a>(&'a self, user: UserId, email: &'a str) -> Asked<'a, ()> {
        let email = email.to_owned();
        self.change(move |client, node| Box::pin(credentials::set_email(client, node, user, email)))
    }

    fn set_admin(&self, user: UserId, is_admin: bool) -> Asked<'_, ()> {
        self.change(move |client, node| Box::pin(admins::set(client, node, user, is_admin)))
    }

    fn take_admin(&self, user: UserId) -> Asked<'_, bool> {
        self.change(move |client, node| Box::pin(admins::take(client, node, user)))
    }

    fn create_first_admin(&self, user: NewUser) -> Asked<'_, Option<User>> {
        self.ask(move |client| Box::pin(admins::create_first(client, user)))
    }

    fn has_admin(&self) -> Asked<'_, bool> {
        self.ask(|client| Box::pin(admins::exists(client)))
    }

    fn users(&self, after: UserId, limit: u64) -> Asked<'_, Vec<User>> {
        self.ask(move |client| Box::pin(users::list(client, after, limit)))
    }

    fn search_users<'a>(&'a self, prefix: &'a str, limit: u64) -> Asked<'a, Vec<User>> {
        let prefix = prefix.to_owned();
        self.ask(move |client| Box::pin(users::search(client, prefix, limit)))
    }

    fn erase_user(&self, user: UserId, with_messages: bool) -> Asked<'_, Option<Erased>> {
        self.change_within(LONG_QUESTION_TIMEOUT, move |client, node| {
            Box::pin(erasure::erase(client, node, user, with_messages))
        })
    }

    fn start_session(&self, session: Session, digests: RefreshDigests) -> Asked<'_, Vec<SessionId>> {
        self.change(move |client, node| Box::pin(sessions::start(client, node, session, digests)))
    }

    fn session(&self, id: SessionId) -> Asked<'_, Option<Session>> {
        self.ask_together(&self.sessions, id, |client, ids| Box::pin(sessions::by_ids(client, ids)))
    }

    fn live_sessions(&self, ids: Vec<SessionId>) -> Asked<'_, Vec<bool>> {
        self.ask(move |client| Box::pin(sessions::live(client, ids)))
    }

    fn sessions(&self, user: UserId) -> Asked<'_, Vec<Session>> {
        self.ask(move |client| Box::pin(sessions::of_user(client, user)))
    }

    fn renew_session(&self, renewal: Renewal) -> Asked<'_, Renewed> {
        self.change(move |client, node| Box::pin(sessions::renew(client, node, renewal)))
    }

    fn end_session(&self, id: SessionId, of: Option<UserId>) -> Asked<'_, bool> {
        self.change(move |client, node| Box::pin(sessions::end(client, node, id, of)))
    }

    fn create_key(&self, key: NewKey) -> Asked<'_, ApiKey> {
        self.ask(move |client| Box::pin(keys::create(client, key)))
    }

    fn key(&self, digest: Digest) -> Asked<'_, Option<ApiKey>> {
        self.ask_together(&self.keys, digest, |client, digests| Box::pin(keys::by_digests(client, digests)))
    }

    fn keys(&self) -> Asked<'_, Vec<ApiKey>> {
        self.ask(|client| Box::pin(keys::list(client)))
    }

    fn revoke_key<'a>(&'a self, name: &'a str) -> Asked<'a, Option<Digest>> {
        let name = name.to_owned();
        self.change(move |client, node| Box::pin(keys::revoke(client, node, name)))
    }

    fn outside_user<'a>(&'a self, issuer: &'a str, subject: &'a str) -> Asked<'a, Option<User>> {
        let (issuer, subject) = (issuer.to_owned(), subject.to_owned());
        self.ask(move |client| Box::pin(async move { outside::user(client, &issuer, &subject).await }))
    }

    fn create_outside_user(&self, issuer: String, subject: String, user: NewUser) -> Asked<'_, User> {
        self.ask(move |client| Box::pin(outside::create(client, issuer, subject, user)))
    }

    fn end_token(&self, token: Digest, expires_at: Timestamp, now: Timestamp) -> Asked<'_, ()> {
        self.change(move |client, node| Box::pin(outside::end_token(client, node, token, expires_at, now)))
    }

    fn is_token_ended(&self, token: Digest) -> Asked<'_, bool> {
        self.ask(move |client| Box::pin(outside::is_token_ended(client, token)))
    }

    fn signing_secret(&self, fresh: String) -> Asked<'_, String> {
        self.ask(move |client| Box::pin(facts::signing_secret(client, fresh)))
    }

    fn changes(&self) -> Asked<'_, i64> {
        self.ask(|client| Box::pin(facts::changes(client)))
    }

    fn note_change(&self) -> Asked<'_, ()> {
        self.ask(|client| Box::pin(facts::note_change(client)))
    }
}
