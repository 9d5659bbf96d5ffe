-- Who governs, who may come in, and what proves who somebody is. Times count microseconds since 1970-01-01 in UTC.

-- username_lower  the name in lower case, made by the server, so that both databases find the same by a prefix; of
--                 older rows ASCII letters only
-- erased          whether the row only stands for the one who wrote what is left of them
ALTER TABLE users ADD COLUMN is_admin INTEGER NOT NULL DEFAULT 0 CHECK (is_admin IN (0, 1));
ALTER TABLE users ADD COLUMN erased INTEGER NOT NULL DEFAULT 0 CHECK (erased IN (0, 1));
ALTER TABLE users ADD COLUMN username_lower TEXT NOT NULL DEFAULT '';
UPDATE users SET username_lower = lower(username);
CREATE INDEX ix_users_username_lower ON users (username_lower, id) WHERE NOT erased;
CREATE INDEX ix_users_admin ON users (id) WHERE is_admin;

ALTER TABLE groups ADD COLUMN topic TEXT NOT NULL DEFAULT '';
ALTER TABLE groups ADD COLUMN invite_only INTEGER NOT NULL DEFAULT 0 CHECK (invite_only IN (0, 1));

-- role       0 member, 1 admin, 2 owner
-- joined_at  1970 of those who were there before this was kept
ALTER TABLE group_memberships ADD COLUMN role INTEGER NOT NULL DEFAULT 0 CHECK (role BETWEEN 0 AND 2);
ALTER TABLE group_memberships ADD COLUMN joined_at INTEGER NOT NULL DEFAULT 0;
CREATE UNIQUE INDEX ix_group_memberships_owner ON group_memberships (group_id) WHERE role = 2;

CREATE INDEX ix_private_pairs_group ON private_pairs (group_id);

-- until  NULL without an end
CREATE TABLE group_bans (
    group_id INTEGER NOT NULL REFERENCES groups (id),
    user_id INTEGER NOT NULL REFERENCES users (id),
    by_user_id INTEGER REFERENCES users (id),
    reason TEXT,
    until INTEGER,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (group_id, user_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX ix_group_bans_user ON group_bans (user_id);

CREATE TABLE group_mutes (
    group_id INTEGER NOT NULL REFERENCES groups (id),
    user_id INTEGER NOT NULL REFERENCES users (id),
    by_user_id INTEGER REFERENCES users (id),
    until INTEGER,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (group_id, user_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX ix_group_mutes_user ON group_mutes (user_id);

-- family_digest   of what all refresh tokens of the session share
-- current_digest  of the one that is not spent
CREATE TABLE sessions (
    id INTEGER PRIMARY KEY,
    user_id INTEGER NOT NULL REFERENCES users (id),
    created_at INTEGER NOT NULL,
    renewed_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    client TEXT NOT NULL,
    family_digest BLOB NOT NULL,
    current_digest BLOB NOT NULL
) STRICT;
CREATE INDEX ix_sessions_user ON sessions (user_id, renewed_at);
CREATE INDEX ix_sessions_expiry ON sessions (expires_at);

-- scope    0 read, 1 write, 2 admin
-- actor    0 the user, 1 whoever it names, 2 nobody
CREATE TABLE api_keys (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL UNIQUE,
    digest BLOB NOT NULL UNIQUE,
    scope INTEGER NOT NULL CHECK (scope BETWEEN 0 AND 2),
    actor INTEGER NOT NULL CHECK (actor BETWEEN 0 AND 2),
    user_id INTEGER REFERENCES users (id),
    created_at INTEGER NOT NULL,
    CHECK ((actor = 0) = (user_id IS NOT NULL))
) STRICT;
CREATE INDEX ix_api_keys_user ON api_keys (user_id);

-- Users whom an issuer of tokens vouches for.
CREATE TABLE outside_identities (
    issuer TEXT NOT NULL,
    subject TEXT NOT NULL,
    user_id INTEGER NOT NULL REFERENCES users (id),
    PRIMARY KEY (issuer, subject)
) STRICT, WITHOUT ROWID;
CREATE INDEX ix_outside_identities_user ON outside_identities (user_id);

-- Tokens of such issuers that count no more, until they run out by themselves.
CREATE TABLE ended_tokens (
    digest BLOB PRIMARY KEY,
    expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX ix_ended_tokens_expiry ON ended_tokens (expires_at);

-- signing_secret   under which access tokens are signed; NULL before it was needed
-- changes          counts what was changed beside the server
-- last_group_id    of the newest group that was deleted: its number is never used again
-- last_message_id, last_message_at  of the newest message that went with its group, likewise
ALTER TABLE server ADD COLUMN signing_secret TEXT;
ALTER TABLE server ADD COLUMN changes INTEGER NOT NULL DEFAULT 0;
ALTER TABLE server ADD COLUMN last_group_id INTEGER NOT NULL DEFAULT 0;
ALTER TABLE server ADD COLUMN last_message_id INTEGER NOT NULL DEFAULT 0;
ALTER TABLE server ADD COLUMN last_message_at INTEGER NOT NULL DEFAULT 0;
