-- How much of a group's log is kept, and what outlives it. Times count microseconds since 1970-01-01 in UTC.

-- first_seq        of the log as it is now: what came before it was cut off
-- retain_age_s     how old an entry may become, in seconds; NULL where the group has no rule of its own about that
-- retain_messages  how many messages are kept, likewise
ALTER TABLE groups ADD COLUMN first_seq INTEGER NOT NULL DEFAULT 1 CHECK (first_seq >= 1);
ALTER TABLE groups ADD COLUMN retain_age_s INTEGER CHECK (retain_age_s >= 1);
ALTER TABLE groups ADD COLUMN retain_messages INTEGER CHECK (retain_messages >= 1);
CREATE INDEX ix_groups_retained ON groups (id) WHERE retain_age_s IS NOT NULL OR retain_messages IS NOT NULL;

-- The names that senders gave to entries which were cut off, for those who send once more.
CREATE TABLE sent_ids (
    group_id INTEGER NOT NULL REFERENCES groups (id),
    user_id INTEGER NOT NULL REFERENCES users (id),
    client_id TEXT NOT NULL,
    message_id INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (group_id, user_id, client_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX ix_sent_ids_user ON sent_ids (user_id);
