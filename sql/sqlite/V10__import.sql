-- How far an export has been read into this database; no row if that was never done.
--
-- lines        of the export that are stored, from the first on
-- digest       of these lines: whoever goes on must have the same
-- is_complete  whether there are no more; before that the database is of no use to a server
CREATE TABLE import_progress (
    only_row INTEGER PRIMARY KEY DEFAULT 1 CHECK (only_row = 1),
    lines INTEGER NOT NULL,
    digest BLOB NOT NULL,
    is_complete INTEGER NOT NULL CHECK (is_complete IN (0, 1))
) STRICT;
