-- What the server knows about this database as a whole: one row. The file lock says who owns it.
--
-- epoch  names this history; it changes only when stored history was lost
CREATE TABLE server (
    only_row INTEGER PRIMARY KEY DEFAULT 1 CHECK (only_row = 1),
    epoch TEXT NOT NULL
) STRICT;
INSERT INTO server (epoch) VALUES (lower(hex(randomblob(16))));
