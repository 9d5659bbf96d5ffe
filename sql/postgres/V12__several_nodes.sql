-- What several nodes on this database need to number messages together and to know what others have done. A server
-- that has the database for itself numbers in memory: it empties these tables when it starts.

-- The newest entry of each group that a node has written to. Whoever numbers entries holds the row until they are stored.
--
-- last_at       the latest time of an entry
-- closed_until  the group takes nothing until then: it is being deleted; NULL otherwise
CREATE TABLE group_heads (
    group_id bigint PRIMARY KEY,
    head bigint NOT NULL,
    last_at timestamptz NOT NULL,
    closed_until timestamptz
) WITH (fillfactor = 50);

-- Taken under the lock of a head, so that numbers ascend within each group.
CREATE SEQUENCE message_ids;

-- id       random, of a process
-- seen_at  when it last showed that it lives
CREATE TABLE nodes (
    id bigint PRIMARY KEY,
    seen_at timestamptz NOT NULL
);

-- What each node has stored, the batches of a minute. The last of a node stays longer, for a node that was cut off asks
-- whether its last one is stored.
--
-- previous  the node's batch before this one, so that one that reads them sees whether some are gone
-- groups    to which something was added, firsts their heads before, heads those after
CREATE TABLE batches (
    node bigint NOT NULL,
    serial bigint NOT NULL,
    previous bigint NOT NULL,
    at timestamptz NOT NULL,
    groups bigint[] NOT NULL,
    firsts bigint[] NOT NULL,
    heads bigint[] NOT NULL,
    PRIMARY KEY (node, serial)
);

-- What is true no more, written with the change itself.
--
-- xid    of the transaction: a reader knows up to which all have ended
-- kind   0 removed, 1 member, 2 group, 3 group deleted, 4 cut, 5 user, 6 user erased, 7 session, 8 tokens, 9 key,
--        10 token
-- number of a removal 0 left, 1 kicked, 2 banned, 3 deleted; of a cut where the log begins; of a session its number
CREATE TABLE notices (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    xid bigint NOT NULL DEFAULT pg_current_xact_id()::text::bigint,
    node bigint NOT NULL,
    at timestamptz NOT NULL DEFAULT clock_timestamp(),
    kind smallint NOT NULL CHECK (kind BETWEEN 0 AND 10),
    group_id bigint,
    user_id bigint,
    number bigint,
    digest bytea
);
CREATE INDEX ix_notices_xid ON notices (xid);

-- xid  the highest of a notice that was cleared away
-- at   when it was last looked what can be
CREATE TABLE cleared_notices (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    xid bigint NOT NULL DEFAULT 0,
    at timestamptz NOT NULL DEFAULT 'epoch'
);
INSERT INTO cleared_notices DEFAULT VALUES;

-- The functions below that store are called for each batch, most with a few messages. Each row of theirs is found by a key,
-- however large the tables have become since a session has made its plans; so the plans are made once, and of nothing but
-- look-ups, and `OFFSET 0` keeps a look-up from becoming a join. Left to itself the database makes them anew for each
-- small batch, which takes longer than to carry them out, or keeps one that reads from end to end a table that was small
-- when it was made.

-- Holds the heads of these groups until the transaction ends, in ascending order, so that nobody waits in a circle. Rows
-- that are missing are made first; of two who make one the second waits for the first. Each query here, and each that
-- the transaction asks afterwards, sees what was committed before the lock was had.
CREATE FUNCTION lock_heads(of_groups bigint[])
RETURNS TABLE (group_id bigint, head bigint, last_at timestamptz)
LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
    wanted bigint[] := ARRAY(SELECT DISTINCT asked.id FROM unnest(of_groups) AS asked (id) ORDER BY 1);
    found_count int := 0;
    one record;
BEGIN
    INSERT INTO group_heads (group_id, head, last_at)
        SELECT missing.id,
            greatest((SELECT max(m.seq) FROM messages m WHERE m.group_id = missing.id),
                     (SELECT max(e.seq) FROM log_entries e WHERE e.group_id = missing.id),
                     (SELECT g.first_seq - 1 FROM groups g WHERE g.id = missing.id), 0),
            greatest((SELECT m.created_at FROM messages m WHERE m.group_id = missing.id ORDER BY m.seq DESC LIMIT 1),
                     (SELECT e.created_at FROM log_entries e WHERE e.group_id = missing.id ORDER BY e.seq DESC LIMIT 1),
                     (SELECT s.last_message_at FROM server s))
        FROM unnest(wanted) WITH ORDINALITY AS missing (id, place)
        WHERE NOT EXISTS (SELECT 1 FROM group_heads h WHERE h.group_id = missing.id OFFSET 0)
        ORDER BY missing.place
        ON CONFLICT DO NOTHING;
    FOR one IN
        SELECT h.group_id, h.head, h.last_at, h.closed_until FROM group_heads h
        WHERE h.group_id = ANY (wanted) ORDER BY h.group_id FOR UPDATE
    LOOP
        IF one.closed_until > clock_timestamp() THEN
            RAISE foreign_key_violation USING MESSAGE = 'a group is being deleted';
        END IF;
        found_count := found_count + 1;
        lock_heads.group_id := one.group_id;
        lock_heads.head := one.head;
        lock_heads.last_at := one.last_at;
        RETURN NEXT;
    END LOOP;
    IF found_count < cardinality(wanted) THEN
        RAISE foreign_key_violation USING MESSAGE = 'a group is gone';
    END IF;
