-- Users, groups and who belongs to which.
--
-- Each table is first made as the FastAPI program of old made it, unless it is there, and is then brought to
-- today's shape. So a new database and one taken over from that program go the same way.

CREATE TABLE IF NOT EXISTS users (
    id serial PRIMARY KEY,
    username varchar(50) NOT NULL,
    email varchar(100) NOT NULL,
    password varchar(255) NOT NULL
);
CREATE UNIQUE INDEX IF NOT EXISTS ix_users_email ON users (email);
CREATE UNIQUE INDEX IF NOT EXISTS ix_users_username ON users (username);
DROP INDEX IF EXISTS ix_users_id;
ALTER TABLE users ALTER COLUMN id TYPE bigint;
ALTER SEQUENCE users_id_seq AS bigint;

CREATE TABLE IF NOT EXISTS groups (
    id serial PRIMARY KEY,
    name varchar,
    is_private boolean,
    CONSTRAINT groups_name_key UNIQUE (name)
);
DROP INDEX IF EXISTS ix_groups_id;
UPDATE groups SET name = 'group_' || id WHERE name IS NULL;
UPDATE groups SET is_private = false WHERE is_private IS NULL;
ALTER TABLE groups
    ALTER COLUMN id TYPE bigint,
    ALTER COLUMN name SET NOT NULL,
    ALTER COLUMN is_private SET NOT NULL;
ALTER SEQUENCE groups_id_seq AS bigint;

CREATE TABLE IF NOT EXISTS group_memberships (
    id serial PRIMARY KEY,
    user_id integer REFERENCES users (id),
    group_id integer REFERENCES groups (id)
);
DELETE FROM group_memberships WHERE user_id IS NULL OR group_id IS NULL;
DELETE FROM group_memberships later USING group_memberships earlier
    WHERE later.group_id = earlier.group_id AND later.user_id = earlier.user_id AND later.id > earlier.id;
ALTER TABLE group_memberships
    DROP COLUMN id,
    ALTER COLUMN user_id TYPE bigint,
    ALTER COLUMN group_id TYPE bigint,
    ADD PRIMARY KEY (group_id, user_id);
CREATE INDEX ix_group_memberships_user ON group_memberships (user_id);

-- The group that two users share as their private chat, found whichever of them asks.
CREATE TABLE private_pairs (
    low_user_id bigint NOT NULL REFERENCES users (id),
    high_user_id bigint NOT NULL REFERENCES users (id),
    group_id bigint NOT NULL REFERENCES groups (id),
    PRIMARY KEY (low_user_id, high_user_id),
    CHECK (low_user_id <= high_user_id)
);
