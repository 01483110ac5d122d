-- Format version 4: keys that callers of a server show, and who made what.

-- `digest`: SHA-256 of the key, which is 256 random bits; the key itself is kept nowhere. `access`: read, readwrite or admin,
-- the right that holds wherever `rights` says nothing; NULL is none. `rights`: a JSON object, the same words by id of a model
-- or dataset. `limits`: a JSON object of bounds that the catalog does not look into. A revoked key keeps its row.
CREATE TABLE api_keys (
    id INTEGER PRIMARY KEY,
    public_id TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    digest BLOB NOT NULL UNIQUE,
    access TEXT,
    rights TEXT NOT NULL,
    limits TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    revoked_at BIGINT
);

-- The public id of the key that made it, by value: what a key may have at most is counted by this. NULL: nobody showed one.
ALTER TABLE models ADD COLUMN made_by TEXT;
ALTER TABLE states ADD COLUMN made_by TEXT;
CREATE INDEX models_by_maker ON models (made_by) WHERE made_by IS NOT NULL;
CREATE INDEX states_by_maker ON states (made_by) WHERE made_by IS NOT NULL;
