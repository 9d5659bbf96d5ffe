-- Messages. The server gives them their numbers, so there is no sequence. Times of the FastAPI program are in
-- UTC; its messages get their place in the group by the order of their numbers.

CREATE TABLE IF NOT EXISTS messages (
    id integer PRIMARY KEY,
    content varchar NOT NULL,
    user_id integer NOT NULL REFERENCES users (id),
    created_at timestamp NOT NULL,
    group_id integer NOT NULL REFERENCES groups (id)
);
DROP INDEX IF EXISTS ix_messages_id;
ALTER TABLE messages
    ALTER COLUMN id DROP DEFAULT,
    ALTER COLUMN id TYPE bigint,
    ALTER COLUMN content TYPE text,
    ALTER COLUMN content SET NOT NULL,
    ALTER COLUMN user_id TYPE bigint,
    ALTER COLUMN user_id SET NOT NULL,
    ALTER COLUMN group_id TYPE bigint,
    ALTER COLUMN group_id SET NOT NULL,
    ALTER COLUMN created_at TYPE timestamptz USING created_at AT TIME ZONE 'UTC',
    ALTER COLUMN created_at SET NOT NULL,
    ADD COLUMN seq bigint,
    ADD COLUMN client_id text;
DROP SEQUENCE IF EXISTS messages_id_seq;
UPDATE messages SET seq = place.seq
    FROM (SELECT id, row_number() OVER (PARTITION BY group_id ORDER BY id) AS seq FROM messages) AS place
    WHERE place.id = messages.id;
ALTER TABLE messages ALTER COLUMN seq SET NOT NULL;

CREATE UNIQUE INDEX ix_messages_place ON messages (group_id, seq);
CREATE UNIQUE INDEX ix_messages_client_id ON messages (group_id, user_id, client_id)
    WHERE client_id IS NOT NULL;
CREATE INDEX ix_messages_user ON messages (user_id, id);
