-- How far members have read, and what it takes to count quickly what they have not.

-- read_seq  the mark of who sends moves behind the messages: what they sent themselves after server.marked_id counts too
ALTER TABLE group_memberships ADD COLUMN read_seq bigint NOT NULL DEFAULT 0;
UPDATE group_memberships m SET read_seq = greatest(
    (SELECT max(seq) FROM messages WHERE group_id = m.group_id),
    (SELECT max(seq) FROM log_entries WHERE group_id = m.group_id), 0);

-- marked_id  up to this message senders' marks have moved
ALTER TABLE server ADD COLUMN marked_id bigint NOT NULL DEFAULT 0;
UPDATE server SET marked_id = coalesce((SELECT max(id) FROM messages), 0);

-- place  1, 2, 3, ... among the changes of the group, so that those between two of them need not be counted
ALTER TABLE log_entries ADD COLUMN place bigint;
UPDATE log_entries e SET place = counted.place
    FROM (SELECT group_id, seq, row_number() OVER (PARTITION BY group_id ORDER BY seq) AS place FROM log_entries) counted
    WHERE e.group_id = counted.group_id AND e.seq = counted.seq;
ALTER TABLE log_entries ALTER COLUMN place SET NOT NULL;

CREATE INDEX ix_messages_deleted ON messages (group_id, seq) WHERE deleted_seq IS NOT NULL;

-- Whom messages.mentions names, by the place of the message. What refers to a group or user that is gone harms nobody.
CREATE TABLE mentions (
    user_id bigint NOT NULL,
    group_id bigint NOT NULL,
    seq bigint NOT NULL,
    PRIMARY KEY (user_id, group_id, seq)
);
INSERT INTO mentions (user_id, group_id, seq)
    SELECT unnest(mentions), group_id, seq FROM messages WHERE mentions IS NOT NULL ON CONFLICT DO NOTHING;
