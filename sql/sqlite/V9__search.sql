-- Full-text search: an index that finds candidates, filled behind the inserts. What a word is the server says; here each
-- message has its different lexemes, with spaces between them, `_g` and its group's number, `_u` and its sender's.
CREATE VIRTUAL TABLE search_words USING fts5 (
    words, content = '', columnsize = 0, detail = none, tokenize = "ascii tokenchars '#*_'");
-- Lexemes that are taken out are gone from the file at once, not at the next merge.
INSERT INTO search_words (search_words, rank) VALUES ('secure-delete', 1);

-- rules            under which the lexemes were made; others make the index begin anew
-- last_message_id  up to which messages are indexed, but for those in the queue
CREATE TABLE search_progress (
    only_row INTEGER PRIMARY KEY DEFAULT 1 CHECK (only_row = 1),
    rules TEXT NOT NULL DEFAULT '',
    last_message_id INTEGER NOT NULL DEFAULT 0
) STRICT;
INSERT INTO search_progress DEFAULT VALUES;

-- Messages whose lexemes were taken out, to be indexed anew.
CREATE TABLE search_queue (
    message_id INTEGER PRIMARY KEY
) STRICT;
