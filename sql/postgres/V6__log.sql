-- What changes in a group beside messages that are sent: with them one log under one row of numbers.

-- reply_to, thread_id       the message that is answered, and the first of that chain
-- mentions                  numbers of users in ascending order; NULL for nobody
-- edited_at, edited_seq     of the entry that made the content; NULL for the message itself
-- deleted_at, deleted_seq   of the entry since which there is no content, no mention and no edit
ALTER TABLE messages
    ADD COLUMN reply_to bigint,
    ADD COLUMN thread_id bigint,
    ADD COLUMN mentions bigint[],
    ADD COLUMN edited_at timestamptz,
    ADD COLUMN edited_seq bigint,
    ADD COLUMN deleted_at timestamptz,
    ADD COLUMN deleted_seq bigint;
CREATE INDEX ix_messages_thread ON messages (thread_id, id) INCLUDE (created_at, deleted_at)
    WHERE thread_id IS NOT NULL;

-- The entries that are no messages. What a message says stands with the message alone.
--
-- kind           0 edited, 1 deleted, 2 reaction, 3 member, 4 group
-- message_id, message_seq  of the message that it is about
-- member_change  0 joined, 1 left, 2 kicked, 3 banned, 4 unbanned, 5 muted, 6 unmuted, 7 erased, 8 role
-- role           0 member, 1 admin, 2 owner
-- until          NULL without an end
CREATE TABLE log_entries (
    group_id bigint NOT NULL REFERENCES groups (id),
    seq bigint NOT NULL,
    user_id bigint NOT NULL REFERENCES users (id),
    kind smallint NOT NULL CHECK (kind BETWEEN 0 AND 4),
    message_id bigint,
    message_seq bigint,
    emoji text COLLATE "C",
    is_on boolean,
    member_id bigint REFERENCES users (id),
    member_change smallint CHECK (member_change BETWEEN 0 AND 8),
    role smallint CHECK (role BETWEEN 0 AND 2),
    until timestamptz,
    name text,
    topic text,
    invite_only boolean,
    client_id text,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (group_id, seq)
);
CREATE UNIQUE INDEX ix_log_entries_client_id ON log_entries (group_id, user_id, client_id)
    WHERE client_id IS NOT NULL;
CREATE INDEX ix_log_entries_created_at ON log_entries (created_at);

-- The newest word on each reaction. Those that went stay, for the number of the entry that took them away.
CREATE TABLE reactions (
    message_id bigint NOT NULL REFERENCES messages (id) ON DELETE CASCADE,
    emoji text COLLATE "C" NOT NULL,
    user_id bigint NOT NULL REFERENCES users (id),
    is_on boolean NOT NULL,
    seq bigint NOT NULL,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (message_id, emoji, user_id)
);
CREATE INDEX ix_reactions_on ON reactions (message_id, emoji, seq) WHERE is_on;
