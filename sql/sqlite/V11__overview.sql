-- What admins of the server look through.

-- Letters A to Z in lower case; the same on Postgres.
CREATE INDEX ix_users_email_lower ON users (lower(email), id) WHERE NOT erased;
CREATE INDEX ix_groups_name_lower ON groups (lower(name), id);
CREATE INDEX ix_sessions_created_at ON sessions (created_at, id);
