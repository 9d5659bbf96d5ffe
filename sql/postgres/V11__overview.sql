-- What admins of the server look through.

-- Letters A to Z in lower case, whatever the database's language; the same on SQLite.
CREATE INDEX ix_users_email_lower ON users (lower(email COLLATE "C"), id) WHERE NOT erased;
CREATE INDEX ix_groups_name_lower ON groups (lower(name COLLATE "C"), id);
CREATE INDEX ix_sessions_created_at ON sessions (created_at, id);