END $$;

-- Whether others have written notices that are not known: of transactions from the horizon on, but those seen. Who has
-- not looked for so long that some may have been cleared away does not know them either.
CREATE FUNCTION has_notices(of_node bigint, horizon bigint, seen bigint[]) RETURNS boolean
LANGUAGE plpgsql AS $$
BEGIN
    RETURN EXISTS (
        SELECT 1 FROM notices n WHERE n.xid >= horizon AND n.node <> of_node AND NOT n.id = ANY (seen)
        UNION ALL SELECT 1 FROM cleared_notices c WHERE c.xid >= horizon);
END $$;

-- Stores messages that nothing has to be found out about, all or none; gives their numbers, in the order in which they are
-- given here, or NULL if nothing was stored. A batch that is stored already is found again.
CREATE FUNCTION store_plain(of_node bigint, of_serial bigint, horizon bigint, seen bigint[], of_groups bigint[],
    of_users bigint[], contents text[], client_ids text[], OUT ids bigint[], OUT seqs bigint[], OUT times timestamptz[])
LANGUAGE plpgsql
SET plan_cache_mode = force_generic_plan SET jit = off
SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off AS $$
DECLARE
    known batches%ROWTYPE;
    moment timestamptz;
BEGIN
    PERFORM lock_heads(of_groups);
    SELECT * INTO known FROM batches b WHERE b.node = of_node AND b.serial = of_serial;
    IF FOUND THEN
        SELECT array_agg(m.id ORDER BY asked.n), array_agg(m.seq ORDER BY asked.n), array_agg(m.created_at ORDER BY asked.n)
            INTO ids, seqs, times
            FROM (SELECT a.of_group, a.n, row_number() OVER (PARTITION BY a.of_group ORDER BY a.n) AS nth
                  FROM unnest(of_groups) WITH ORDINALITY AS a (of_group, n)) asked
            JOIN messages m ON m.group_id = asked.of_group
                AND m.seq = known.firsts[array_position(known.groups, asked.of_group)] + asked.nth;
        IF coalesce(cardinality(ids), 0) < cardinality(of_groups) THEN
            RAISE foreign_key_violation USING MESSAGE = 'messages are gone again';
        END IF;
        RETURN;
    END IF;
    IF has_notices(of_node, horizon, seen) OR EXISTS (
        SELECT 1 FROM unnest(of_groups, of_users, client_ids) AS asked (of_group, of_user, name)
        WHERE asked.name IS NOT NULL AND (
            EXISTS (SELECT 1 FROM messages m WHERE m.group_id = asked.of_group AND m.user_id = asked.of_user
                    AND m.client_id = asked.name OFFSET 0)
            OR EXISTS (SELECT 1 FROM log_entries e WHERE e.group_id = asked.of_group AND e.user_id = asked.of_user
                       AND e.client_id = asked.name OFFSET 0)
            OR EXISTS (SELECT 1 FROM sent_ids s WHERE s.group_id = asked.of_group AND s.user_id = asked.of_user
                       AND s.client_id = asked.name OFFSET 0)))
    THEN
        RETURN;
    END IF;
    moment := clock_timestamp();
    WITH placed AS MATERIALIZED (
        SELECT nextval('message_ids') AS id, p.* FROM (
            SELECT new.n, new.of_group, new.of_user, new.content, new.name,
                h.head + row_number() OVER w AS seq,
                greatest(h.last_at + interval '1 microsecond', moment)
                    + (row_number() OVER w - 1) * interval '1 microsecond' AS at
            FROM unnest(of_groups, of_users, contents, client_ids) WITH ORDINALITY
                AS new (of_group, of_user, content, name, n)
            CROSS JOIN LATERAL (SELECT l.head, l.last_at FROM group_heads l WHERE l.group_id = new.of_group OFFSET 0) h
            WINDOW w AS (PARTITION BY new.of_group ORDER BY new.n)
            ORDER BY new.n) p
    ), tops AS MATERIALIZED (
        SELECT p.of_group, max(p.seq) AS head, min(p.seq) - 1 AS first, max(p.at) AS at
        FROM placed p GROUP BY p.of_group
    ), stored AS (
        INSERT INTO messages (id, seq, group_id, user_id, created_at, content, client_id)
        SELECT p.id, p.seq, p.of_group, p.of_user, p.at, p.content, p.name FROM placed p ORDER BY p.n
    ), moved AS (
        UPDATE group_heads h SET head = tops.head, last_at = tops.at FROM tops
            CROSS JOIN LATERAL (SELECT l.ctid FROM group_heads l WHERE l.group_id = tops.of_group OFFSET 0) place
        WHERE h.ctid = place.ctid
    ), noted AS (
        INSERT INTO batches (node, serial, previous, at, groups, firsts, heads)
        SELECT of_node, of_serial, coalesce((SELECT max(b.serial) FROM batches b WHERE b.node = of_node), 0), moment,
            array_agg(tops.of_group), array_agg(tops.first), array_agg(tops.head) FROM tops
    )
    SELECT array_agg(p.id ORDER BY p.n), array_agg(p.seq ORDER BY p.n), array_agg(p.at ORDER BY p.n)
        INTO ids, seqs, times FROM placed p;
