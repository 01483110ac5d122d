-- Format version 2: what collection and compaction need to remember.

-- The highest numbers of chunks and values that were removed while they were the highest: a number is never used again,
-- so that whoever still holds one finds nothing, not something else.
ALTER TABLE store ADD COLUMN last_removed_chunk BIGINT NOT NULL DEFAULT 0;
ALTER TABLE store ADD COLUMN last_removed_value BIGINT NOT NULL DEFAULT 0;

-- `moved_at`: the sequence of the last transaction that moved a chunk from this pack into another; null for never.
ALTER TABLE packs ADD COLUMN moved_at BIGINT;
-- Packs of which no chunk is left, and those of which some are gone: found without looking at the others.
CREATE INDEX packs_empty ON packs (id) WHERE dead_bytes >= stored_bytes AND stored_bytes > 0;
CREATE INDEX packs_with_waste ON packs (id) WHERE dead_bytes > 0;
CREATE INDEX chunks_by_pack ON chunks (pack_id);

-- Packs that no row names any more and whose files may still be there: the file goes, then the row. A file stays while
-- something runs that began before the sequence `condemned_at`, when its last chunk was moved away; 0 for never.
CREATE TABLE removed_packs (
    name BLOB NOT NULL PRIMARY KEY,
    size_bytes BIGINT NOT NULL,
    condemned_at BIGINT NOT NULL
);

-- A value whose chunk list is being removed in steps has a `digest` of eight bytes instead of 32: nothing finds it any more.
