-- How far an export has been read into this database; no row if that was never done.
--
-- lines        of the export that are stored, from the first on
-- digest       of these lines: whoever goes on must have the same
-- is_complete  whether there are no more; before that the database is of no use to a server
CREATE TABLE import_progress (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    lines bigint NOT NULL,
    digest bytea NOT NULL,
    is_complete boolean NOT NULL
);
