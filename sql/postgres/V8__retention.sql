-- How much of a group's log is kept, and what outlives it.

-- first_seq        of the log as it is now: what came before it was cut off
-- retain_age_s     how old an entry may become, in seconds; NULL where the group has no rule of its own about that
-- retain_messages  how many messages are kept, likewise
ALTER TABLE groups
    ADD COLUMN first_seq bigint NOT NULL DEFAULT 1 CHECK (first_seq >= 1),
    ADD COLUMN retain_age_s bigint CHECK (retain_age_s >= 1),
    ADD COLUMN retain_messages bigint CHECK (retain_messages >= 1);
CREATE INDEX ix_groups_retained ON groups (id) WHERE retain_age_s IS NOT NULL OR retain_messages IS NOT NULL;

-- The names that senders gave to entries which were cut off, for those who send once more.
CREATE TABLE sent_ids (
    group_id bigint NOT NULL REFERENCES groups (id),
    user_id bigint NOT NULL REFERENCES users (id),
    client_id text NOT NULL,
    message_id bigint NOT NULL,
    seq bigint NOT NULL,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (group_id, user_id, client_id)
);
CREATE INDEX ix_sent_ids_user ON sent_ids (user_id);
