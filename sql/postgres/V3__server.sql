-- What the server knows about this database as a whole: one row.
--
-- epoch  names this history; it changes only when stored history was lost
-- owner  names the server process that numbers the messages, renewed at each start
CREATE TABLE server (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    epoch text NOT NULL,
    owner text
);
INSERT INTO server (epoch) VALUES (gen_random_uuid()::text);
