-- What changes in a group beside messages that are sent: with them one log under one row of numbers. Times count
-- microseconds since 1970-01-01 in UTC.

-- reply_to, thread_id       the message that is answered, and the first of that chain
-- mentions                  numbers of users in ascending order as a JSON array; NULL for nobody
-- edited_at, edited_seq     of the entry that made the content; NULL for the message itself
-- deleted_at, deleted_seq   of the entry since which there is no content, no mention and no edit
ALTER TABLE messages ADD COLUMN reply_to INTEGER;
ALTER TABLE messages ADD COLUMN thread_id INTEGER;
ALTER TABLE messages ADD COLUMN mentions TEXT;
ALTER TABLE messages ADD COLUMN edited_at INTEGER;
ALTER TABLE messages ADD COLUMN edited_seq INTEGER;
ALTER TABLE messages ADD COLUMN deleted_at INTEGER;
ALTER TABLE messages ADD COLUMN deleted_seq INTEGER;
CREATE INDEX ix_messages_thread ON messages (thread_id, id, created_at, deleted_at) WHERE thread_id IS NOT NULL;

-- The entries that are no messages. What a message says stands with the message alone.
--
-- kind           0 edited, 1 deleted, 2 reaction, 3 member, 4 group
-- message_id, message_seq  of the message that it is about
-- member_change  0 joined, 1 left, 2 kicked, 3 banned, 4 unbanned, 5 muted, 6 unmuted, 7 erased, 8 role
-- role           0 member, 1 admin, 2 owner
-- until          NULL without an end
CREATE TABLE log_entries (
    group_id INTEGER NOT NULL REFERENCES groups (id),
    seq INTEGER NOT NULL,
    user_id INTEGER NOT NULL REFERENCES users (id),
    kind INTEGER NOT NULL CHECK (kind BETWEEN 0 AND 4),
    message_id INTEGER,
    message_seq INTEGER,
    emoji TEXT,
    is_on INTEGER CHECK (is_on IN (0, 1)),
    member_id INTEGER REFERENCES users (id),
    member_change INTEGER CHECK (member_change BETWEEN 0 AND 8),
    role INTEGER CHECK (role BETWEEN 0 AND 2),
    until INTEGER,
    name TEXT,
    topic TEXT,
    invite_only INTEGER CHECK (invite_only IN (0, 1)),
    client_id TEXT,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (group_id, seq)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX ix_log_entries_client_id ON log_entries (group_id, user_id, client_id)
    WHERE client_id IS NOT NULL;
CREATE INDEX ix_log_entries_created_at ON log_entries (created_at);

-- The newest word on each reaction. Those that went stay, for the number of the entry that took them away.
CREATE TABLE reactions (
    message_id INTEGER NOT NULL REFERENCES messages (id) ON DELETE CASCADE,
    emoji TEXT NOT NULL,
    user_id INTEGER NOT NULL REFERENCES users (id),
    is_on INTEGER NOT NULL CHECK (is_on IN (0, 1)),
    seq INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (message_id, emoji, user_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX ix_reactions_on ON reactions (message_id, emoji, seq) WHERE is_on;
