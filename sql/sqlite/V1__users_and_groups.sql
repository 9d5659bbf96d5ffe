-- Users, groups and who belongs to which.

CREATE TABLE users (
    id INTEGER PRIMARY KEY,
    username TEXT NOT NULL UNIQUE,
    email TEXT NOT NULL UNIQUE,
    password TEXT NOT NULL
) STRICT;

CREATE TABLE groups (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    is_private INTEGER NOT NULL
) STRICT;

CREATE TABLE group_memberships (
    user_id INTEGER NOT NULL REFERENCES users (id),
    group_id INTEGER NOT NULL REFERENCES groups (id),
    PRIMARY KEY (group_id, user_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX ix_group_memberships_user ON group_memberships (user_id);

-- The group that two users share as their private chat, found whichever of them asks.
CREATE TABLE private_pairs (
    low_user_id INTEGER NOT NULL REFERENCES users (id),
    high_user_id INTEGER NOT NULL REFERENCES users (id),
    group_id INTEGER NOT NULL REFERENCES groups (id),
    PRIMARY KEY (low_user_id, high_user_id),
    CHECK (low_user_id <= high_user_id)
) STRICT, WITHOUT ROWID;
