-- Messages. The server gives them their numbers; created_at counts microseconds since 1970-01-01 in UTC.

CREATE TABLE messages (
    id INTEGER PRIMARY KEY,
    content TEXT NOT NULL,
    user_id INTEGER NOT NULL REFERENCES users (id),
    group_id INTEGER NOT NULL REFERENCES groups (id),
    created_at INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    client_id TEXT
) STRICT;

CREATE UNIQUE INDEX ix_messages_place ON messages (group_id, seq);
CREATE UNIQUE INDEX ix_messages_client_id ON messages (group_id, user_id, client_id)
    WHERE client_id IS NOT NULL;
CREATE INDEX ix_messages_user ON messages (user_id, id);
