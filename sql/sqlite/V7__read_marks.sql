-- How far members have read, and what it takes to count quickly what they have not.

-- read_seq  the mark of who sends moves behind the messages: what they sent themselves after server.marked_id counts too
ALTER TABLE group_memberships ADD COLUMN read_seq INTEGER NOT NULL DEFAULT 0;
UPDATE group_memberships SET read_seq = max(
    coalesce((SELECT max(seq) FROM messages WHERE group_id = group_memberships.group_id), 0),
    coalesce((SELECT max(seq) FROM log_entries WHERE group_id = group_memberships.group_id), 0));

-- marked_id  up to this message senders' marks have moved
ALTER TABLE server ADD COLUMN marked_id INTEGER NOT NULL DEFAULT 0;
UPDATE server SET marked_id = coalesce((SELECT max(id) FROM messages), 0);

-- place  1, 2, 3, ... among the changes of the group, so that those between two of them need not be counted
ALTER TABLE log_entries ADD COLUMN place INTEGER NOT NULL DEFAULT 0;
UPDATE log_entries SET place = counted.place
    FROM (SELECT group_id, seq, row_number() OVER (PARTITION BY group_id ORDER BY seq) AS place FROM log_entries) counted
    WHERE log_entries.group_id = counted.group_id AND log_entries.seq = counted.seq;

-- What is in the condition stands in the index too: SQLite would look at each row for it.
CREATE INDEX ix_messages_deleted ON messages (group_id, seq, deleted_seq) WHERE deleted_seq IS NOT NULL;

-- Whom messages.mentions names, by the place of the message. What refers to a group or user that is gone harms nobody.
CREATE TABLE mentions (
    user_id INTEGER NOT NULL,
    group_id INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    PRIMARY KEY (user_id, group_id, seq)
) STRICT, WITHOUT ROWID;
INSERT OR IGNORE INTO mentions (user_id, group_id, seq)
    SELECT named.value, messages.group_id, messages.seq FROM messages, json_each(messages.mentions) named
    WHERE messages.mentions IS NOT NULL;