END $$;

-- Holds the heads of these groups, which are all different and in ascending order, and says what it takes to number
-- entries. There are no numbers if there are notices that are not known.
CREATE FUNCTION begin_batch(of_node bigint, horizon bigint, seen bigint[], of_groups bigint[], messages bigint,
    OUT is_current boolean, OUT heads bigint[], OUT times timestamptz[], OUT ids bigint[], OUT moment timestamptz)
LANGUAGE plpgsql
SET plan_cache_mode = force_generic_plan SET jit = off
SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off AS $$
BEGIN
    SELECT coalesce(array_agg(l.head ORDER BY l.group_id), '{}'), coalesce(array_agg(l.last_at ORDER BY l.group_id), '{}')
        INTO heads, times FROM lock_heads(of_groups) l;
    is_current := NOT has_notices(of_node, horizon, seen);
    ids := ARRAY(SELECT nextval('message_ids') FROM generate_series(1, CASE WHEN is_current THEN messages ELSE 0 END));
    moment := clock_timestamp();
END $$;

-- Notes a batch whose entries were stored by this transaction: where each of its groups ends now, and the latest time there.
CREATE FUNCTION end_batch(of_node bigint, of_serial bigint, of_groups bigint[], new_heads bigint[], times timestamptz[])
RETURNS void LANGUAGE plpgsql
SET plan_cache_mode = force_generic_plan SET jit = off
SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off AS $$
BEGIN
    INSERT INTO batches (node, serial, previous, at, groups, firsts, heads)
        SELECT of_node, of_serial, coalesce((SELECT max(b.serial) FROM batches b WHERE b.node = of_node), 0),
            clock_timestamp(), coalesce(array_agg(h.group_id), '{}'), coalesce(array_agg(h.head), '{}'),
            coalesce(array_agg(new.head), '{}')
        FROM unnest(of_groups, new_heads) AS new (of_group, head)
        CROSS JOIN LATERAL (SELECT l.group_id, l.head FROM group_heads l WHERE l.group_id = new.of_group OFFSET 0) h;
    UPDATE group_heads h SET head = new.head, last_at = greatest(h.last_at, new.at)
        FROM unnest(of_groups, new_heads, times) AS new (of_group, head, at)
        CROSS JOIN LATERAL (SELECT l.ctid FROM group_heads l WHERE l.group_id = new.of_group OFFSET 0) place
        WHERE h.ctid = place.ctid;
END $$;

-- Whether a batch is stored, of which a part may still be under way: that holds the heads of its groups.
CREATE FUNCTION is_batch_stored(of_node bigint, of_serial bigint, of_groups bigint[]) RETURNS boolean
LANGUAGE plpgsql
SET plan_cache_mode = force_generic_plan SET jit = off
SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off AS $$
BEGIN
    IF NOT EXISTS (SELECT 1 FROM batches b WHERE b.node = of_node AND b.serial = of_serial) THEN
        PERFORM lock_heads(of_groups);
    END IF;
    RETURN EXISTS (SELECT 1 FROM batches b WHERE b.node = of_node AND b.serial = of_serial);
END $$;

-- Clears away what all nodes that live have long read. Does nothing if somebody else has just done it, or is doing it.
CREATE FUNCTION clear_news() RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    now_at timestamptz := clock_timestamp();
    highest bigint;
BEGIN
    PERFORM 1 FROM cleared_notices c WHERE c.at < now_at - interval '10 s' FOR UPDATE SKIP LOCKED;
    IF NOT FOUND THEN
        RETURN;
    END IF;
    -- Those that somebody may still read over and over, since an older transaction is open, stay.
    WITH gone AS (
        DELETE FROM notices n WHERE n.at < now_at - interval '10 min'
            AND n.xid < pg_snapshot_xmin(pg_current_snapshot())::text::bigint
        RETURNING n.xid)
        SELECT max(gone.xid) INTO highest FROM gone;
    UPDATE cleared_notices c SET at = now_at, xid = greatest(c.xid, highest);
    DELETE FROM batches b USING (SELECT l.node, max(l.serial) AS serial FROM batches l GROUP BY l.node) newest
        WHERE b.node = newest.node AND (b.serial < newest.serial OR b.at < now_at - interval '1 day')
          AND b.at < now_at - interval '1 min';
    DELETE FROM nodes n WHERE n.seen_at < now_at - interval '1 h';
END $$;
