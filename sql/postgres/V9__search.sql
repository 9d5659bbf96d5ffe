-- Full-text search: an index that finds candidates, filled behind the inserts. What a word is the server says; here each
-- message has its different lexemes, `_g` and its group's number, `_u` and its sender's, and `_b0_` to `_b3_` with its
-- own number divided by 2^10, 2^13, 2^16 and 2^19, so that the newest are found without looking at all.
CREATE TABLE search_documents (
    message_id bigint PRIMARY KEY,
    words tsvector NOT NULL
);
-- What was written last is looked through by each question, so it is kept short.
CREATE INDEX ix_search_documents_words ON search_documents USING gin (words)
    WITH (fastupdate = on, gin_pending_list_limit = 256);

-- rules            under which the lexemes were made; others make the index begin anew
-- last_message_id  up to which messages are indexed, but for those in the queue
CREATE TABLE search_progress (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    rules text NOT NULL DEFAULT '',
    last_message_id bigint NOT NULL DEFAULT 0
);
INSERT INTO search_progress DEFAULT VALUES;

-- Messages whose lexemes were taken out, to be indexed anew. Whoever takes lexemes out locks this table against whoever
-- puts some in, until both have committed.
CREATE TABLE search_queue (
    message_id bigint PRIMARY KEY
);
